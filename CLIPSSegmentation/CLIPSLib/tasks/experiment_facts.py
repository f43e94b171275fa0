"""What is known of the tested cases beside their scores: difficulty, lesions, stratum. For the page of a result."""

from __future__ import annotations

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
