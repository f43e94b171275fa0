"""Designs: what is declared, what is refused, what becomes part of the report, which runs follow."""

from dataclasses import replace

import pytest
from CLIPSLib.errors import Refusal, UsageError
from CLIPSLib.experiments.contrasts import Family
from CLIPSLib.experiments.design import Arm, CrossReview, Design
from CLIPSLib.experiments.fairness import ScoredOn, check_fairness, is_exploratory
from CLIPSLib.experiments.families import families
from CLIPSLib.experiments.plan import (
    PlannedRun,
    cases_of_reviewer,
    cases_of_run,
    depends_on,
    planned_runs,
    recipe_of_reviewer,
    recipe_of_run,
)
from CLIPSLib.schema import from_document, to_document
from CLIPSLib.training import CaseList, Recipe, TrainingCase

VANILLA = Arm(name="vanilla", curriculum="vanilla")
RANDOM = Arm(name="random", curriculum="random-order", options={"full_at": 0.4})
BOOT = Arm(name="boot", curriculum="bootstrapping", options={"full_at": 0.4}, difficulty="cross-review")
ANTI = Arm(name="anti", curriculum="anti", options={"full_at": 0.4}, difficulty="cross-review")
SELF = Arm(name="self-paced", curriculum="self-paced")
YOKED = Arm(name="yoked", curriculum="yoked-random", follows="self-paced")
FOLDS = {f"{i:02d}": i % 5 for i in range(20)}


def design(*arms, **fields) -> Design:
    return Design(name="test", arms=arms, **fields)


def case_list() -> CaseList:
    cases = [TrainingCase(case_id=case, patient_id=case, pet=f"{case}.nii", mask="m") for case in FOLDS]
    return CaseList(cases=tuple(cases), source="registry")


def codes(chosen: Design, recipe: Recipe | None = None, tables=None) -> list[str]:
    return [deviation.code for deviation in check_fairness(chosen, recipe or Recipe(), FOLDS, tables or {})]


def test_a_full_design_with_all_controls_has_no_deviation():
    full = design(VANILLA, RANDOM, BOOT, ANTI, SELF, YOKED)
    assert codes(full) == []
    assert not is_exploratory(full)
    assert families(full) == (
        Family(arm="boot", controls={"vanilla": "vanilla", "random": "random", "anti": "anti"}),
        Family(arm="self-paced", controls={"vanilla": "vanilla", "random": "yoked"}),
    )


def test_random_order_with_another_pacing_is_no_control():
    other = replace(RANDOM, options={"full_at": 0.8})
    assert codes(design(VANILLA, other, BOOT)) == ["no-random-control"]


def test_two_controls_of_one_kind_are_refused_since_either_could_be_chosen_afterwards():
    for arms, again in (((RANDOM, BOOT), RANDOM), ((SELF, YOKED), YOKED), ((RANDOM, BOOT, ANTI), ANTI)):
        with pytest.raises(Refusal, match=f"'{again.name}' and 'again' are controls of one kind"):
            codes(design(VANILLA, *arms, replace(again, name="again")))


def test_a_pacing_that_would_see_the_tested_cases_is_refused():
    gated = replace(BOOT, options={"pacing": "performance-gated"})
    with pytest.raises(Refusal, match="follows the Dice of the cases that are tested"):
        codes(design(VANILLA, RANDOM, gated))


def test_random_order_is_no_control_of_a_self_paced_arm():
    assert codes(design(VANILLA, RANDOM, SELF)) == ["no-random-control"]


def test_without_vanilla_nothing_is_run():
    with pytest.raises(Refusal, match="vanilla"):
        codes(design(RANDOM, BOOT))


def test_controls_alone_are_no_experiment():
    with pytest.raises(Refusal, match="no curriculum is judged"):
        codes(design(VANILLA, RANDOM))


