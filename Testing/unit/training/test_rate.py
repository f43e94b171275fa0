"""The learning rate as a function of the step, and of what is said when a run is made longer."""

from __future__ import annotations

import math

import pytest
from CLIPSLib.schema import from_document, to_document
from CLIPSLib.training.rate import RatePlan, first_plan
from CLIPSLib.training.recipe import OptimizerRecipe

COSINE = OptimizerRecipe(learning_rate=1.0, schedule="cosine", warmup=0.1)


def test_the_rate_rises_then_falls_as_half_a_cosine():
    """100 steps, 10 of warm-up: (s + 1) / 11, then (1 + cos(pi (s - 10) / 90)) / 2."""
    plan = first_plan(100)
    assert plan.rate(0, COSINE) == pytest.approx(1 / 11)
    assert plan.rate(9, COSINE) == pytest.approx(10 / 11)
    assert plan.rate(10, COSINE) == 1.0
    assert plan.rate(55, COSINE) == pytest.approx(0.5)
    assert plan.rate(99, COSINE) == pytest.approx(0.5 * (1 + math.cos(math.pi * 89 / 90)))


def test_poly_is_that_of_nnunet():
    """(1 - s / S)^0.9."""
    poly = OptimizerRecipe(learning_rate=0.01, schedule="poly", warmup=0.0)
    assert first_plan(1000).rate(250, poly) == pytest.approx(0.01 * 0.75**0.9)


def test_a_run_without_limit_has_a_constant_rate():
    constant = OptimizerRecipe(learning_rate=0.5, schedule="constant")
    assert [first_plan(0).rate(step, constant) for step in (0, 10, 10**7)] == [0.5, 0.5, 0.5]


def test_a_longer_run_keeps_stretches_or_begins_anew():
    plan = first_plan(100)
    kept = plan.extended(80, 200, "keep", COSINE)
    assert kept.rate(80, COSINE) == kept.rate(199, COSINE) == plan.rate(79, COSINE)
    stretched = plan.extended(80, 200, "rescale", COSINE)
    assert stretched.rate(80, COSINE) == first_plan(200).rate(80, COSINE)
    anew = plan.extended(80, 200, "restart", COSINE)
    assert [anew.rate(80 + s, COSINE) for s in (0, 60, 119)] == [first_plan(120).rate(s, COSINE) for s in (0, 60, 119)]
    for longer in (kept, stretched, anew):
        assert longer.rate(79, COSINE) == plan.rate(79, COSINE)


def test_a_plan_survives_a_checkpoint():
    plan = first_plan(100).extended(80, 200, "restart", COSINE)
    assert from_document(RatePlan, to_document(plan)) == plan
