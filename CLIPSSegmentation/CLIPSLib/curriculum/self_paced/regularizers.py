"""The regularizers of self-paced learning: from losses and the age lambda to weights, in closed form.

Self-paced learning minimizes sum v_i l_i + f(v; lambda) over weights v in [0, 1]; each class is one f, `weights` its
minimizer. Losses are float64 [n] and not negative; the threshold is the age (Kumar, Packer and Koller, NeurIPS 2010).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Protocol

import numpy as np

from CLIPSLib.errors import UsageError
from CLIPSLib.schema import Range

_JIANG = "Jiang et al., Easy samples first: self-paced reranking, ACM Multimedia 2014"


class Regularizer(Protocol):
    """A frozen dataclass of its parameters. highest: the largest age for which it is defined, None for any."""

    formula: ClassVar[str]
    source: ClassVar[str]
    highest: ClassVar[float | None]

    def weights(self, losses: np.ndarray, age: float) -> np.ndarray:
        """v in [0, 1], float64 [n]; never larger for a larger loss. age: lambda > 0."""
        ...


@dataclass(frozen=True, kw_only=True)
class Hard:
    formula: ClassVar = "v = 1 if l <= lambda else 0"
    source: ClassVar = "Kumar, Packer and Koller, Self-paced learning for latent variable models, NeurIPS 2010"
    highest: ClassVar = None

    def weights(self, losses: np.ndarray, age: float) -> np.ndarray:
        return (losses <= age).astype(float)  # the case at the threshold is in: otherwise a pool of n holds n - 1


@dataclass(frozen=True, kw_only=True)
class LinearWeights:
    formula: ClassVar = "v = max(0, 1 - l / lambda)"
    source: ClassVar = _JIANG
    highest: ClassVar = None

    def weights(self, losses: np.ndarray, age: float) -> np.ndarray:
        return np.maximum(0.0, 1.0 - losses / age)


@dataclass(frozen=True, kw_only=True)
class Logarithmic:
    formula: ClassVar = "v = ln(l + zeta) / ln zeta if l < lambda else 0, zeta = 1 - lambda, 0 < lambda < 1"
    source: ClassVar = _JIANG
    highest: ClassVar = 0.95  # the formula needs less than 1; close to it the weights degenerate

    def weights(self, losses: np.ndarray, age: float) -> np.ndarray:
        if not 0.0 < age < 1.0:
            what = f"The logarithmic regularizer needs an age between 0 and 1, not {age:g}"
            raise UsageError("age-out-of-range", what, "", "Rescale the losses.")
        zeta = 1.0 - age
        inside = np.minimum(losses, age)  # ln(age + zeta) = 0: what lies above gets weight 0
        return np.clip(np.log(inside + zeta) / np.log(zeta), 0.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class Mixture:
    formula: ClassVar = "v = 1 if l <= lambda2; 0 if l >= lambda1; else zeta (1/l - 1/lambda1), " + (
        "zeta = lambda1 lambda2 / (lambda1 - lambda2), lambda1 = lambda, lambda2 = ratio lambda"
    )
    source: ClassVar = _JIANG
    highest: ClassVar = None

    ratio: Annotated[float, Range(0.01, 0.99), "mixture: losses below ratio x lambda have full weight"] = 0.5

    def weights(self, losses: np.ndarray, age: float) -> np.ndarray:
        lower = self.ratio * age
        zeta = age * lower / (age - lower)
        return np.clip(zeta * (1.0 / np.maximum(losses, lower) - 1.0 / age), 0.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class Mixture2:
    formula: ClassVar = "v = 1 if l <= (lambda gamma / (lambda + gamma))^2; 0 if l >= lambda^2; " + (
        "else gamma (1/sqrt(l) - 1/lambda), gamma = softness lambda"
    )
    source: ClassVar = "Zhao et al., Self-paced learning for matrix factorization, AAAI 2015"
    highest: ClassVar = None

    softness: Annotated[float, Range(0.01, 100.0), "mixture2: gamma / lambda; larger is closer to hard"] = 1.0

    def weights(self, losses: np.ndarray, age: float) -> np.ndarray:
        root = np.sqrt(age)  # the age of all classes is a loss; this formula's lambda is its root
        gamma = self.softness * root
        full = root * gamma / (root + gamma)
        return np.clip(gamma * (1.0 / np.maximum(np.sqrt(losses), full) - 1.0 / root), 0.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class Logistic:
    formula: ClassVar = "v = (1 + e^-lambda) / (1 + e^(l - lambda)); never exactly 0"
    source: ClassVar = "Xu, Tao and Xu, Multi-view self-paced learning for clustering, IJCAI 2015"
    highest: ClassVar = None

    def weights(self, losses: np.ndarray, age: float) -> np.ndarray:
        return (1.0 + np.exp(-age)) / (1.0 + np.exp(np.minimum(losses - age, 700.0)))


@dataclass(frozen=True, kw_only=True)
class Polynomial:
    formula: ClassVar = "v = (1 - l / lambda)^(1 / (degree - 1)) if l < lambda else 0"
    source: ClassVar = (
        "Gong et al., Decomposition-based evolutionary multiobjective optimization to self-paced learning, "
        "IEEE TEVC 2019"
    )
    highest: ClassVar = None

    degree: Annotated[float, Range(1.001, 100.0), "polynomial: t > 1; 2 is linear, the larger the closer to hard"] = 3.0

    def weights(self, losses: np.ndarray, age: float) -> np.ndarray:
        return np.maximum(0.0, 1.0 - losses / age) ** (1.0 / (self.degree - 1.0))


REGULARIZERS: dict[str, type[Regularizer]] = {
    "hard": Hard,
    "linear": LinearWeights,
    "logarithmic": Logarithmic,
    "mixture": Mixture,
    "mixture2": Mixture2,
    "logistic": Logistic,
    "polynomial": Polynomial,
}
