"""Did the curriculum help? Design of experiments, fairness, statistics and the verdict (docs/experiments.md)."""

from CLIPSLib.experiments.analysis import Analysis, FamilyResult, analyze
from CLIPSLib.experiments.arms import ArmSummary, Spread, by_case
from CLIPSLib.experiments.contrasts import (
    ANTI,
    LONGER,
    PLANNED,
    RANDOM,
    VANILLA,
    Contrast,
    Family,
    compare,
    compare_family,
)
from CLIPSLib.experiments.curves import (
    Curve,
    StepsToTarget,
    area_under_curve,
    require_same_grid,
    restricted_mean_steps,
    steps_to_target,
)
from CLIPSLib.experiments.design import Arm, CrossReview, Design, HardSubset
from CLIPSLib.experiments.endpoints import ENDPOINTS, FAILURE_DICE, Endpoint, endpoint, on_endpoint
from CLIPSLib.experiments.fairness import Deviation, ScoredOn, check_fairness, is_exploratory
from CLIPSLib.experiments.families import families
from CLIPSLib.experiments.freeze import Frozen, freeze, hardest, load_frozen, read_frozen_documents
from CLIPSLib.experiments.mixed import variance_components
from CLIPSLib.experiments.pairing import pair
from CLIPSLib.experiments.plan import (
    PlannedRun,
    cases_of_reviewer,
    cases_of_run,
    depends_on,
    planned_runs,
    recipe_of_reviewer,
    recipe_of_run,
    reviewer_recipe,
)
from CLIPSLib.experiments.power import minimum_detectable_effect, power
from CLIPSLib.experiments.results import ArmCost, case_scores, learning_curve
from CLIPSLib.experiments.types import CaseScore, Effect, Paired, Size, VarianceComponents
from CLIPSLib.experiments.verdict import ALPHA, Judgement, Reason, Verdict, judge

__all__ = [
    "ALPHA",
    "ANTI",
    "ENDPOINTS",
    "FAILURE_DICE",
    "LONGER",
    "PLANNED",
    "RANDOM",
    "VANILLA",
    "Analysis",
    "Arm",
    "ArmCost",
    "ArmSummary",
    "CaseScore",
    "Contrast",
    "CrossReview",
    "Curve",
    "Design",
    "Deviation",
    "Effect",
    "Endpoint",
    "Family",
    "FamilyResult",
    "Frozen",
    "HardSubset",
    "Judgement",
    "Paired",
    "PlannedRun",
    "Reason",
    "ScoredOn",
    "Size",
    "Spread",
    "StepsToTarget",
    "VarianceComponents",
    "Verdict",
    "analyze",
    "area_under_curve",
    "by_case",
    "case_scores",
    "cases_of_reviewer",
    "cases_of_run",
    "check_fairness",
    "compare",
    "compare_family",
    "depends_on",
    "endpoint",
    "families",
    "freeze",
    "hardest",
    "is_exploratory",
    "judge",
    "learning_curve",
    "load_frozen",
    "minimum_detectable_effect",
    "on_endpoint",
    "pair",
    "planned_runs",
    "power",
    "read_frozen_documents",
    "recipe_of_reviewer",
    "recipe_of_run",
    "require_same_grid",
    "restricted_mean_steps",
    "reviewer_recipe",
    "steps_to_target",
    "variance_components",
]
