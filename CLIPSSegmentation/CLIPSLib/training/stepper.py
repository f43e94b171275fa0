"""One step of training: forward, loss, backward, change of the weights. Called by the engine.

Everything that happens in a step is a function of the weights, of the batch and of (seed, step).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm as BatchNorm

from CLIPSLib.errors import Failure
from CLIPSLib.segmentation.sliding_window.device import free_cached_memory, is_out_of_memory
from CLIPSLib.training.computing import choose_precision, seed_step
from CLIPSLib.training.losses import case_losses
from CLIPSLib.training.optimizer import RunningMean, build_optimizer, set_rate
from CLIPSLib.training.recipe import Recipe
from CLIPSLib.training.start import freeze_encoder
from CLIPSLib.training.types import Batch

_LEAST_SCALE = 1.0  # of losses in fp16: gradients that are no numbers even so are not too large, but wrong


@dataclass(frozen=True)
class StepResult:
    """losses: of each patch, unweighted; loss: their weighted mean, which was minimized; gradient_norm: before it was
    clipped; None where it was no number and the step was left out (fp16 now and then)."""

    loss: float
    losses: tuple[float, ...]
    gradient_norm: float | None


class Stepper:
    """Network, optimizer and all that changes with a step."""

    def __init__(self, network: nn.Module, recipe: Recipe, device: torch.device) -> None:
        self.recipe, self.device = recipe, device
        self.precision = choose_precision(recipe.training, device)
        layout = {"memory_format": torch.channels_last_3d} if device.type == "cuda" else {}
        self.network = network.to(device, **layout)
        self.optimizer = build_optimizer(self.network, recipe.optimizer)
        self.scaler = torch.amp.GradScaler(device.type, enabled=self.precision == torch.float16)
        self.mean = RunningMean(self.network, recipe.training.ema) if recipe.training.ema else None
        self._frozen = False
        self._still: list[nn.Module] = []  # norms whose statistics stay while the encoder does

    def step(self, step: int, rate: float, batch: Batch, weights: Sequence[float]) -> StepResult:
        """Change the weights once. weights: what the loss of each patch is multiplied by.

        Raises:
            Failure: the loss or the gradient is no number, with the cases named (weights are as before); out of memory,
                with what to change.
        """
        seed_step(self.recipe.training.seed, step)
        self._freeze(step < self.recipe.network.freeze_encoder_steps)
        set_rate(self.optimizer, rate)
        self.network.train()
        for norm in self._still:
            norm.eval()
        try:
            losses = self._backward(batch, torch.as_tensor(weights, dtype=torch.float32))
            return self._change(step, batch, losses, weights)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            self.optimizer.zero_grad(set_to_none=True)
            free_cached_memory(self.device)
            raise _out_of_memory(self.recipe, self.device) from error

    def weights_to_use(self) -> Mapping[str, torch.Tensor]:
        """The weights that are validated and handed out: the running mean where there is one."""
        return self.network.state_dict() if self.mean is None else self.mean.state

    def autocast(self) -> torch.autocast:
        """The arithmetic in which the network runs."""
        half = self.precision != torch.float32
        return torch.autocast(self.device.type, dtype=self.precision if half else None, enabled=half)

    def tensors(self) -> dict[str, Any]:
        """Everything that a checkpoint needs of this."""
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "mean": None if self.mean is None else self.mean.state,
        }

    def load(self, tensors: Mapping[str, Any]) -> None:
        """Go on from what a checkpoint holds; what it does not hold (a fork may drop it) begins from its weights."""
        self.network.load_state_dict(tensors["network"])
        if tensors["optimizer"] is not None:
            self._load_optimizer(tensors["optimizer"])
        if tensors["scaler"]:
            self.scaler.load_state_dict(tensors["scaler"])
        if self.mean is not None:
            mean = tensors["mean"] or tensors["network"]
            self.mean.state = {name: tensor.detach().clone().to(self.device) for name, tensor in mean.items()}

    def _load_optimizer(self, state: Mapping[str, Any]) -> None:
        """Its moments; weight decay and momentum are the recipe's, which may have changed."""
        own = [{name: value for name, value in g.items() if name != "params"} for g in self.optimizer.param_groups]
        self.optimizer.load_state_dict(state)
        for group, values in zip(self.optimizer.param_groups, own, strict=True):
            group.update(values)

    def _backward(self, batch: Batch, weights: torch.Tensor) -> list[float]:
        """Gradients of the weighted mean loss, in as many parts as the recipe says; the losses of the patches."""
        self.optimizer.zero_grad(set_to_none=True)
        count = len(batch.case_ids)
        size = math.ceil(count / self.recipe.training.accumulate)
        losses = []
        for first in range(0, count, size):
            pieces = slice(first, first + size)
            part = batch.part(pieces).to(self.device)
            with self.autocast():
                outputs = self.network(part.images)
            each = case_losses(outputs, part, self.recipe.loss)
            self.scaler.scale((each * weights[pieces].to(each)).sum() / count).backward()
            losses.append(each.detach())
        return torch.cat(losses).tolist()

    def _change(self, step: int, batch: Batch, losses: list[float], weights: Sequence[float]) -> StepResult:
        bad = [case for case, loss in zip(batch.case_ids, losses, strict=True) if not math.isfinite(loss)]
        if bad:
            raise _not_a_number("loss", step, bad)
        self.scaler.unscale_(self.optimizer)
        limit = self.recipe.optimizer.clip_norm or math.inf
        norm = float(nn.utils.clip_grad_norm_(self.network.parameters(), limit))
        if not math.isfinite(norm) and self._scale() <= _LEAST_SCALE:
            raise _not_a_number("gradient", step, batch.case_ids)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        if self.mean is not None:
            self.mean.update(self.network, step)
        loss = sum(w * x for w, x in zip(weights, losses, strict=True)) / len(losses)
        return StepResult(float(loss), tuple(losses), norm if math.isfinite(norm) else None)

    def _scale(self) -> float:
        """What losses are multiplied by. With fp16, a step whose gradient is no number is left out and this halved."""
        return self.scaler.get_scale() if self.scaler.is_enabled() else 0.0

    def _freeze(self, frozen: bool) -> None:
        if frozen != self._frozen:
            modules = freeze_encoder(self.network, self.recipe.network.name, frozen=frozen)
            self._still = [module for module in modules if frozen and isinstance(module, BatchNorm)]
            self._frozen = frozen


def _not_a_number(what: str, step: int, cases: Sequence[str]) -> Failure:
    return Failure(
        "not-a-number",
        f"The {what} of step {step} is no finite number; it came from the case(s) {', '.join(dict.fromkeys(cases))}",
        f"step {step}",
        "Look at these images and masks first. If they are sound: a smaller optimizer.learning_rate, or precision "
        "'float32'. The weights of the last checkpoint are unharmed.",
    )


def _out_of_memory(recipe: Recipe, device: torch.device) -> Failure:
    training, patch = recipe.training, recipe.data.patch
    if training.accumulate < training.batch:
        more = min(training.batch, training.accumulate * 2)
        remedy = f"Resume with --set training.accumulate={more}: the same result in smaller parts."
    else:
        smaller = [max(32, side * 3 // 4 // 32 * 32) for side in patch]
        remedy = f"Start a new run with data.patch = {smaller}, or a narrower network (network.options.filters)."
    size = " x ".join(map(str, patch))
    at_once = math.ceil(training.batch / training.accumulate)
    what = f"The memory of the device '{device}' does not hold {at_once} patch(es) of {size} voxels at a time"
    return Failure("out-of-memory", what, "training", remedy)
