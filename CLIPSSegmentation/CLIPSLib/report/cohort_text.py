"""What the pages of many cases say (cohort, evaluation), in English and in French. Used by those pages and charts.

What a case is called by others stays as it is: ids, names, errors.
"""

from __future__ import annotations

from collections.abc import Sequence

from CLIPSLib.evaluation.types import CaseEvaluation, EvaluationOptions, FailureRule
from CLIPSLib.report.text import Language, language

_ENGLISH = {
    # measures and facts
    "tmtv_ml": "TMTV, mL",
    "tlg_g": "TLG, g",
    "lesion_count": "Lesions",
    "suv_max": "SUVmax, g/mL",
    "suv_mean": "SUVmean, g/mL",
    "suv_peak": "SUVpeak, g/mL",
    "d_max_mm": "Dmax, mm",
    "sd_max_per_m": "SDmax, 1/m",
    "weight_kg": "Weight, kg",
    "height_m": "Height, m",
    "injected_dose_mbq": "Injected dose, MBq",
    "uptake_min": "Uptake time, min",
    "sex": "Sex",
    "scanner": "Scanner",
    "tracer": "Tracer",
    "ct": "CT",
    "reference": "Reference mask",
    "stratum": "Stratum",
    "measures": "Measures",
    "dice": "Dice",
    "iou": "IoU",
    "nsd": "NSD",
    "hd95_mm": "HD95, mm",
    "mean_surface_distance_mm": "Mean surface distance, mm",
    "mean_distance_reference_to_prediction_mm": "Distance, reference to prediction, mm",
    "mean_distance_prediction_to_reference_mm": "Distance, prediction to reference, mm",
    "lesion_recall": "Lesion recall",
    "lesion_precision": "Lesion precision",
    "lesion_f1": "Lesion F1",
    "fpv_ml": "FPV, mL",
    "fnv_ml": "FNV, mL",
    "reference_ml": "TMTV of the reference, mL",
    "prediction_ml": "TMTV predicted, mL",
    "tmtv_difference_ml": "TMTV difference, mL",
    "d_max_difference_mm": "Dmax difference, mm",
    # tables
    "spread": "How it spreads",
    "spread_measures": "How the measures spread",
    "spread_head": "Cases|Missing|Median|Q1|Q3|Lowest|Highest|Mean|SD",
    "interval": "{low} to {high}",
    # cohort
    "cohort": "Cohort {name}",
    "measured_references": "Measured: current reference masks",
    "measured_model": "Measured: latest masks predicted by {model}",
    "cases": "Cases",
    "of_patients": "of {count} patients",
    "with_reference": "With reference",
    "of_cases": "of {count} cases",
    "to_review": "To review",
    "reviews": "{count} reviews so far",
    "masks": "Masks",
    "ratings": "Ratings",
    "by_raters": "by {count} raters",
    "glance": "The cohort at a glance",
    "tmtv_suv": "TMTV and SUVmax",
    "review_status": "Review status",
    "scanners": "Scanners",
    "tracers": "Tracers",
    "strata": "Strata",
    "missing": "Missing values",
    "nothing_missing": "Nothing is missing.",
    "cases_without": "Cases without",
    "of_total": "of {count}",
    "case_head": "Case|Patient|Status|Mask",
    "no_mask": "no mask",
    "none": "none",
    "status_to review": "to review",
    "status_accepted": "accepted",
    "status_corrected": "corrected",
    "status_flagged": "flagged",
    "status_skipped": "skipped",
    "status_unusable": "unusable",
    "origins_imported": "{count} imported",
    "origins_predicted": "{count} predicted",
    "origins_corrected": "{count} corrected",
    "origin_imported": "imported",
    "origin_predicted": "predicted",
    "origin_corrected": "corrected",
    # evaluation
    "evaluation": "Evaluation",
    "rule": "{matching}; NSD within {tolerance} mm",
    "volumes_overlap": "Volumes and overlap",
    "not_evaluated_count": "{count} not evaluated",
    "median_of": "median of {count} cases",
    "bias_card": "TMTV bias",
    "bias_more": "mL, prediction minus reference",
    "failed": "Failed",
    "predicted_reference": "TMTV, predicted and reference",
    "axis_reference": "reference, mL",
    "axis_predicted": "predicted, mL",
    "bland_altman": "Bland-Altman",
    "axis_mean": "mean, mL",
    "axis_difference": "difference, mL",
    "bland_altman_ratio": "Bland-Altman of ratios",
    "axis_geometric": "geometric mean, mL",
    "axis_ratio": "ratio",
    "dice_volume": "Dice and volume",
    "lower_limit": "lower limit",
    "bias": "bias",
    "upper_limit": "upper limit",
    "agreement": "Agreement of TMTV",
    "value": "Value",
    "absolute_error": "Absolute error, mL",
    "relative_error": "Relative error",
    "sd": "SD {value}",
    "pearson": "Pearson's r (correlation, not agreement)",
    "ccc": "Lin's concordance",
    "difference_ml": "Difference, mL",
    "ratio": "Ratio",
    "row_bias": "{name}: bias",
    "row_lower": "{name}: lower limit of agreement",
    "row_upper": "{name}: upper limit of agreement",
    "interval_95": "95 % interval {interval}",
    "left_out": "; {count} cases with a volume of 0 left out",
    "same_side": "Same side of {cutoff} mL",
    "kappa": "kappa {value}",
    "failures": "Failures",
    "failures_none": "None ({rule}).",
    "failures_rule": "Failures ({rule})",
    "failure_head": "Case|Why",
    "not_evaluated": "not evaluated: {why}",
    "lowest_first": "Cases, lowest Dice first",
    "case": "Case",
    # charts
    "axis_cases": "cases",
    "no_values": "no values",
    "named": "{name}: {value}",
    "bin": "{low} to {high}: {count}",
    "others": "{count} others",
    "not_stated": "not stated",
}

