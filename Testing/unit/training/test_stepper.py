"""One step: the order of unscaling, clipping and changing; numbers that are none; a half that stays still."""

from __future__ import annotations

import math

import pytest
from CLIPSLib.errors import Failure
from CLIPSLib.training.overrides import with_values
from CLIPSLib.training.recipe import Recipe
from CLIPSLib.training.types import Batch

torch = pytest.importorskip("torch")

from CLIPSLib.training import stepper as stepper_module  # noqa: E402
from CLIPSLib.training.stepper import Stepper  # noqa: E402

CPU = torch.device("cpu")


class Voxelwise(torch.nn.Module):
    """The smallest network: two classes by one convolution, normalized by the batch before."""

    def __init__(self) -> None:
        super().__init__()
        self.convInit = torch.nn.Sequential(torch.nn.BatchNorm3d(1))  # of the encoder, by SegResNet's names
        self.conv_final = torch.nn.Conv3d(1, 2, 1)

    def forward(self, images):
        return self.conv_final(self.convInit(images))


def make(**values) -> Stepper:
    torch.manual_seed(0)
    recipe = with_values(Recipe(), {"training.device": "cpu", **{k.replace("__", "."): v for k, v in values.items()}})
    return Stepper(Voxelwise(), recipe, CPU)


def batch(count: int = 2, fill: float | None = None) -> Batch:
    random = torch.Generator().manual_seed(1)
    images = torch.randn((count, 1, 4, 4, 4), generator=random)
    if fill is not None:
        images[0] = fill
    labels = torch.randint(2, (count, 1, 4, 4, 4), generator=random).to(torch.uint8)
    return Batch(images=images, labels=labels, case_ids=tuple(f"case-{n}" for n in range(count)))


def weights(stepper: Stepper) -> dict:
    return {name: tensor.clone() for name, tensor in stepper.network.state_dict().items()}


def with_scaler(stepper: Stepper, scale: float = 65536.0) -> Stepper:
    """As on a graphics card with fp16: gradients are of the loss times `scale`."""
    stepper.scaler = torch.amp.GradScaler("cpu", init_scale=scale)
    return stepper


def test_gradients_are_clipped_at_their_true_size_whatever_the_loss_was_scaled_by():
    """Clipped before they were unscaled, they would be 65536 times too small."""
    plain = make(optimizer__clip_norm=0.01, optimizer__name="sgd", optimizer__momentum=0.0)
    scaled = with_scaler(make(optimizer__clip_norm=0.01, optimizer__name="sgd", optimizer__momentum=0.0))
    results = [each.step(0, 1.0, batch(), [1.0, 1.0]) for each in (plain, scaled)]
    assert results[0].gradient_norm == pytest.approx(results[1].gradient_norm, rel=1e-5)
    assert results[0].gradient_norm > 0.01
    one, two = weights(plain), weights(scaled)
    assert all(torch.allclose(one[name], two[name], atol=1e-7) for name in one)


def test_a_clipped_step_is_as_long_as_the_limit():
    stepper = make(
        optimizer__clip_norm=0.01, optimizer__name="sgd", optimizer__momentum=0.0, optimizer__weight_decay=0.0
    )
    before = weights(stepper)
    stepper.step(0, 1.0, batch(), [1.0, 1.0])
    moved = [weights(stepper)[name] - before[name] for name, _ in stepper.network.named_parameters()]
    assert math.sqrt(sum(float((each**2).sum()) for each in moved)) == pytest.approx(0.01, rel=1e-3)


def test_a_step_whose_gradient_overflows_in_fp16_is_left_out_and_told_as_such(monkeypatch):
    stepper = with_scaler(make())
    before = weights(stepper)
    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", _overflowing(stepper))
    result = stepper.step(0, 1.0, batch(), [1.0, 1.0])
    assert result.gradient_norm is None
    after = weights(stepper)
    assert all(torch.equal(before[name], after[name]) for name, _ in stepper.network.named_parameters())