def test_a_primary_endpoint_that_the_runs_will_not_have_is_refused_before_they_run():
    recipe = replace(Recipe(), validation=replace(Recipe().validation, every=15000))
    with pytest.raises(Refusal, match="needs two validations in a run of 20000 steps"):
        codes(design(VANILLA, RANDOM, BOOT, primary="curve_area"), recipe)


def test_an_order_must_come_from_somewhere():
    with pytest.raises(Refusal, match="arm has none"):
        codes(design(VANILLA, Arm(name="boot", curriculum="bootstrapping")))


def test_early_stopping_is_refused_in_comparisons():
    recipe = Recipe()
    stopping = replace(recipe, validation=replace(recipe.validation, patience=3))
    with pytest.raises(Refusal, match="patience = 0"):
        codes(design(VANILLA, RANDOM), stopping)


def test_a_table_made_by_a_model_that_learned_from_tested_cases_is_refused():
    arm = Arm(name="teacher", curriculum="transfer-teacher", difficulty="table", table="difficulty.json")
    tables = {"difficulty.json": ScoredOn(measurer="teacher", trained_with=frozenset({"03", "99"}))}
    with pytest.raises(Refusal, match=r"learned from 1 cases that this experiment tests.*03"):
        codes(design(VANILLA, arm), tables=tables)
    clean = {"difficulty.json": ScoredOn(measurer="teacher", trained_with=frozenset({"99"}))}
    assert codes(design(VANILLA, arm), tables=clean) == ["no-random-control"]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        (design(VANILLA, RANDOM, BOOT, seeds=(0,)), "few-seeds"),
        (design(VANILLA, RANDOM, BOOT, use_folds=(0,)), "some-folds"),
        (design(VANILLA, RANDOM, BOOT, checkpoint="best"), "best-checkpoint"),
        (design(VANILLA, RANDOM, replace(BOOT, learning_rate=1e-3)), "other-rate"),
    ],
)
def test_what_readers_must_know_is_listed(changed, code):
    assert codes(changed) == [code]


def test_an_arm_that_trains_longer_than_its_controls_is_refused():
    with pytest.raises(Refusal, match="40000 steps and the others 20000"):
        codes(design(VANILLA, RANDOM, replace(BOOT, steps=40000)))


def test_a_second_vanilla_arm_may_train_longer_and_is_told_beside_the_tests():
    longer = Arm(name="longer", curriculum="vanilla", steps=40000)
    chosen = design(longer, VANILLA, RANDOM, BOOT)
    assert codes(chosen) == []
    assert chosen.vanilla == VANILLA
    assert families(chosen)[0].controls == {"vanilla": "vanilla", "random": "random", "longer": "longer"}
    with pytest.raises(Refusal, match="both draw all cases alike"):
        codes(design(VANILLA, replace(VANILLA, name="again"), BOOT))


@pytest.mark.parametrize("option", [{"quarantine": ["03"]}, {"lesion_free_share": 0.1}, {"batch_size": 8}])
def test_an_arm_that_draws_from_other_cases_is_refused(option):
    odd = replace(BOOT, options={**BOOT.options, **option})
    with pytest.raises(Refusal, match=f"'{next(iter(option))}' differs between 'boot' and 'vanilla'"):
        codes(design(VANILLA, RANDOM, odd))


def test_a_default_that_one_arm_spells_out_is_no_difference():
    spelled = replace(BOOT, options={**BOOT.options, "quarantine": [], "lesion_free": "constant"})
    assert codes(design(VANILLA, RANDOM, spelled)) == codes(design(VANILLA, RANDOM, BOOT))


def test_cases_with_masks_that_nobody_reviewed_are_not_tested():
    with pytest.raises(Refusal, match="2 cases have masks that were predicted and never reviewed"):
        check_fairness(design(VANILLA, RANDOM, BOOT), Recipe(), FOLDS, {}, predicted=("07", "03"))


def test_a_table_by_networks_of_unknown_origin_and_its_cost_are_told():
    arm = Arm(name="teacher", curriculum="transfer-teacher", difficulty="table", table="difficulty.json")
    made = {"difficulty.json": ScoredOn(measurer="teacher", complete=False, by_networks=True)}
    assert codes(design(VANILLA, arm), tables=made) == ["teacher-may-know", "table-cost", "no-random-control"]


