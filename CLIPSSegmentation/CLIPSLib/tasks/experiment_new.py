"""A new experiment as a folder of files to edit, every field of the design explained. For the command and panels."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from CLIPSLib.experiments import Arm, Design
from CLIPSLib.files import write_text
from CLIPSLib.schema import to_document
from CLIPSLib.training import preset, read_cases
from CLIPSLib.training.recipe_toml import commented_toml, recipe_toml, toml_value

_HEADER = """\
# An experiment: does the order in which patients are shown matter? See docs/experiments.md.
# It is frozen with the first run: what is changed afterwards is another experiment.
# Check it before hours are spent:  clips experiment check FOLDER
"""
_ARMS_HEADER = """
# The arms. One must be 'vanilla'. To say that an order helps, a curriculum needs a control that grows alike in random
# order: 'random-order' with the same options, or 'yoked-random' for self-paced arms.
"""


def standard_arms() -> tuple[Arm, ...]:
    """Vanilla, a curriculum by cross-review, and its two controls."""
    return (
        Arm(name="vanilla", curriculum="vanilla"),
        Arm(name="random-order", curriculum="random-order", options={"full_at": 0.4}),
        Arm(name="bootstrapping", curriculum="bootstrapping", difficulty="cross-review", options={"full_at": 0.4}),
        Arm(name="anti", curriculum="anti", difficulty="cross-review", options={"full_at": 0.4}),
    )


def new_experiment(folder: str | Path, cases: str | Path, *, preset_name: str = "standard") -> Path:
    """Make a folder with `experiment.toml` and `recipe.toml`, which name the frozen cases where they are.

    Raises:
        Failure, Refusal: the cases cannot be read, or the folder has such files. UsageError: no such preset.
    """
    root, listed = Path(folder).absolute(), Path(cases).absolute()
    read_cases(listed)
    recipe = preset(preset_name)
    recipe = replace(recipe, validation=replace(recipe.validation, cases=0))  # every case of a fold is tested
    design = Design(
        name=_name(root.name), cases=_relative(listed, root), steps=recipe.training.steps, arms=standard_arms()
    )
    write_text(root / "experiment.toml", design_toml(design))
    write_text(root / "recipe.toml", recipe_toml(recipe))
    return root


def design_toml(design: Design) -> str:
    """The text of `experiment.toml`, every field with what it means; `schema.load_toml` reads the same design back."""
    arms = [_arm_toml(to_document(arm)) for arm in design.arms]
    return commented_toml(design, _HEADER, leave_out=("arms",)) + _ARMS_HEADER + "".join(arms)


def _arm_toml(arm: Mapping[str, Any]) -> str:
    """Only what an arm says itself: defaults would hide how it differs from the others."""
    lines = ["", "[[arms]]"]
    for name, value in arm.items():
        if value not in (None, "", {}) and (name, value) != ("difficulty", "none"):
            lines.append(f"{name} = {toml_value(value)}")
    return "\n".join(lines) + "\n"


def _relative(path: Path, root: Path) -> str:
    """Relative where both lie together: folders are moved as a whole."""
    try:
        return Path(os.path.relpath(path, root)).as_posix()
    except ValueError:  # Windows: on another drive
        return path.as_posix()


def _name(text: str) -> str:
    allowed = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in text.lower())
    return allowed.strip("-")[:40] or "experiment"
