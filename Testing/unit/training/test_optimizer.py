"""The running mean of weights, what is decayed, precision, and random numbers that carry nothing over."""

from __future__ import annotations

import pytest
from CLIPSLib.errors import UsageError
from CLIPSLib.training.recipe import OptimizerRecipe, TrainingRecipe

torch = pytest.importorskip("torch")

from CLIPSLib.training.computing import choose_precision, seed_step  # noqa: E402
from CLIPSLib.training.optimizer import RunningMean, build_optimizer, set_rate  # noqa: E402


def layer(value: float):
    made = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(made.weight, value)
    return made


def test_the_running_mean_is_soon_free_of_the_first_weights():
    """At steps 0, 1, 2 the shares 1/10, 2/11, 3/12 of the mean stay."""
    network = layer(0.0)
    mean = RunningMean(network, 0.999)
    torch.nn.init.constant_(network.weight, 1.0)
    value = 0.0
    for step, stays in enumerate((1 / 10, 2 / 11, 3 / 12)):
        mean.update(network, step)
        value = stays * value + (1 - stays)
        assert mean.state["weight"].item() == pytest.approx(value, abs=1e-6)


def test_late_the_decay_of_the_recipe_holds():
    network = layer(0.0)
    mean = RunningMean(network, 0.9)
    torch.nn.init.constant_(network.weight, 1.0)
    mean.update(network, 10**6)
    assert mean.state["weight"].item() == pytest.approx(0.1, abs=1e-6)


def test_norms_and_biases_are_not_pulled_to_zero():
    network = torch.nn.Sequential(torch.nn.Conv3d(1, 2, 3), torch.nn.InstanceNorm3d(2, affine=True))
    optimizer = build_optimizer(network, OptimizerRecipe(weight_decay=0.1))
    assert [(group["weight_decay"], len(group["params"])) for group in optimizer.param_groups] == [(0.1, 1), (0.0, 3)]
    set_rate(optimizer, 0.5)
    assert {group["lr"] for group in optimizer.param_groups} == {0.5}


def test_sgd_has_nesterov_momentum():
    optimizer = build_optimizer(layer(1.0), OptimizerRecipe(name="sgd", momentum=0.99))
    assert all(group["nesterov"] and group["momentum"] == 0.99 for group in optimizer.param_groups)


def test_precision_suits_the_device():
    cpu = torch.device("cpu")
    assert choose_precision(TrainingRecipe(), cpu) == torch.float32
    assert choose_precision(TrainingRecipe(precision="bf16"), cpu) == torch.bfloat16
    with pytest.raises(UsageError, match="needs a graphics card"):
        choose_precision(TrainingRecipe(precision="fp16"), cpu)


def test_random_numbers_of_a_step_know_nothing_of_the_past():
    with torch.random.fork_rng():
        seed_step(3, 10)
        first = torch.rand(4)
        torch.rand(100)
        seed_step(3, 10)
        assert torch.equal(first, torch.rand(4))
        seed_step(3, 11)
        assert not torch.equal(first, torch.rand(4))