def test_unknown_endpoints_and_methods_are_told_before_anything_runs():
    with pytest.raises(UsageError, match="endpoint"):
        codes(design(VANILLA, RANDOM, primary="dise"))
    with pytest.raises(UsageError, match="random-ordr"):
        codes(design(VANILLA, Arm(name="random", curriculum="random-ordr")))


@pytest.mark.parametrize(
    "document",
    [
        {"arms": [{"name": "a", "curriculum": "vanilla"}, {"name": "a", "curriculum": "anti"}]},
        {"arms": [{"name": "a", "curriculum": "vanilla"}, {"name": "b", "curriculum": "anti", "difficulty": "table"}]},
        {"arms": [{"name": "a", "curriculum": "vanilla"}, {"name": "b", "curriculum": "yoked-random"}]},
        {"seeds": [1, 1], "arms": to_document([VANILLA, RANDOM])},
        {"use_folds": [5], "arms": to_document([VANILLA, RANDOM])},
    ],
)
def test_designs_that_contradict_themselves_are_refused(document):
    with pytest.raises(Refusal):
        from_document(Design, {"name": "test", **document})


def test_a_design_survives_being_written_and_read():
    full = design(VANILLA, RANDOM, BOOT, SELF, YOKED, cross_review=CrossReview(folds=3))
    assert from_document(Design, to_document(full)) == full


def test_runs_wait_for_those_they_depend_on():
    chosen = design(VANILLA, BOOT, SELF, YOKED, seeds=(0, 1), use_folds=(2,), cross_review=CrossReview(folds=2))
    runs = planned_runs(chosen)
    assert len(runs) == 2 + 2 * 4
    assert len({run.name for run in runs}) == len(runs)
    for place, run in enumerate(runs):
        assert set(depends_on(run, chosen)) <= set(runs[:place])
    assert depends_on(PlannedRun(arm="yoked", fold=2, seed=1), chosen) == (
        PlannedRun(arm="self-paced", fold=2, seed=1),
    )
    assert [run.part for run in depends_on(PlannedRun(arm="boot", fold=2, seed=1), chosen)] == [0, 1]


def test_cases_of_the_fold_are_tested_and_never_get_a_score():
    made = cases_of_run(case_list(), FOLDS, 3, dict.fromkeys(FOLDS, 0.5))
    tested = made.of_role("validate")
    assert {case.case_id for case in tested} == {case for case, fold in FOLDS.items() if fold == 3}
    assert {case.score for case in tested} == {None}
    assert {case.score for case in made.of_role("train")} == {0.5}


def test_reviewers_never_see_the_tested_cases_of_the_outer_fold():
    outer = 1
    inside = [case for case, fold in FOLDS.items() if fold != outer]
    parts = {case: number % 4 for number, case in enumerate(inside)}
    reviewer = cases_of_reviewer(case_list(), parts, 2)
    ids = {case.case_id for case in reviewer.cases}
    assert ids == set(inside)
    assert {case.case_id for case in reviewer.of_role("validate")} == {
        case for case, part in parts.items() if part == 2
    }


def test_runs_differ_from_the_recipe_by_arm_and_seed_only():
    recipe = Recipe()
    chosen = design(VANILLA, replace(BOOT, learning_rate=1e-3), steps=300)
    made = recipe_of_run(recipe, chosen, chosen.arm("boot"), 7)
    assert (made.training.steps, made.training.seed, made.optimizer.learning_rate) == (300, 7, 1e-3)
    assert (made.curriculum.name, made.curriculum.options) == ("bootstrapping", {"full_at": 0.4})
    reviewer = recipe_of_reviewer(recipe, chosen, 7)
    assert (reviewer.training.steps, reviewer.curriculum.name, reviewer.validation.every) == (75, "vanilla", 0)
    assert reviewer.optimizer == recipe.optimizer
