"""The design of an experiment (`experiment.toml`): arms, folds, seeds, endpoint, margin; declared before the first run.

Frozen and hashed by `freeze.py`; checked by `fairness.py`; turned into runs by `plan.py`. Every field says what it does
in words that serve as comment and tooltip, as in the recipe of a run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from CLIPSLib.schema import Pattern, Range

Name = Annotated[str, Pattern(r"[a-z0-9][a-z0-9-]{0,39}", "lower-case letters, digits and '-'")]

VANILLA_METHOD, RANDOM_METHOD, YOKED_METHOD, ANTI_METHOD = "vanilla", "random-order", "yoked-random", "anti"
CONTROL_METHODS = (VANILLA_METHOD, RANDOM_METHOD, YOKED_METHOD, ANTI_METHOD)


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One way of drawing cases that is compared with the others."""

    name: Annotated[Name, "Name in tables and figures."]
    curriculum: Annotated[str, "Method, as 'clips curriculum list' names it."]
    options: Annotated[Mapping[str, Any], "Settings of that method (pacing, full_at, ...)."] = field(
        default_factory=dict
    )
    difficulty: Annotated[
        Literal["none", "cross-review", "table"],
        "Where the order comes from. 'cross-review': networks trained inside the training part of each fold score the "
        "cases that they did not see; 'table': the file 'table'; 'none': the method needs no order.",
    ] = "none"
    table: Annotated[str, "A difficulty table (difficulty.json), relative to this file."] = ""
    follows: Annotated[str, "Of 'yoked-random': the arm whose pool sizes it repeats."] = ""
    learning_rate: Annotated[
        float | None, Range(1e-8, 1.0), "Another learning rate than the recipe's. A deviation: the report says so."
    ] = None
    steps: Annotated[
        int | None,
        Range(1),
        "Other steps than the design's, for a second vanilla arm only: it shows what the cost of a curriculum's scores "
        "would have brought as training.",
    ] = None

    def __post_init__(self) -> None:
        if (self.difficulty == "table") != bool(self.table):
            raise ValueError(f"arm '{self.name}': 'table' belongs to difficulty = 'table', and is needed there")
        if (self.curriculum == YOKED_METHOD) != bool(self.follows):
            raise ValueError(
                f"arm '{self.name}': 'follows' belongs to curriculum = '{YOKED_METHOD}', and is needed there"
            )


@dataclass(frozen=True, kw_only=True)
class CrossReview:
    """Scores by networks that never saw the case (Hacohen and Weinshall 2019), inside each training fold."""

    folds: Annotated[int, Range(2, 20), "Parts of the training cases; each is scored by a network of the others."] = 4
    budget: Annotated[
        float, Range(0.01, 1.0), "Steps of those networks, as a share of an arm's. Charged to the arms that use them."
    ] = 0.25
    measure: Annotated[
        Literal["loss", "dice"], "What is scored: 'loss', of probabilities over the whole image, or 'dice': 1 - Dice."
    ] = "loss"


@dataclass(frozen=True, kw_only=True)
class HardSubset:
    """The patients on whom a curriculum is to prove itself, chosen before the first run."""

    share: Annotated[float, Range(0.05, 0.95), "Share of the cases that count as hard."] = 1 / 3
    table: Annotated[
        str, "Difficulty table that ranks them. Empty: the smallest tumor volumes of the reference masks."
    ] = ""


@dataclass(frozen=True, kw_only=True)
class Design:
    """A whole experiment."""

    name: Annotated[Name, "Name of the experiment."]
    question: Annotated[str, Range(0, 500), "What is to be found out, in a sentence."] = ""
    cases: Annotated[str, "The frozen cases (cases.json), relative to this file; their roles are not used."] = (
        "cases.json"
    )
    recipe: Annotated[str, "The recipe that all arms share, relative to this file."] = "recipe.toml"
    folds: Annotated[int, Range(2, 20), "Parts of the cases; each part is tested once by networks of the others."] = 5
    split_seed: Annotated[int, Range(0, 2**31 - 1), "Start of the random numbers that make the folds."] = 0
    use_folds: Annotated[
        tuple[int, ...], "Only these folds are run (a quick look), counted from 0. Empty: all of them."
    ] = ()
    seeds: Annotated[
        tuple[Annotated[int, Range(0, 2**31 - 1)], ...], Range(1, 50), "One run per seed, arm and fold."
    ] = (
        0,
        1,
        2,
    )
    steps: Annotated[int, Range(1), "Optimizer steps of every run."] = 20000
    primary: Annotated[str, "The one endpoint that decides (dice, dice_hard, lesion_f1, ...)."] = "dice"
    margin: Annotated[float, Range(1e-6), "The smallest difference that matters, on the scale of that endpoint."] = 0.01
    checkpoint: Annotated[
        Literal["last", "best"],
        "Which weights are tested, in all arms alike. 'last': no luck of a selection; 'best' by validation.",
    ] = "last"
    at_once: Annotated[int, Range(1, 32), "Runs at the same time."] = 1
    hard: HardSubset = field(default_factory=HardSubset)
    cross_review: CrossReview = field(default_factory=CrossReview)
    arms: Annotated[tuple[Arm, ...], Range(2, 20)]

    def __post_init__(self) -> None:
        names = [arm.name for arm in self.arms]
        if len(set(names)) < len(names):
            raise ValueError("two arms have the same name")
        for arm in self.arms:
            if arm.follows and arm.follows not in names:
                raise ValueError(f"arm '{arm.name}' follows '{arm.follows}', which is no arm")
        if any(not 0 <= fold < self.folds for fold in self.use_folds):
            raise ValueError(f"'use_folds' counts from 0 to {self.folds - 1}")
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError("a seed is given twice: two runs would be one")

    @property
    def run_folds(self) -> tuple[int, ...]:
        """The folds that are run."""
        return self.use_folds or tuple(range(self.folds))

    @property
    def vanilla(self) -> Arm:
        """The arm without a curriculum that the others are compared with (`fairness` wants exactly one)."""
        return next(arm for arm in self.arms if arm.curriculum == VANILLA_METHOD and self.steps_of(arm) == self.steps)

    @property
    def quarantine(self) -> tuple[str, ...]:
        """Cases that no arm draws (`fairness` wants the same for all)."""
        return tuple(self.vanilla.options.get("quarantine", ()))

    def steps_of(self, arm: Arm) -> int:
        """Optimizer steps of each run of an arm."""
        return arm.steps or self.steps

    def arm(self, name: str) -> Arm:
        """The arm of that name."""
        return next(arm for arm in self.arms if arm.name == name)
