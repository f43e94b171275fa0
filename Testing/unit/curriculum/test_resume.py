"""Exact resume at every step, whatever was prefetched; and states of another plan, which are refused."""

from __future__ import annotations

import json

import pytest
from builders_curriculum import cohort, curriculum_of
from CLIPSLib.curriculum import Curriculum, DrawTrace, draw_ids, list_curricula
from CLIPSLib.errors import Refusal

CASES = cohort(24, strata="AB", lesion_free_every=6)
STEPS = 60
ALL = [method.name for method in list_curricula()]


def _new(name: str, **options) -> Curriculum:
    return curriculum_of(name, cases=CASES, total_steps=STEPS, lag=5, **options)


def _loss(case_id: str, step: int) -> float:
    return int(case_id[1:]) / 24 + 0.3 * ((7 * step + int(case_id[1:])) % 5)


def _train(curriculum: Curriculum, steps: range, *, prefetched: int = 0) -> list:
    """The batches and weights of steps, with plans asked for ahead as workers would."""
    seen = []
    for step in steps:
        draw = curriculum.plan(step)
        for ahead in range(step + 1, min(step + 1 + prefetched, STEPS)):
            curriculum.plan(ahead)
        ids = draw_ids(draw, step, 0, 3)
        seen.append((ids, draw.loss_weights_of(ids).tolist(), draw.foreground_ratio))
        curriculum.observe(step, ids, [_loss(case_id, step) for case_id in ids])
        if step % 7 == 6:
            curriculum.observe_performance(step, (step % 10) / 10)
    return seen


@pytest.mark.parametrize("name", ALL)
def test_a_run_resumed_at_any_step_goes_on_as_if_nothing_had_happened(name):
    whole = _new(name)
    expected, states = [], []
    for step in range(STEPS):
        states.append(json.dumps(whole.state_dict()))
        expected += _train(whole, range(step, step + 1))
    for step in range(0, STEPS, 1 if "self-paced" in name else 13):
        resumed = _new(name)
        resumed.load_state_dict(json.loads(states[step]))
        assert resumed.state_dict() == json.loads(states[step])
        assert _train(resumed, range(step, STEPS)) == expected[step:]


@pytest.mark.parametrize("options", [{"update_every": 1}, {"update_every": 4, "regularizer": "hard"}])
@pytest.mark.parametrize("prefetched", [1, 4])
def test_prefetching_workers_change_nothing(options, prefetched):
    alone, with_workers = _new("self-paced", **options), _new("self-paced", **options)
    assert _train(alone, range(STEPS)) == _train(with_workers, range(STEPS), prefetched=prefetched)
    assert alone.state_dict() == with_workers.state_dict()


def test_performance_gated_pacing_resumes_too():
    options = {"pacing": "performance-gated", "start": 0.2, "rate": 0.3, "full_at": 0.9}
    whole = _new("curriculum", **options)
    first = _train(whole, range(30))
    resumed = _new("curriculum", **options)
    resumed.load_state_dict(json.loads(json.dumps(whole.state_dict())))
    assert _train(resumed, range(30, STEPS)) == _train(whole, range(30, STEPS))
    assert first


def test_a_plan_can_be_asked_again():
    curriculum = _new("self-paced", update_every=1)
    _train(curriculum, range(20))
    before = curriculum.state_dict()
    first, second = curriculum.plan(24), curriculum.plan(21)
    assert curriculum.plan(24).ids == first.ids
    assert curriculum.plan(21).loss_weights.tolist() == second.loss_weights.tolist()
    assert curriculum.state_dict() == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seed": 1}, "curriculum: the seed differ"),
        ({"total_steps": 61}, "the number of steps differ"),
        ({"full_at": 0.3}, "the options differ"),
        ({"cases": cohort(23, strata="AB", lesion_free_every=6)}, "the list of cases, the order of the cases"),
        ({"scores": {f"c{i:03d}": -float(i) for i in range(24)}}, "the order of the cases, the table of scores differ"),
    ],
)
def test_a_state_of_another_plan_is_refused_unless_overridden(change, words):
    state = _new("curriculum").state_dict()
    other = curriculum_of(**({"cases": CASES, "total_steps": STEPS, "lag": 5} | change))
    with pytest.raises(Refusal, match=words):
        other.load_state_dict(state)
    other.load_state_dict(state, override=True)
    assert other.plan(3).ids


def test_a_state_of_another_method_is_refused():
    with pytest.raises(Refusal, match=r"the method, .* differ .*anti then, curriculum now"):
        _new("curriculum").load_state_dict(_new("anti").state_dict())


@pytest.mark.parametrize(
    "damage",
    [
        lambda state: state.clear(),
        lambda state: state.update(version=2),
        lambda state: state.pop("memory"),
        lambda state: state["memory"].pop("losses"),
        lambda state: state["memory"].update(pending=[[1]]),
        lambda state: state.update(performances=[1]),
    ],
)
def test_a_damaged_state_is_refused(damage):
    curriculum = _new("self-paced")
    _train(curriculum, range(10))
    state = curriculum.state_dict()
    damage(state)
    with pytest.raises(Refusal):
        _new("self-paced").load_state_dict(state)


def test_a_trace_resumes_with_the_run():
    def traced(steps, curriculum, trace):
        for step in steps:
            draw = curriculum.plan(step)
            trace.record(step, draw, draw_ids(draw, step, 0, 3))
        return trace

    curriculum = _new("curriculum")

    def fresh():
        return DrawTrace(curriculum.description, CASES, steps_per_row=8)

    whole, half = traced(range(STEPS), curriculum, fresh()), traced(range(29), curriculum, fresh())
    resumed = fresh()
    resumed.load_state_dict(json.loads(json.dumps(half.state_dict())))
    traced(range(29, STEPS), curriculum, resumed)
    assert resumed.state_dict() == whole.state_dict()
    assert resumed.rows == whole.rows
    with pytest.raises(Refusal, match="another curriculum"):
        DrawTrace(_new("anti").description, CASES, steps_per_row=8).load_state_dict(half.state_dict())