@pytest.mark.parametrize("scale", [None, 1.0])
def test_a_gradient_that_is_no_number_stops_where_no_scale_explains_it(monkeypatch, scale):
    """In float32 at once; in fp16 when even losses that are not scaled up give none."""
    stepper = make() if scale is None else with_scaler(make(), scale)
    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", _overflowing(stepper))
    with pytest.raises(Failure, match=r"The gradient of step 7 is no finite number; .* case-0, case-1"):
        stepper.step(7, 1.0, batch(), [1.0, 1.0])


def _overflowing(stepper: Stepper):
    """What clipping finds when a gradient is infinite, as unscaling has noticed before."""

    def clip(parameters, limit):
        if stepper.scaler.is_enabled():
            found = {"found_inf_per_device": {CPU: torch.ones(1)}}
            stepper.scaler._per_optimizer_states[id(stepper.optimizer)].update(found)
        return torch.tensor(math.inf)

    return clip


def test_a_loss_that_is_no_number_names_its_case_and_leaves_the_weights():
    stepper = make()
    before = weights(stepper)
    with pytest.raises(Failure, match=r"The loss of step 3 .* case-0, case-1"):  # by the norm of the batch both are
        stepper.step(3, 1.0, batch(fill=math.nan), [1.0, 1.0])
    after = weights(stepper)
    assert all(torch.equal(before[name], after[name]) for name, _ in stepper.network.named_parameters())


def test_a_still_encoder_keeps_the_statistics_of_its_norms_too():
    stepper = make(network__freeze_encoder_steps=2)
    for step in range(2):
        stepper.step(step, 0.1, batch(), [1.0, 1.0])
    assert stepper.network.convInit[0].running_mean.abs().sum() == 0
    stepper.step(2, 0.1, batch(), [1.0, 1.0])
    assert stepper.network.convInit[0].running_mean.abs().sum() > 0


def test_short_numbers_on_a_cpu_train_and_judge_in_float32(monkeypatch):
    seen = []
    judge = stepper_module.case_losses
    monkeypatch.setattr(stepper_module, "case_losses", lambda *given: seen.append(given[0].dtype) or judge(*given))
    result = make(training__precision="bf16").step(0, 1e-3, batch(), [1.0, 1.0])
    assert seen == [torch.bfloat16]
    assert all(math.isfinite(loss) for loss in result.losses)


def test_the_loss_that_is_minimized_is_the_mean_of_the_weighted_ones():
    result = make().step(0, 1e-3, batch(3), [1.0, 0.0, 4.0])
    assert result.loss == pytest.approx((result.losses[0] + 4 * result.losses[2]) / 3, rel=1e-6)


def test_going_on_keeps_moments_and_takes_weight_decay_and_momentum_from_the_recipe():
    values = {"optimizer__name": "sgd", "optimizer__momentum": 0.9, "optimizer__weight_decay": 0.1}
    first = make(**values)
    first.step(0, 0.1, batch(), [1.0, 1.0])
    second = make(**{**values, "optimizer__momentum": 0.5, "optimizer__weight_decay": 0.0})
    second.load(first.tensors())
    assert {(g["momentum"], g["weight_decay"]) for g in second.optimizer.param_groups} == {(0.5, 0.0)}
    assert len(second.optimizer.state) == len(first.optimizer.state) > 0


def test_parts_of_a_batch_are_weighted_as_in_the_whole():
    whole, parts = (make(training__accumulate=n, optimizer__name="sgd", optimizer__momentum=0.0) for n in (1, 3))
    for each in (whole, parts):
        each.network.convInit.eval()
        each.network.train = lambda: None  # norms of a batch differ in parts; here only the loss is of interest
        each.step(0, 1.0, batch(3), [1.0, 0.5, 3.0])
    one, two = weights(whole), weights(parts)
    assert all(torch.allclose(one[name], two[name], atol=1e-6) for name in one)
