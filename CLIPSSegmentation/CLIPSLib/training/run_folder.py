"""The folder of a run: recipe, cases, what was changed later, tables, checkpoints. It is a job folder as well.

    recipe.toml cases.json run.json overrides.json metrics.csv validation.csv draws.csv trace.json checkpoints/ model/

Others put what they make of a run beside these (docs/training.md).
Called by the engine, by `tasks` (to create, fork and list runs) and by the command.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from CLIPSLib.errors import Refusal
from CLIPSLib.files import read_json, write_json, write_text
from CLIPSLib.progress import Reporter
from CLIPSLib.provenance import library_versions, software, utc_now
from CLIPSLib.schema import from_document, load_json, load_toml, to_document
from CLIPSLib.training.case_list import content_sha256, hash_all, read_cases, write_cases
from CLIPSLib.training.overrides import Override, apply_overrides, recipe_sha256
from CLIPSLib.training.recipe import Recipe
from CLIPSLib.training.recipe_toml import recipe_toml
from CLIPSLib.training.types import CaseList

FORMAT, OVERRIDES_FORMAT, VERSION = "clips-run", "clips-run-overrides", 1


@dataclass(frozen=True, kw_only=True)
class RunIdentity:
    """`run.json`. parent: the run and the step that a fork began from; changes: what it changed, name -> [old, new].

    start: SHA-256 of the weight files of the installed model that it began from, by name. recipe_sha256: of what
    `recipe.toml` said when the run was made; changes go through `overrides.json`.
    """

    run_id: str
    created_utc: str
    software: Mapping[str, Any] = field(default_factory=dict)
    parent: Mapping[str, Any] = field(default_factory=dict)
    changes: Mapping[str, Any] = field(default_factory=dict)
    start: Mapping[str, str] = field(default_factory=dict)
    recipe_sha256: str = ""


class RunFolder:
    """A run as files. Creating and reading; the engine writes tables and checkpoints."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path).absolute()
        self.recipe_file = self.path / "recipe.toml"
        self.cases_file = self.path / "cases.json"
        self.identity_file = self.path / "run.json"
        self.overrides_file = self.path / "overrides.json"
        self.metrics = self.path / "metrics.csv"
        self.validation = self.path / "validation.csv"
        self.draws = self.path / "draws.csv"
        self.trace = self.path / "trace.json"
        self.checkpoints = self.path / "checkpoints"
        self.model = self.path / "model"

    @property
    def cache(self) -> Path:
        """Where prepared images lie unless the recipe says otherwise: runs side by side share them."""
        return self.path.parent / "cache"

    def create(
        self,
        recipe: Recipe,
        cases: CaseList,
        *,
        parent: Mapping[str, Any] | None = None,
        changes: Mapping[str, Any] | None = None,
        start: Mapping[str, str] | None = None,
    ) -> RunIdentity:
        """Write what a new run begins with. Raises Refusal when the folder holds a run; as `files.write_json`."""
        if self.identity_file.exists():
            what = "The folder holds a training run already"
            raise Refusal("exists", what, str(self.path), "Choose another folder, or resume the run.")
        write_text(self.recipe_file, recipe_toml(recipe))
        write_cases(self.cases_file, cases)
        identity = RunIdentity(
            run_id=uuid.uuid4().hex[:12],
            created_utc=utc_now(),
            software={**software(), "libraries": library_versions()},
            parent=parent or {},
            changes=changes or {},
            start=start or {},
            recipe_sha256=recipe_sha256(load_toml(self.recipe_file, Recipe)),
        )
        write_json(self.identity_file, to_document(identity), format_name=FORMAT, version=VERSION)
        return identity

    def identity(self) -> RunIdentity:
        """Raises Failure, Refusal: no run, or a damaged one."""
        return load_json(self.identity_file, RunIdentity, format_name=FORMAT, version=VERSION)

    def recipe(self) -> Recipe:
        """The recipe with all later changes. Raises as `load_toml`, and Refusal for changes that do not go together."""
        return apply_overrides(load_toml(self.recipe_file, Recipe), self.overrides())

    def cases(self) -> CaseList:
        return read_cases(self.cases_file)

    def cases_sha256(self) -> str:
        """Of what the list says and of the files in it, wherever they lie: data may move."""
        return content_sha256(self.cases())

    def freeze_files(self, reporter: Reporter) -> CaseList:
        """The cases, with the hashes of all their files; those that the list lacked are put into it.

        Raises:
            As `hash_all`.
        """
        listed = self.cases()
        hashed = hash_all(listed, reporter)
        if hashed != listed:
            write_cases(self.cases_file, hashed, overwrite=True)
        return hashed

    def require_own_recipe(self) -> None:
        """Raise Refusal where `recipe.toml` was edited: what was changed when would not be known."""
        made = self.identity().recipe_sha256
        if made and made != recipe_sha256(load_toml(self.recipe_file, Recipe)):
            raise Refusal(
                "recipe-edited",
                "recipe.toml is not what this run was made with",
                str(self.recipe_file),
                "Restore it, and resume with the change so that it is recorded: clips runs resume --set NAME=VALUE.",
            )

    def overrides(self) -> tuple[Override, ...]:
        """What was changed when the run was resumed, oldest first."""
        if not self.overrides_file.exists():
            return ()
        document = read_json(self.overrides_file, format_name=OVERRIDES_FORMAT, version=VERSION)
        return tuple(from_document(Override, one, where=str(self.overrides_file)) for one in document["overrides"])

    def add_override(self, override: Override) -> Recipe:
        """Record a change for when the run goes on; gives the recipe with it. Raises as `recipe`."""
        overrides = (*self.overrides(), override)
        recipe = apply_overrides(load_toml(self.recipe_file, Recipe), overrides)
        content = {"overrides": to_document(overrides)}
        write_json(self.overrides_file, content, format_name=OVERRIDES_FORMAT, version=VERSION, overwrite=True)
        return recipe
