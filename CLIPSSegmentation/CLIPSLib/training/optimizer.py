"""What changes the weights, and the running mean of them. Called by the engine."""

from __future__ import annotations

import torch
from torch import nn

from CLIPSLib.training.recipe import OptimizerRecipe


def build_optimizer(network: nn.Module, recipe: OptimizerRecipe) -> torch.optim.Optimizer:
    """AdamW, or SGD with Nesterov momentum. Norms and biases (one-dimensional) are not pulled towards 0."""
    weights = [weight for weight in network.parameters() if weight.dim() > 1]
    others = [weight for weight in network.parameters() if weight.dim() <= 1]
    groups = [
        {"params": weights, "weight_decay": recipe.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    if recipe.name == "sgd":
        momentum = recipe.momentum
        return torch.optim.SGD(groups, recipe.learning_rate, momentum=momentum, nesterov=momentum > 0)
    return torch.optim.AdamW(groups, recipe.learning_rate)


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Give all weights this learning rate."""
    for group in optimizer.param_groups:
        group["lr"] = rate


class RunningMean:
    """The exponential mean of a network's weights and of the statistics of its norms, in float32 on its device; counts
    are copied as they are.

    At step s the share min(decay, (1 + s) / (10 + s)) of the mean stays, so that random first weights are soon gone.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self._decay = decay
        self.state = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Take in the weights after step `step`."""
        stays = min(self._decay, (1.0 + step) / (10.0 + step))
        for name, tensor in network.state_dict().items():
            mean = self.state[name]
            if mean.is_floating_point():
                mean.lerp_(tensor.to(mean), 1.0 - stays)
            else:
                mean.copy_(tensor)
