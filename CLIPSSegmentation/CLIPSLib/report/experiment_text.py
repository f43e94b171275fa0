"""What the page of an experiment says, in English and in French. Used by the files `experiment*` of this room."""

from __future__ import annotations

from dataclasses import replace

from CLIPSLib.experiments import Deviation
from CLIPSLib.report.text import Language, language

_ENGLISH = {
    "title": "Did the curriculum help?",
    "helps": "{arm} helps",
    "pool_helps": "With {arm} the growing pool helps; its order was not shown to",
    "order_unknown": "{arm} helps; its order was not shown to",
    "harms": "{arm} harms",
    "no_effect": "{arm} makes no relevant difference",
    "inconclusive": "{arm}: no conclusion",
    "exploratory": "{arm}: a first look, no conclusion",
    "interim": "{arm}: not finished, no conclusion",
    "why_too_few_runs": "Too few runs to tell an effect from luck: a test needs at least 3 seeds and all folds.",
    "why_not_finished": "Runs are still to come. Nothing is tested before the end: who looks often finds something.",
    "why_within_margin": "The whole interval lies within ±{margin}, which was declared too small to matter.",
    "why_worse": "The same number of steps without a curriculum gives better segmentations.",
    "why_beats_both": "It beats both no curriculum and a random order with the same pacing.",
    "why_no_random_control": "No arm had the same pacing in random order: what helped may be that the pool grew.",
    "why_random_not_beaten": "It was not shown to beat a random order with the same pacing: what helped may be that "
    "the pool grew.",
    "why_too_wide": "The interval holds both no difference and differences that would matter (±{margin}): more "
    "patients or runs are needed.",
    "why_lost_in_correction": "The interval leaves out zero, but not after correction for several comparisons (Holm).",
    "interval": "{endpoint} {mean} against {against} (95\u00a0% interval {low} to {high}{p})",
    "against_vanilla": "no curriculum",
    "against_random": "random order with the same pacing",
    "points": "% points",
    "failure_rate_line": "Failures (Dice < 0.3): {with_it} instead of {without}",
    "dice_hard_line": "hard patients: Dice {with_it} instead of {without}",
    "warning": "Before believing it",
    "warning_more": "and {count} more, see below",
    "p": ", p = {p}",
    "p_small": ", p < 0.001",
    "size": "{cases} patients, {runs} runs per arm ({folds} folds × {seeds} seeds), {steps} steps each",
    "effects": "Difference in {endpoint}: to the right the curriculum is better",
    "vanilla": "no curriculum",
    "random": "random order, same pacing",
    "anti": "hardest first",
    "longer": "no curriculum, trained longer",
    "against": "{arm} against {role}",
    "margin_zone": "too small to matter",
    "better": "curriculum better",
    "worse": "curriculum worse",
    "patients_title": "Patient by patient",
    "patients_more": "Each point is a patient, mean over seeds. Above the line the curriculum did better. Orange: hard "
    "patients, chosen before the first run.",
    "curves_title": "Learning curves",
    "curves_more": "Thick: mean of the arm; thin: each run. Dashed: the target, 90\u00a0% of where no curriculum ends.",
    "steps": "step",
    "difficulty_title": "Gain and difficulty",
    "difficulty_more": "Difference to no curriculum for each patient, the hardest on the right; bars: means of the "
    "thirds with 95\u00a0% intervals.",
    "difficulty": "difficulty percentile",
    "gain": "difference in {endpoint}",
    "subgroups_title": "Subgroups (descriptive)",
    "subgroups_more": "Difference to no curriculum with 95\u00a0% intervals, not corrected for looking often.",
    "easy": "easy third",
    "middle": "middle third",
    "hard": "hard third",
    "lesions_1": "1 lesion",
    "lesions_few": "2 to 5 lesions",
    "lesions_many": "more than 5 lesions",
    "stratum": "stratum {name}",
    "hard_title": "Hard patients",
    "hard_more": "Left: projection from the front; right: the slice through the reference on which networks differ "
    "most from it. Green: reference; blue: no curriculum; orange: the curriculum. Networks of one run each (fold of "
    "the patient, seed {seed}).",
    "reference": "reference",
    "draws_title": "What was really drawn",
    "draws_more": "Left: patients that could be drawn, mean over runs. Right: draws of each third by difficulty, "
    "relative to drawing all alike.",
    "pool": "patients in the pool",
    "relative_draws": "draws, relative",
    "arms_title": "Arms",
    "arm": "Arm",
    "mean": "Mean",
    "median": "Median (quartiles)",
    "sd_cases": "SD over patients",
    "sd_seeds": "SD over seeds",
    "area": "Area under the curve",
    "target": "Steps to target",
    "tmtv_bias": "TMTV bias (limits of agreement), mL",
    "cost": "Steps (of which scoring)",
    "time": "Time",
    "contrasts_title": "All contrasts",
    "contrasts_more": "The primary endpoint decides; the others are descriptive, their intervals not corrected. "
    "Volumes are compared as logarithms of 1 + mL: a factor below 1 is less. Where nothing was found the Hausdorff "
    "distance is the diagonal of the image. "
    "Bootstrap: runs and patients resampled. Rank: Hodges-Lehmann over patients, without the luck of the runs. The "
    "overlap of training sets (Nadeau and Bengio) would widen the interval by the factor given.",
    "endpoint": "Endpoint",
    "versus": "Against",
    "difference": "Difference",
    "interval_head": "95\u00a0% interval",
    "p_head": "p (Holm)",
    "bootstrap": "Bootstrap",
    "rank": "Rank",
    "overlap": "Overlap factor",
    "deviations_title": "What to know before believing it",
    "none": "Nothing deviates from the design.",
    "incomplete": "Seeds left out of all arms, since some run of them is not finished: {seeds}.",
    "changed_title": "Patients that changed by more than {least}",
    "undefined": "Not comparable: {endpoint} (not measured, or in too few patients).",
    "count": "Patients",
    "nobody": "nobody",
    "nothing_found": "Nothing found",
    "patient": "Patient",
    "environment_title": "Environment",
    "frozen": "Frozen",
    "question": "Question",
    "cases": "Patients",
    "source": "Source",
    "primary": "Primary endpoint",
    "design_hash": "SHA-256 of the frozen design",
    "file_hash": "SHA-256 of {name}",
    "software": "Software",
    "downloads": "Tables",
    "dice": "Dice",
    "dice_hard": "Dice of the hard patients",
    "failure_rate": "share of failures (Dice < 0.3)",
    "lesion_f1": "lesion F1",
    "fpv": "false positive volume (as a factor)",
    "fnv": "false negative volume (as a factor)",
    "tmtv_error": "error of TMTV",
    "nsd": "normalized surface Dice",
    "hd95": "Hausdorff distance 95\u00a0%",
    "curve_area": "area under the learning curve",
}

