"""The hospital's `metriques.txt`: written so that its scripts still read it, and read whoever wrote it.

Its scripts take words by their place: a number must be a certain word (split at single blanks) of a certain line. The
reader here is laxer: the first number after the line's last colon. Used by tasks, and by `difficulty` through them.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence
from pathlib import Path

from CLIPSLib.errors import Failure, UsageError
from CLIPSLib.evaluation.types import HospitalMetrics, HospitalOptions, LesionCounts
from CLIPSLib.files import cannot_read, write_text
from CLIPSLib.provenance import VERSION

_NUMBER = r"(nan|inf|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)"
_TITLE = re.compile(rf"lesions matched by (dice|nsd), Hausdorff percentile {_NUMBER}, SUV > {_NUMBER}")
_FIELDS = {  # field -> line, counted from 0
    "max_suv": 6,
    "mean_distance_mm": 7,
    "hausdorff_mm": 8,
    "dice": 9,
    "nsd": 10,
    "bji": 11,
    "tmtv_raw_ml": 13,
    "tmtv_ml": 14,
    "tmtv_reference_ml": 15,
    "fp_raw_ml": 17,
    "fp_ml": 18,
    "fn_ml": 19,
    "tp_ml": 20,
    "precision_percent": 21,
    "recall_percent": 22,
}
_STRICT_LINE, _UNION_LINE = 25, 30
_ALWAYS = ("max_suv", "tmtv_ml", "tmtv_reference_ml", "fp_ml", "fn_ml", "tp_ml")


def write_hospital_metrics(path: str | os.PathLike, metrics: HospitalMetrics, *, overwrite: bool = False) -> Path:
    """Write `metriques.txt` for one patient. What is undefined is written "nan", an infinite distance "inf".

    Raises:
        Refusal: the file exists. Failure: the disk does not take it.
    """
    return write_text(path, hospital_metrics_text(metrics), overwrite=overwrite)


def hospital_metrics_text(metrics: HospitalMetrics) -> str:
    """The text of `metriques.txt`, 33 lines."""
    options, tolerance = metrics.options, f"{metrics.options.tolerance_mm:g}mm"
    value = {name: _printed(metrics, name) for name in _FIELDS}
    lines = [
        f"CLIPS {VERSION}: lesions matched by {options.matching}, Hausdorff percentile "
        f"{options.hausdorff_percentile:g}, SUV > {options.suv_threshold:g}",
        "",
        f"Patient : {metrics.patient}",
        f"Tolerance : {tolerance}",
        f"Lesionwise threshold : {options.lesion_threshold:g}",
        "",
        f"Max SUV : {value['max_suv']}",
        f"Distance moyenne : {value['mean_distance_mm']} mm",
        f"Distance de Hausdorff : {value['hausdorff_mm']} mm",
        f"Dice : {value['dice']}",
        f"NSD à {tolerance} : {value['nsd']}",
        f"BJI à {tolerance} : {value['bji']}",
        "",
        f"TMTV de TMTV-NET (non seuillé) : {value['tmtv_raw_ml']}ml",
        f"TMTV de TMTV-NET (seuillé) : {value['tmtv_ml']} ml",
        f"TMTV réel (seuillé à {options.suv_threshold:g}): {value['tmtv_reference_ml']} ml",
        "",
        f"TMTV FP non seuillé :{value['fp_raw_ml']} ml",
        f"TMTV FP seuillé : {value['fp_ml']} ml",
        f"TMTV FN : {value['fn_ml']} ml",
        f"TMTV TP : {value['tp_ml']} ml",
        f"Précision : {value['precision_percent']} %",
        f"Recall : {value['recall_percent']} %",
        "",
        *_counts_lines("Approach 1 :", metrics.strict),
        "",
        *_counts_lines("Approach 2 :", metrics.union),
    ]
    return "\n".join(lines) + "\n"


def read_hospital_metrics(path: str | os.PathLike, *, matching: str | None = None) -> HospitalMetrics:
    """Read a `metriques.txt`.

    matching: how its lesions were matched, "dice" (the hospital's script.py) or "nsd" (script_nsd.py). The hospital's
    own files do not say; ours do. Theirs hold the largest distance (percentile 100) and SUV > 4.

    Raises:
        Failure: missing, or a line without its number. UsageError: the file does not say the matching and nobody did.
    """
    source = Path(path)
    lines = _lines(source)
    stated = _TITLE.search(lines[0])
    matching = stated[1] if stated else matching
    if matching not in ("dice", "nsd"):
        raise UsageError(
            "matching-unknown",
            "The file does not say whether its lesions were matched by Dice (script.py) or NSD (script_nsd.py)",
            str(source),
            "Give matching='dice' or 'nsd'.",
        )
    values = {name: _number(lines, line, source) for name, line in _FIELDS.items()}
    unreal = {name: value for name, value in values.items() if not math.isfinite(value)}
    if lacking := [name for name in _ALWAYS if name in unreal]:
        raise _not_metrics(source, _FIELDS[lacking[0]], lines)
    return HospitalMetrics(
        patient=lines[2].split(":", 1)[-1].strip(),
        options=HospitalOptions(
            matching=matching,
            tolerance_mm=_number(lines, 3, source),
            lesion_threshold=_number(lines, 4, source),
            hausdorff_percentile=float(stated[2]) if stated else 100.0,
            suv_threshold=float(stated[3]) if stated else 4.0,
        ),
        **{name: None if name in unreal else value for name, value in values.items()},
        strict=_counts(lines, _STRICT_LINE, source),
        union=_counts(lines, _UNION_LINE, source),
        undefined={name: f"'{value}' in the file" for name, value in unreal.items()},
    )


def _printed(metrics: HospitalMetrics, name: str) -> str:
    value = getattr(metrics, name)
    if value is not None:
        return f"{value}"
    one_is_empty = (metrics.strict.reference is None) != (metrics.strict.prediction is None)
    return "inf" if name in ("mean_distance_mm", "hausdorff_mm") and one_is_empty else "nan"


def _counts_lines(title: str, counts: LesionCounts) -> list[str]:
    return [
        title,
        f"Nombre de vrais positifs : {_of(counts.true_positive, counts.reference)}",
        f"Nombre de faux négatifs : {_of(counts.false_negative, counts.reference)}",
        f"Nombre de faux positifs : {_of(counts.false_positive, counts.prediction)}",
    ]


def _of(count: int, total: int | None) -> str:
    return f"{count} / {total} ({round(100.0 * count / total, 2)}%)" if total else f"{count} / nan (nan%)"


def _lines(source: Path) -> list[str]:
    try:
        content = source.read_bytes()
    except OSError as error:
        raise cannot_read(source, error) from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:  # written on Windows; only the accents of the labels differ
        text = content.decode("cp1252", errors="replace")
    lines = text.splitlines()
    if len(lines) < _UNION_LINE + 3:
        raise _not_metrics(source, len(lines), lines)
    return lines


def _number(lines: Sequence[str], line: int, source: Path) -> float:
    found = re.search(_NUMBER, lines[line].rpartition(":")[2])
    if found is None:
        raise _not_metrics(source, line, lines)
    return float(found[1])


def _counts(lines: Sequence[str], first: int, source: Path) -> LesionCounts:
    pairs = []
    for line in range(first, first + 3):
        found = re.search(r"(\d+)\s*/\s*(\d+(?:\.0)?|nan)\b", lines[line].rpartition(":")[2])
        if found is None:
            raise _not_metrics(source, line, lines)
        pairs.append((int(found[1]), None if found[2] == "nan" else int(float(found[2]))))
    (found_, reference), (missed, _), (in_vain, prediction) = pairs
    return LesionCounts(
        true_positive=found_,
        false_negative=missed,
        false_positive=in_vain,
        reference=reference or None,
        prediction=prediction or None,
    )


def _not_metrics(source: Path, line: int, lines: Sequence[str]) -> Failure:
    held = f"'{lines[line]}'" if line < len(lines) else "nothing"
    return Failure(
        "not-hospital-metrics",
        f"Line {line + 1} of the file holds {held}, where a metriques.txt has a number",
        str(source),
        "Give the file as the evaluation wrote it.",
    )