_FRENCH = {
    "tmtv_ml": "TMTV, mL",
    "tlg_g": "TLG, g",
    "lesion_count": "Lésions",
    "suv_max": "SUVmax, g/mL",
    "suv_mean": "SUVmean, g/mL",
    "suv_peak": "SUVpeak, g/mL",
    "d_max_mm": "Dmax, mm",
    "sd_max_per_m": "SDmax, 1/m",
    "weight_kg": "Poids, kg",
    "height_m": "Taille, m",
    "injected_dose_mbq": "Activité injectée, MBq",
    "uptake_min": "Délai après injection, min",
    "sex": "Sexe",
    "scanner": "Appareil",
    "tracer": "Traceur",
    "ct": "TDM",
    "reference": "Masque de référence",
    "stratum": "Groupe",
    "measures": "Mesures",
    "dice": "Dice",
    "iou": "IoU",
    "nsd": "NSD",
    "hd95_mm": "HD95, mm",
    "mean_surface_distance_mm": "Distance moyenne des surfaces, mm",
    "mean_distance_reference_to_prediction_mm": "Distance, de la référence à la prédiction, mm",
    "mean_distance_prediction_to_reference_mm": "Distance, de la prédiction à la référence, mm",
    "lesion_recall": "Rappel par lésion",
    "lesion_precision": "Précision par lésion",
    "lesion_f1": "F1 par lésion",
    "fpv_ml": "FPV, mL",
    "fnv_ml": "FNV, mL",
    "reference_ml": "TMTV de la référence, mL",
    "prediction_ml": "TMTV prédit, mL",
    "tmtv_difference_ml": "Différence de TMTV, mL",
    "d_max_difference_mm": "Différence de Dmax, mm",
    "spread": "Répartition",
    "spread_measures": "Répartition des mesures",
    "spread_head": "Cas|Absents|Médiane|Q1|Q3|Minimum|Maximum|Moyenne|Écart type",
    "interval": "{low} à {high}",
    "cohort": "Cohorte {name}",
    "measured_references": "Mesurés : les masques de référence actuels",
    "measured_model": "Mesurés : les derniers masques prédits par {model}",
    "cases": "Cas",
    "of_patients": "de {count} patients",
    "with_reference": "Avec référence",
    "of_cases": "sur {count} cas",
    "to_review": "À relire",
    "reviews": "{count} relectures à ce jour",
    "masks": "Masques",
    "ratings": "Cotations",
    "by_raters": "par {count} lecteurs",
    "glance": "La cohorte d’un coup d’œil",
    "tmtv_suv": "TMTV et SUVmax",
    "review_status": "État de relecture",
    "scanners": "Appareils",
    "tracers": "Traceurs",
    "strata": "Groupes",
    "missing": "Valeurs manquantes",
    "nothing_missing": "Rien ne manque.",
    "cases_without": "Cas sans cette valeur",
    "of_total": "sur {count}",
    "case_head": "Cas|Patient|État|Masque",
    "no_mask": "aucun masque",
    "none": "aucun",
    "status_to review": "à relire",
    "status_accepted": "accepté",
    "status_corrected": "corrigé",
    "status_flagged": "signalé",
    "status_skipped": "passé",
    "status_unusable": "inutilisable",
    "origins_imported": "importés : {count}",
    "origins_predicted": "prédits : {count}",
    "origins_corrected": "corrigés : {count}",
    "origin_imported": "importé",
    "origin_predicted": "prédit",
    "origin_corrected": "corrigé",
    "evaluation": "Évaluation",
    "rule": "{matching} ; NSD à {tolerance} mm près",
    "volumes_overlap": "Volumes et recouvrement",
    "not_evaluated_count": "{count} non évalués",
    "median_of": "médiane de {count} cas",
    "bias_card": "Biais du TMTV",
    "bias_more": "mL, prédiction moins référence",
    "failed": "Échecs",
    "predicted_reference": "TMTV, prédit et référence",
    "axis_reference": "référence, mL",
    "axis_predicted": "prédit, mL",
    "bland_altman": "Bland-Altman",
    "axis_mean": "moyenne, mL",
    "axis_difference": "différence, mL",
    "bland_altman_ratio": "Bland-Altman des rapports",
    "axis_geometric": "moyenne géométrique, mL",
    "axis_ratio": "rapport",
    "dice_volume": "Dice et volume",
    "lower_limit": "limite inférieure",
    "bias": "biais",
    "upper_limit": "limite supérieure",
    "agreement": "Concordance des TMTV",
    "value": "Valeur",
    "absolute_error": "Erreur absolue, mL",
    "relative_error": "Erreur relative",
    "sd": "écart type {value}",
    "pearson": "r de Pearson (corrélation, non concordance)",
    "ccc": "Concordance de Lin",
    "difference_ml": "Différence, mL",
    "ratio": "Rapport",
    "row_bias": "{name} : biais",
    "row_lower": "{name} : limite inférieure de concordance",
    "row_upper": "{name} : limite supérieure de concordance",
    "interval_95": "intervalle à 95 % {interval}",
    "left_out": " ; {count} cas de volume nul écartés",
    "same_side": "Même côté de {cutoff} mL",
    "kappa": "kappa {value}",
    "failures": "Échecs",
    "failures_none": "Aucun ({rule}).",
    "failures_rule": "Échecs ({rule})",
    "failure_head": "Cas|Pourquoi",
    "not_evaluated": "non évalué : {why}",
    "lowest_first": "Cas, Dice croissant",
    "case": "Cas",
    "axis_cases": "cas",
    "no_values": "aucune valeur",
    "named": "{name} : {value}",
    "bin": "{low} à {high} : {count}",
    "others": "{count} autres",
    "not_stated": "non précisé",
    # sentences that the room `evaluation` makes in English
    "failure_rule": "Dice < {dice}, ou rappel par lésion < {recall}, ou rien de prédit ; "
    "référence vide : plus de {volume} mL prédits",
    "in_vain": "{volume} mL prédits alors que la référence est vide",
    "nothing_predicted": "rien de prédit sur {volume} mL",
    "found": "{found} lésions trouvées sur {count}",
    "components": "les lésions sont les composantes connexes ({count} voisins)",
    "labels": "les lésions sont les étiquettes des masques",
    "any-overlap": "trouvées dès un voxel commun",
    "matching_iou": "trouvées par une lésion d’IoU >= {limit}",
    "union-dice": "trouvées si le Dice avec toutes les lésions qui la touchent dépasse {limit}",
    "union-nsd": "trouvées si le NSD ({tolerance} mm) avec toutes les lésions qui la touchent dépasse {limit}",
}