_FRENCH = {
    "title": "Le curriculum a-t-il aidé ?",
    "helps": "{arm} aide",
    "pool_helps": "Avec {arm}, l’élargissement progressif aide ; l’effet de l’ordre n’est pas démontré",
    "order_unknown": "{arm} aide ; l’effet de l’ordre n’est pas démontré",
    "harms": "{arm} nuit",
    "no_effect": "{arm} ne change rien d’important",
    "inconclusive": "{arm} : pas de conclusion",
    "exploratory": "{arm} : premier aperçu, pas de conclusion",
    "interim": "{arm} : inachevé, pas de conclusion",
    "why_too_few_runs": "Trop peu d’entraînements pour distinguer un effet du hasard : il faut au moins 3 graines et "
    "tous les plis pour un test.",
    "why_not_finished": "Des entraînements sont encore à venir. Rien n’est testé avant la fin : à regarder souvent, on "
    "finit par trouver.",
    "why_within_margin": "Tout l’intervalle est compris dans ±{margin}, déclaré trop petit pour compter.",
    "why_worse": "Le même nombre de pas sans curriculum donne de meilleures segmentations.",
    "why_beats_both": "Meilleur que sans curriculum et qu’un ordre aléatoire au même rythme.",
    "why_no_random_control": "Aucun bras n’avait le même rythme en ordre aléatoire : l’aide vient peut-être du seul "
    "élargissement progressif.",
    "why_random_not_beaten": "Il n’est pas démontré qu’il fasse mieux qu’un ordre aléatoire au même rythme : l’aide "
    "vient peut-être du seul élargissement progressif.",
    "why_too_wide": "L’intervalle contient à la fois l’absence de différence et des différences importantes "
    "(±{margin}) : il faut plus de patients ou d’entraînements.",
    "why_lost_in_correction": "L’intervalle exclut zéro, mais plus après correction (Holm) pour comparaisons "
    "multiples.",
    "interval": "{endpoint} {mean} par rapport à {against} (intervalle à 95\u00a0% : {low} à {high}{p})",
    "against_vanilla": "l’absence de curriculum",
    "against_random": "un ordre aléatoire au même rythme",
    "points": "points de %",
    "failure_rate_line": "Échecs (Dice < 0,3) : {with_it} au lieu de {without}",
    "dice_hard_line": "patients difficiles : Dice {with_it} au lieu de {without}",
    "warning": "Avant d’y croire",
    "warning_more": "et {count} de plus, voir plus bas",
    "p": ", p = {p}",
    "p_small": ", p < 0,001",
    "size": "{cases} patients, {runs} entraînements par bras ({folds} plis × {seeds} graines), {steps} pas chacun",
    "effects": "Différence de {endpoint} : à droite, le curriculum est meilleur",
    "vanilla": "sans curriculum",
    "random": "ordre aléatoire, même rythme",
    "anti": "difficiles d’abord",
    "longer": "sans curriculum, plus longtemps",
    "against": "{arm} contre {role}",
    "margin_zone": "trop petit pour compter",
    "better": "curriculum meilleur",
    "worse": "curriculum moins bon",
    "patients_title": "Patient par patient",
    "patients_more": "Un point par patient, moyenne des graines. Au-dessus de la ligne, le curriculum a fait mieux. "
    "Orange : patients difficiles, choisis avant le premier entraînement.",
    "curves_title": "Courbes d’apprentissage",
    "curves_more": "Épais : moyenne du bras ; fin : chaque entraînement. Tirets : la cible, 90\u00a0% du résultat "
    "final sans curriculum.",
    "steps": "pas",
    "difficulty_title": "Gain et difficulté",
    "difficulty_more": "Différence avec l’absence de curriculum pour chaque patient, les plus difficiles à droite ; "
    "barres : moyennes des tiers avec intervalles à 95\u00a0%.",
    "difficulty": "percentile de difficulté",
    "gain": "différence de {endpoint}",
    "subgroups_title": "Sous-groupes (descriptif)",
    "subgroups_more": "Différence avec l’absence de curriculum, intervalles à 95\u00a0% sans correction.",
    "easy": "tiers facile",
    "middle": "tiers moyen",
    "hard": "tiers difficile",
    "lesions_1": "1 lésion",
    "lesions_few": "2 à 5 lésions",
    "lesions_many": "plus de 5 lésions",
    "stratum": "strate {name}",
    "hard_title": "Patients difficiles",
    "hard_more": "À gauche : projection de face ; à droite : la coupe de la référence dont les réseaux s’écartent le "
    "plus. Vert : référence ; bleu : sans curriculum ; orange : curriculum. Réseaux d’un entraînement chacun (pli du "
    "patient, graine {seed}).",
    "reference": "référence",
    "draws_title": "Ce qui a vraiment été tiré",
    "draws_more": "À gauche : patients pouvant être tirés, moyenne des entraînements. À droite : tirages de chaque "
    "tiers de difficulté, relatifs à un tirage uniforme.",
    "pool": "patients disponibles",
    "relative_draws": "tirages, relatifs",
    "arms_title": "Bras",
    "arm": "Bras",
    "mean": "Moyenne",
    "median": "Médiane (quartiles)",
    "sd_cases": "Écart-type entre patients",
    "sd_seeds": "Écart-type entre graines",
    "area": "Aire sous la courbe",
    "target": "Pas jusqu’à la cible",
    "tmtv_bias": "Biais du TMTV (limites d’agrément), mL",
    "cost": "Pas (dont notation)",
    "time": "Durée",
    "contrasts_title": "Tous les contrastes",
    "contrasts_more": "Le critère principal décide ; les autres sont descriptifs, leurs intervalles non corrigés. "
    "Les volumes sont comparés en logarithmes de 1 + mL : un facteur inférieur à 1 signifie moins. Quand rien n’est "
    "trouvé, la distance de Hausdorff est la diagonale de l’image. "
    "Bootstrap : entraînements et patients rééchantillonnés. Rang : Hodges-Lehmann sur les patients, sans le hasard "
    "des entraînements. Le recouvrement des ensembles d’apprentissage (Nadeau et Bengio) élargirait l’intervalle du "
    "facteur indiqué.",
    "endpoint": "Critère",
    "versus": "Contre",
    "difference": "Différence",
    "interval_head": "Intervalle à 95\u00a0%",
    "p_head": "p (Holm)",
    "bootstrap": "Bootstrap",
    "rank": "Rang",
    "overlap": "Facteur de recouvrement",
    "deviations_title": "À savoir avant d’y croire",
    "none": "Aucun écart au plan.",
    "incomplete": "Graines exclues de tous les bras, car un entraînement n’est pas terminé : {seeds}.",
    "changed_title": "Patients dont le score a changé de plus de {least}",
    "undefined": "Non comparable : {endpoint} (non mesuré, ou chez trop peu de patients).",
    "count": "Patients",
    "nobody": "aucun",
    "nothing_found": "Rien trouvé",
    "patient": "Patient",
    "environment_title": "Environnement",
    "frozen": "Figé le",
    "question": "Question",
    "cases": "Patients",
    "source": "Source",
    "primary": "Critère principal",
    "design_hash": "SHA-256 du plan figé",
    "file_hash": "SHA-256 de {name}",
    "software": "Logiciel",
    "downloads": "Tableaux",
    "dice": "Dice",
    "dice_hard": "Dice des patients difficiles",
    "failure_rate": "proportion d’échecs (Dice < 0,3)",
    "lesion_f1": "F1 par lésion",
    "fpv": "volume faussement positif (en facteur)",
    "fnv": "volume faussement négatif (en facteur)",
    "tmtv_error": "erreur du TMTV",
    "nsd": "Dice de surface normalisé",
    "hd95": "distance de Hausdorff 95\u00a0%",
    "curve_area": "aire sous la courbe d’apprentissage",
}

