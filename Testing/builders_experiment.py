"""Experiments for tests: simulated scores with a known effect, and folders whose runs take seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import builders_run
import numpy as np
from CLIPSLib.experiments import Arm, ArmCost, CaseScore, Curve, Design
from CLIPSLib.files import write_text
from CLIPSLib.tasks.experiment_new import design_toml
from CLIPSLib.training import write_cases
from CLIPSLib.training.recipe_toml import recipe_toml

PACING = {"full_at": 0.4}
ARMS = (
    Arm(name="vanilla", curriculum="vanilla"),
    Arm(name="random-order", curriculum="random-order", options=PACING),
    Arm(name="boot", curriculum="bootstrapping", difficulty="cross-review", options=PACING),
)
DESIGN = Design(name="simulated", folds=5, seeds=(0, 1, 2), steps=1000, arms=ARMS)


def scores(design: Design, effects: Mapping[str, float], *, cases: int = 60, seed: int = 0) -> list[CaseScore]:
    """Dice around 0.7 by case, shifted by the effect of the arm, with noise by run and by residual; volumes too."""
    rng = np.random.default_rng(seed)
    base = rng.normal(0.7, 0.1, cases)
    made = []
    for arm in design.arms:
        for run_seed in design.seeds:
            shifts = rng.normal(0, 0.005, design.folds)
            for case in range(cases):
                fold = case % design.folds
                if fold not in design.run_folds:
                    continue
                value = base[case] + effects.get(arm.name, 0.0) + shifts[fold] + rng.normal(0, 0.02)
                volumes = {"reference_ml": 100.0 + case, "tmtv_difference_ml": 10.0 + case % 2}
                made.append(
                    CaseScore(
                        case_id=f"case-{case:02d}",
                        arm=arm.name,
                        fold=fold,
                        seed=run_seed,
                        scores={"dice": value, **volumes},
                    )
                )
    return made


def curves(design: Design, ends: Mapping[str, float]) -> list[Curve]:
    """Learning curves that rise in a straight line to the end of their arm."""
    steps = np.array([250, 500, 750, 1000])
    return [
        Curve(arm=arm.name, fold=fold, seed=seed, steps=steps, scores=ends[arm.name] * steps / 1000)
        for arm in design.arms
        for fold in design.run_folds
        for seed in design.seeds
    ]


def costs(design: Design) -> dict[str, ArmCost]:
    return {arm.name: ArmCost(steps=15_000, seconds=60.0) for arm in design.arms}


def tiny_experiment(folder: Path, *, arms: tuple[Arm, ...] | None = None, **fields) -> Path:
    """A folder whose runs train a tiny network for six steps on eight cases with a lesion."""
    listed = builders_run.cases(folder / "images", train=12, validate=0)
    with_lesion = tuple(case for number, case in enumerate(listed.cases) if number % 3 != 2)
    write_cases(folder / "cases.json", replace(listed, cases=with_lesion))
    recipe = replace(builders_run.TINY, data=replace(builders_run.TINY.data, spacing_mm=(4.0, 4.0, 4.0)))
    write_text(folder / "recipe.toml", recipe_toml(recipe))
    plain = (
        Arm(name="vanilla", curriculum="vanilla"),
        Arm(name="slow", curriculum="size-only", options={"minimum_pool": 2}),
    )
    design = Design(
        **{"name": "tiny", "folds": 2, "seeds": (0,), "steps": 6, "at_once": 2, "arms": arms or plain, **fields}
    )
    write_text(folder / "experiment.toml", design_toml(design))
    return folder
