"""What a report says in English and in French, and how numbers and dates are written in each. Used by this room."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from CLIPSLib.errors import UsageError

_ENGLISH = {
    "title": "Metabolic tumor volume, PET/CT",
    "research_use": "For research use only. Not a medical device.",
    "anonymous": "Anonymous report",
    "unreviewed": "Candidate volume, unreviewed",
    "unreviewed_more": "No one has looked at these regions yet. They may contain physiological uptake or miss lesions.",
    "reviewed": "Reviewed",
    "reviewed_more": "A person has checked and accepted these lesions.",
    "birth_date": "born",
    "study_date": "examination of",
    "tmtv": "Total metabolic tumor volume",
    "tlg": "Total lesion glycolysis",
    "lesions": "Lesions",
    "lesions_3ml": "{count} of at least 3 mL",
    "dmax": "Dmax",
    "dmax_more": "largest distance between two lesions",
    "sdmax": "SDmax",
    "sdmax_more": "Dmax / body surface area",
    "suv_max": "SUVmax",
    "suv_mean": "SUVmean",
    "suv_peak": "SUVpeak",
    "method": "Method",
    "none_found": "No lesion",
    "none_found_more": "The method found no region. That is a valid result, not an error.",
    "cautions": "Please note",
    "images": "Maximum intensity projections",
    "pet_alone": "PET",
    "pet_lesions": "PET and lesions",
    "anterior": "anterior view",
    "left-lateral": "left lateral view",
    "image_caption": "Inverted gray, SUV 0 (white) to {window} (black). R, L, A, P: right, left, front and back of the "
    "patient. Numbers are those of the table.",
    "physiological_caption": "Blue gray: physiological uptake, not counted.",
    "most_numbers": "Only the {count} largest lesions are numbered.",
    "table": "Lesions",
    "number": "No.",
    "name": "Name",
    "volume": "Volume",
    "diameter": "Largest diameter",
    "threshold": "Threshold",
    "position": "Position",
    "total": "Total",
    "physiological": "Physiological uptake, not counted",
    "table_caption": "SUV: SUVbw in g/mL. SUVpeak: highest mean in a sphere of 1 mL centered on a voxel of the lesion. "
    "Position: center of the lesion in scanner coordinates, in mm to the left (L) or right (R), back (P) or front (A), "
    "head (S) or feet (I).",
    "connectivity": "Connectivity",
    "connectivity_value": "{count} neighbors",
    "min_volume": "Smallest candidate",
    "discarded": "Left out as smaller",
    "discarded_value": "{count} regions, {volume} in all",
    "valid_for": "Valid only for",
    "parameters": "Parameters",
    "fallback": "The threshold of the method could not be applied ({reason}); the region of the fixed one was kept.",
    "suv": "How activity became SUV",
    "suv_given": "The images held SUV already; no factor was applied.",
    "factor": "Factor",
    "factor_value": "SUVbw = value × {factor}",
    "slice_factors": "one factor per slice, {low} to {high}",
    "formula": "Formula",
    "input": "Input",
    "value": "Value",
    "unit": "Unit",
    "source": "Source",
    "user_entered": "entered by the user",
    "alternatives": "Other readings of the header, not used",
    "ratio": "would give {ratio} of the SUV used",
    "norms": "The same uptake in other norms",
    "norm": "Norm",
    "origin": "Origin of this report",
    "patient": "Patient",
    "patient_id": "Patient ID",
    "sex": "Sex",
    "age": "Age",
    "years": "{value} years",
    "weight": "Weight",
    "height": "Height",
    "tracer": "Tracer",
    "dose": "Injected activity",
    "uptake": "Uptake time",
    "scanner": "Scanner",
    "study": "Study",
    "pet_series": "PET series",
    "ct_series": "CT series",
    "no_ct": "none",
    "model": "Segmentation",
    "software": "Software",
    "made": "Made",
}

_FRENCH = {
    "title": "Volume métabolique tumoral, TEP/TDM",
    "research_use": "Réservé à la recherche. N’est pas un dispositif médical.",
    "anonymous": "Rapport anonyme",
    "unreviewed": "Volume candidat, non relu",
    "unreviewed_more": "Personne n’a encore regardé ces régions : elles peuvent contenir des fixations physiologiques "
    "ou manquer des lésions.",
    "reviewed": "Relu",
    "reviewed_more": "Une personne a vérifié et accepté ces lésions.",
    "birth_date": "né(e) le",
    "study_date": "examen du",
    "tmtv": "Volume métabolique tumoral total",
    "tlg": "Glycolyse lésionnelle totale",
    "lesions": "Lésions",
    "lesions_3ml": "dont {count} d’au moins 3 mL",
    "dmax": "Dmax",
    "dmax_more": "plus grande distance entre deux lésions",
    "sdmax": "SDmax",
    "sdmax_more": "Dmax / surface corporelle",
    "suv_max": "SUVmax",
    "suv_mean": "SUVmoyen",
    "suv_peak": "SUVpic",
    "method": "Méthode",
    "none_found": "Aucune lésion",
    "none_found_more": "La méthode n’a trouvé aucune région. C’est un résultat valable, pas une erreur.",
    "cautions": "À noter",
    "images": "Projections d’intensité maximale",
    "pet_alone": "TEP",
    "pet_lesions": "TEP et lésions",
    "anterior": "vue antérieure",
    "left-lateral": "vue latérale gauche",
    "image_caption": "Gris inversé, SUV 0 (blanc) à {window} (noir). R, L, A, P : droite, gauche, avant et arrière du "
    "patient. Les numéros sont ceux du tableau.",
    "physiological_caption": "Gris bleu : fixation physiologique, non comptée.",
    "most_numbers": "Seules les {count} plus grandes lésions sont numérotées.",
    "table": "Lésions",
    "number": "N°",
    "name": "Nom",
    "volume": "Volume",
    "diameter": "Plus grand diamètre",
    "threshold": "Seuil",
    "position": "Position",
    "total": "Total",
    "physiological": "Fixation physiologique, non comptée",
    "table_caption": "SUV : SUVbw en g/mL. SUVpic : plus haute moyenne dans une sphère de 1 mL centrée sur un voxel de "
    "la lésion. Position : centre de la lésion en coordonnées du scanner, en mm vers la gauche (L) ou la droite (R), "
    "l’arrière (P) ou l’avant (A), la tête (S) ou les pieds (I).",
    "connectivity": "Connexité",
    "connectivity_value": "{count} voisins",
    "min_volume": "Plus petit candidat",
    "discarded": "Écarté car plus petit",
    "discarded_value": "{count} régions, {volume} au total",
    "valid_for": "Valable seulement pour",
    "parameters": "Paramètres",
    "fallback": "Le seuil de la méthode n’a pas pu être appliqué ({reason}) : la région du seuil fixe a été conservée.",
    "suv": "De l’activité au SUV",
    "suv_given": "Les images contenaient déjà des SUV ; aucun facteur n’a été appliqué.",
    "factor": "Facteur",
    "factor_value": "SUVbw = valeur × {factor}",
    "slice_factors": "un facteur par coupe, de {low} à {high}",
    "formula": "Formule",
    "input": "Donnée",
    "value": "Valeur",
    "unit": "Unité",
    "source": "Source",
    "user_entered": "saisi par l’utilisateur",
    "alternatives": "Autres lectures de l’en-tête, non retenues",
    "ratio": "donnerait {ratio} du SUV retenu",
    "norms": "La même fixation selon d’autres normes",
    "norm": "Norme",
    "origin": "Origine de ce rapport",
    "patient": "Patient",
    "patient_id": "Identifiant",
    "sex": "Sexe",
    "age": "Âge",
    "years": "{value} ans",
    "weight": "Poids",
    "height": "Taille",
    "tracer": "Traceur",
    "dose": "Activité injectée",
    "uptake": "Délai après injection",
    "scanner": "Appareil",
    "study": "Examen",
    "pet_series": "Série TEP",
    "ct_series": "Série TDM",
    "no_ct": "aucune",
    "model": "Segmentation",
    "software": "Logiciel",
    "made": "Créé",
}

_LANGUAGES = {"en": _ENGLISH, "fr": _FRENCH}
_NO_VALUE = "–"
_THIN = "\u202f"  # narrow no-break space: keeps a number and its unit on one line


@dataclass(frozen=True)
class Language:
    """The sentences and the number style of one language."""

    code: str
    texts: Mapping[str, str]

    def __getitem__(self, key: str) -> str:
        return self.texts[key]

    def number(self, value: float | None, digits: int = 1, unit: str = "") -> str:
        """A number with fixed digits after the point, thousands apart, and its unit; a dash where there is none."""
        if value is None or not math.isfinite(value):
            return _NO_VALUE
        text = f"{value:,.{digits}f}".replace(",", _THIN)
        if self.code == "fr":
            text = text.replace(".", ",")
        return f"{text}{_THIN}{unit}" if unit else text

    def volume(self, value_ml: float | None, unit: str = "") -> str:
        """A volume in mL; small ones with two digits, as a node of 0.35 mL is not 0.3."""
        return self.number(value_ml, 1 if value_ml is None or value_ml >= 10.0 else 2, unit)

    def plain(self, value: float | str) -> str:
        """A number as it is, with up to ten digits: for the audit, where nothing is rounded away."""
        if isinstance(value, str):
            return value
        text = f"{value:.10g}"
        return text.replace(".", ",") if self.code == "fr" else text

    def date(self, dicom_date: str) -> str:
        """YYYYMMDD as people write it; anything else as it is."""
        if len(dicom_date) != 8 or not dicom_date.isdigit():
            return dicom_date
        year, month, day = dicom_date[:4], dicom_date[4:6], dicom_date[6:]
        return f"{day}/{month}/{year}" if self.code == "fr" else f"{year}-{month}-{day}"


def language(code: str) -> Language:
    """The language of a report.

    Raises:
        UsageError: neither "en" nor "fr".
    """
    if code not in _LANGUAGES:
        raise UsageError("unknown-language", f"There are no reports in '{code}'", "", f"Use {' or '.join(_LANGUAGES)}.")
    return Language(code, _LANGUAGES[code])