_FRENCH_DEVIATIONS = {
    "few-seeds": "{seeds} graine(s) par bras ; il en faut au moins 3 pour distinguer un effet du hasard.",
    "some-folds": "Seuls {run} plis sur {folds} sont entraînés : tous les patients ne sont pas testés.",
    "best-checkpoint": "Les poids testés sont les meilleurs sur les patients testés eux-mêmes : les scores sont trop "
    "bons, surtout pour les bras qui fluctuent.",
    "other-rate": "Le bras « {arm} » a son propre taux d’apprentissage ({rate:g}) : réglé pour un seul bras.",
    "no-random-control": "Le bras « {arm} » n’a pas de témoin au même rythme en ordre aléatoire : s’il fait mieux, "
    "on ne peut distinguer l’ordre de l’élargissement progressif.",
    "teacher-may-know": "Nul ne connaît tous les cas dont ont appris les réseaux derrière {table} ({measurer}) : des "
    "patients testés peuvent en être.",
    "start-may-know": "Nul ne connaît tous les cas dont a appris « {start} », d’où partent tous les réseaux : des "
    "patients testés peuvent en être.",
    "table-cost": "Le coût ne comprend pas celui de {table} ({measurer}), établi auparavant.",
    "override": "{run} : {field} a été changé de {old} à {new} en cours d’entraînement.",
    "repeated": "{run} a été mené à terme {times} fois : son dossier a été supprimé et l’entraînement refait.",
    "no-record": "{runs} entraînements ne figurent pas dans ledger.jsonl : nul ne peut dire s’ils ont été refaits.",
    "machines": "Les entraînements n’ont pas tous eu les mêmes programmes et processeur : {machines} machines.",
}

_TEXTS = {"en": _ENGLISH, "fr": _FRENCH}


def experiment_language(code: str) -> Language:
    """The sentences of this page in the number style of a language. Raises UsageError: neither "en" nor "fr"."""
    return replace(language(code), texts=_TEXTS[code])


def deviation_text(say: Language, deviation: Deviation) -> str:
    """A deviation in the language of the page."""
    if say.code != "fr" or deviation.code not in _FRENCH_DEVIATIONS:
        return deviation.what
    try:
        return _FRENCH_DEVIATIONS[deviation.code].format(**deviation.values)
    except KeyError:  # frozen by a version that kept the English sentence alone
        return deviation.what


def signed(say: Language, value: float | None, digits: int = 3) -> str:
    """A difference with its sign (a minus, not a hyphen)."""
    if value is None:
        return say.number(None)
    text = say.number(abs(value), digits)
    sign = "−" if value < 0 else "+"
    return text if not float(f"{abs(value):.{digits}f}") else sign + text
