"""Names and options: what there is, and that a wrong word is an error with its neighbors, never a fallback."""

from __future__ import annotations

import dataclasses
import json
from itertools import combinations, pairwise

import pytest
from builders_curriculum import cohort, curriculum_of, scores_of
from CLIPSLib.curriculum import (
    PACINGS,
    REGULARIZERS,
    Curriculum,
    CurriculumCase,
    Progress,
    build_curriculum,
    get_method,
    list_curricula,
)
from CLIPSLib.curriculum.options import OversamplingOptions, SelfPacedOptions
from CLIPSLib.curriculum.ordering import ORDERINGS
from CLIPSLib.errors import UsageError

ALL = [method.name for method in list_curricula()]
PRESETS = ["vanilla", "random-order", "transfer-teacher", "bootstrapping", "self-paced", "anti"]


def test_the_presets_come_first():
    assert [method.name for method in list_curricula() if method.preset] == PRESETS == ALL[: len(PRESETS)]


@pytest.mark.parametrize("name", ALL)
def test_every_curriculum_is_one_and_describes_itself_before_the_start(name):
    curriculum = curriculum_of(name)
    assert isinstance(curriculum, Curriculum)
    described = curriculum.description
    assert described.name == name and len(described.fingerprint) == 64 and described.conditions
    assert sorted(described.order) == [case.case_id for case in cohort(20)]
    assert json.loads(json.dumps(described.options)) == described.options


@pytest.mark.parametrize("name", ALL)
def test_every_draw_is_a_distribution(name):
    draw = curriculum_of(name, cases=cohort(20, lesion_free_every=5)).plan(7)
    assert draw.probabilities.sum() == pytest.approx(1.0)
    assert (draw.probabilities > 0.0).all() and (draw.loss_weights > 0.0).all()
    assert len(draw.ids) == len(draw.probabilities) == len(draw.loss_weights) == len(set(draw.ids))


@pytest.mark.parametrize("name", ALL)
def test_the_options_that_are_told_build_the_same_curriculum(name):
    first = curriculum_of(name, start=0.3) if name in ("random-order", "anti") else curriculum_of(name)
    again = build_curriculum(
        name, cohort(20), scores=scores_of(cohort(20)), total_steps=100, seed=0, **first.description.options
    )
    assert again.description == first.description


@pytest.mark.parametrize("method", list_curricula(), ids=lambda method: method.name)
def test_every_method_is_explained(method):
    assert method.ordering in ORDERINGS and method.pacing in PACINGS
    for text in (method.title, method.what, method.formula, method.source, method.cost, method.conditions):
        assert text.strip()
    assert method.pitfalls


@pytest.mark.parametrize("kind", [*PACINGS.values(), *REGULARIZERS.values()])
def test_every_part_has_its_formula_and_source(kind):
    assert kind.formula and kind.source


def test_no_two_parts_of_a_curriculum_share_an_option():
    for pacing in PACINGS.values():
        for options, regularizer in [(SelfPacedOptions, kind) for kind in REGULARIZERS.values()] + [
            (OversamplingOptions, None)
        ]:
            kinds = [kind for kind in (pacing, options, regularizer) if kind]
            names = [{field.name for field in dataclasses.fields(kind)} for kind in kinds]
            assert not any(one & other for one, other in combinations(names, 2))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"name": "anti_curr"}, "There is no curriculum 'anti_curr'. Did you mean anti?"),
        ({"name": "transfer"}, "no curriculum 'transfer'. Did you mean transfer-teacher?"),
        ({"pacing": "root"}, "no pacing function 'root'. Did you mean root-p?"),
        (
            {"pacing": "exponential"},
            "no pacing function 'exponential'. Did you mean wu-exponential or hacohen-fixed-exponential",
        ),
        ({"pacing": "zzz"}, "no pacing function 'zzz'. Choose one of: none, linear, root-p"),
        ({"fullat": 0.4}, r"no option 'fullat' \(curriculum\). Did you mean full_at?"),
        ({"full_at": -0.4}, "'full_at' is -0.4; it must be at least 0.001"),
        ({"pacing": ["root-p"]}, "There is no pacing function"),
        ({"pacin": "linear"}, "Did you mean pacing?"),
        ({"start": "low"}, "'start' is \"low\"; it must be a number"),
        ({"pacing": "hacohen-single-step"}, "'step_length' is missing"),
        (
            {"name": "baby-step", "pacing": "linear"},
            r"no option 'pacing' \(baby-step\). Choose one of: foreground_start",
        ),
        ({"name": "self-paced", "regularizer": "log"}, "no regularizer 'log'. Did you mean logarithmic?"),
        ({"name": "self-paced", "pacing": "one-pass"}, "no pacing function 'one-pass'"),
        ({"scores": None}, "needs a difficulty score for each case"),
        ({"total_steps": 0}, "A run needs at least one step, not 0"),
        ({"name": "superloss"}, "There is no curriculum 'superloss'"),
    ],
)
def test_a_wrong_word_is_an_error_that_names_its_neighbors(wrong, sentence):
    with pytest.raises(UsageError, match=sentence):
        curriculum_of(**wrong)


