"""What is known of the tested cases beside their scores: difficulty, lesions, stratum. For the page of a result."""

from __future__ import annotations

import math

from CLIPSLib.errors import Failure
from CLIPSLib.formats import read_labels
from CLIPSLib.imaging import array_view, label_components
from CLIPSLib.report.experiment_subgroups import CaseFacts
from CLIPSLib.tasks.experiment import Experiment, hard_order


def case_facts(experiment: Experiment) -> dict[str, CaseFacts]:
    """Case id -> facts, of the cases of the folds that are run. Raises Failure: a mask cannot be read."""
    order = hard_order(experiment)
    return {
        case.case_id: CaseFacts(
            difficulty=order[case.case_id],
            lesion_count=label_components(array_view(read_labels(case.mask)) > 0).count,
            stratum=case.stratum,
        )
        for case in experiment.cases.cases
        if experiment.folds[case.case_id] in experiment.design.run_folds
    }


def diagonals_mm(experiment: Experiment) -> dict[str, float]:
    """Case id -> diagonal of its mask's image, from the header alone. Raises Failure: a mask cannot be read."""
    return {case.case_id: _diagonal_mm(case.mask) for case in experiment.cases.cases}


def _diagonal_mm(path: str) -> float:
    import SimpleITK as sitk

    reader = sitk.ImageFileReader()
    reader.SetFileName(path)
    try:
        reader.ReadImageInformation()
    except RuntimeError as error:
        raise Failure("cannot-read", "The mask cannot be read", path, "Restore the file.") from error
    extents = (count * step for count, step in zip(reader.GetSize(), reader.GetSpacing(), strict=True))
    return math.hypot(*extents)
