"""Results that are there already: whose they are, and whether they may stand for what was asked. For `segment`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CLIPSLib.errors import ClipsError, Refusal
from CLIPSLib.files import read_json
from CLIPSLib.formats import STUDY_FORMAT, STUDY_VERSION, StoredResult, read_result

if TYPE_CHECKING:
    from CLIPSLib.study import SuvFactor


def series_of_result(folder: Path) -> str | None:
    """The PET series UID that a finished result belongs to; None where there is no result, "" in anonymous ones."""
    try:
        document = read_json(folder / "study.json", format_name=STUDY_FORMAT, version=STUDY_VERSION)
    except ClipsError:
        return None
    return str(document.get("identity", {}).get("pet_series_uid", ""))


def result_to_keep(folder: Path, *, model: str, options: Mapping[str, Any], suv: SuvFactor | None) -> StoredResult:
    """The result in `folder`, if it is what would be made again.

    Raises:
        Refusal: it was made by another method, with other options or with another SUV factor.
        Failure: it is damaged.
    """
    stored = read_result(folder)
    provenance = stored.segmentation.provenance
    differences = []
    if provenance.get("model") != model:
        differences.append(f"method '{provenance.get('model')}' instead of '{model}'")
    parameters = provenance.get("parameters", {})
    differences += [
        f"{name} = {parameters.get(name)} instead of {value}"
        for name, value in options.items()
        if not _same(parameters.get(name), value)
    ]
    if suv and stored.study.suv and not _same(stored.study.suv.factor, suv.factor):
        differences.append(f"SUV factor {stored.study.suv.factor} instead of {suv.factor}")
    if differences:
        raise Refusal(
            "other-result",
            f"The result that is there was made with {', '.join(differences)}",
            str(folder),
            "Choose another folder for the results, or ask for overwriting.",
        )
    return stored


def _same(stored: Any, asked: Any) -> bool:
    """Equal as numbers, texts or points; JSON knows no tuples and may round the last digit of a float."""
    if isinstance(stored, list | tuple) and isinstance(asked, list | tuple):
        return len(stored) == len(asked) and all(map(_same, stored, asked))
    if isinstance(stored, int | float) and isinstance(asked, int | float):
        return math.isclose(stored, asked, rel_tol=1e-9)
    return stored == asked