def test_oversampling_ranks_over_all_strata():
    cases = [CurriculumCase(case_id=f"c{i:03d}", stratum="easy" if i < 10 else "hard") for i in range(20)]
    draw = curriculum_of("hard-oversampled", cases=cases).plan(0)
    assert draw.ids[draw.probabilities.argmax()] == "c019" and draw.ids[draw.probabilities.argmin()] == "c000"
    assert draw.probabilities.tolist() == sorted(draw.probabilities)


def test_a_pool_that_never_reaches_all_cases_is_worth_a_caution():
    (caution,) = curriculum_of(full_at=1.6).description.cautions
    assert "The pool ends at 80%" in str(caution)  # sqrt(1/16 + 15/16 * 0.99 / 1.6) = 0.80
    assert not curriculum_of().description.cautions


def test_the_foreground_share_falls_from_lesions_first_to_the_usual_mixture():
    curriculum = curriculum_of("foreground")
    shares = [curriculum.plan(step).foreground_ratio for step in (0, 25, 50, 99)]
    assert shares == pytest.approx([1.0, 0.665, 0.33, 0.33])
    assert len(curriculum.plan(0).ids) == 20
    assert curriculum_of("curriculum").plan(0).foreground_ratio is None
    assert curriculum_of("curriculum", foreground_start=0.8).plan(0).foreground_ratio == 0.8


@pytest.mark.parametrize("name", ["random-order", "transfer-teacher", "anti", "baby-step", "competence", "size-only"])
def test_a_growing_pool_never_loses_a_case(name):
    curriculum = curriculum_of(name, cases=cohort(30, strata="AB", lesion_free_every=5))
    pools = [set(curriculum.plan(step).ids) for step in range(100)]
    assert all(before <= after for before, after in pairwise(pools))
    assert len(pools[-1]) == 30


def test_random_order_has_the_pool_sizes_of_the_curriculum():
    arms = [curriculum_of(name, count=50) for name in ("transfer-teacher", "random-order", "anti")]
    sizes = [[len(arm.plan(step).ids) for step in range(100)] for arm in arms]
    assert sizes[0] == sizes[1] == sizes[2]


def test_pacing_follows_the_step_and_not_the_epoch():
    short, long = curriculum_of(total_steps=100), curriculum_of(total_steps=1000)
    for step in range(100):
        assert short.plan(step).ids == long.plan(10 * step).ids


def test_a_pacing_function_states_a_share_for_every_step_of_a_single_case():
    curriculum = curriculum_of(count=1, start=0.01)
    assert curriculum.plan(0).ids == ("c000",)
    assert PACINGS["linear"](start=0.01).window(Progress(0, 10, 1)) == (0.0, 0.01)


def test_an_unknown_method_is_not_explained():
    with pytest.raises(UsageError, match="Did you mean vanilla"):
        get_method("vanila")


def test_so_few_cases_that_all_are_drawn_from_the_start_are_worth_a_caution():
    (caution,) = curriculum_of(count=8, minimum_pool=None).description.cautions  # max(8, 4 x 2, 5 %) = 8
    assert "The smallest pool holds all 8 cases" in str(caution)
    assert not curriculum_of("vanilla", count=8, minimum_pool=None).description.cautions
    assert not curriculum_of(count=9, minimum_pool=None).description.cautions