_TEXTS = {"en": _ENGLISH, "fr": _FRENCH}


def cohort_language(code: str) -> Language:
    """The sentences of the pages of many cases. Raises `UsageError` for another language than "en" and "fr"."""
    known = language(code)
    return Language(code, {**known.texts, **_TEXTS[code]})


def number(value: float | None, say: Language) -> str:
    """Four digits; a dash for no value."""
    if value is None:
        return say.number(None)
    if abs(value) >= 1000:
        return say.number(value, 0)
    return say.plain(float(f"{value:.4g}")) if value else "0"


def matching_text(case: CaseEvaluation, say: Language) -> str:
    """What is a lesion and when it is found."""
    if say.code == "en":
        return case.matching
    options: EvaluationOptions = case.options
    what = say[options.lesions].format(count=options.connectivity)
    key = "matching_iou" if options.matching == "iou" else options.matching
    limits = {"limit": say.plain(options.matching_threshold), "tolerance": say.plain(options.tolerance_mm)}
    return f"{what}, {say[key].format(**limits)}"


def rule_text(rule: str, limits: FailureRule, say: Language) -> str:
    """When a case counts as failed. rule: the same in English."""
    if say.code == "en":
        return rule
    numbers = {"dice": limits.dice_below, "recall": limits.lesion_recall_below, "volume": limits.false_positive_ml}
    return say["failure_rule"].format(**{name: say.plain(value) for name, value in numbers.items()})


def failure_text(case: CaseEvaluation, reasons: Sequence[str], say: Language) -> str:
    """Why a case failed; in French by its facts, whichever of them decided. reasons: in English."""
    if say.code == "en":
        return ", ".join(reasons)
    if case.reference_lesions == 0:
        return say["in_vain"].format(volume=say.number(case.prediction_ml))
    if case.prediction_lesions == 0:
        return say["nothing_predicted"].format(volume=say.number(case.reference_ml))
    found = round(case.lesion_recall * case.reference_lesions)
    return f"Dice {say.number(case.dice, 2)}, {say['found'].format(found=found, count=case.reference_lesions)}"
