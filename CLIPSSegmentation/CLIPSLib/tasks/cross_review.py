"""Bootstrapping by cross-review: training cases scored by networks that never saw them. A folder is the whole of it.

    review.json  runs/seed0_part0/ ...  difficulty.json

The training cases of one outer fold are divided into K parts; for each part a network is trained on the others,
without a curriculum and for a share of the budget, and judges the part on whole images (Hacohen and Weinshall, ICML
2019; "cross review" in the survey of Wang, Chen and Zhu, IEEE TPAMI 2022). Each network is a background job; whoever
calls `run_review` next goes on from what is there. Called by `clips cases difficulty cross-review`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from CLIPSLib.cases import make_split
from CLIPSLib.difficulty.evidence import digest
from CLIPSLib.errors import Caution, Refusal
from CLIPSLib.experiments import cases_of_reviewer, reviewer_recipe
from CLIPSLib.files import write_json
from CLIPSLib.models import ModelStore
from CLIPSLib.progress import SILENT, Reporter
from CLIPSLib.schema import Range, load_json, to_document
from CLIPSLib.training import TRAIN, VALIDATE, CaseList, Recipe, TrainingCase
from CLIPSLib.training.learned import LearnedFrom, learned_by
from CLIPSLib.training.overrides import lasting_sha256

FORMAT, VERSION = "clips-cross-review", 1


@dataclass(frozen=True, kw_only=True)
class ReviewOptions:
    """How a cross-review is made."""

    folds: Annotated[int, Range(2, 20), "Parts of the cases; each is scored by a network of the others."] = 4
    budget: Annotated[float, Range(0.001, 1.0), "Steps of each network, as a share of the recipe's."] = 0.25
    seeds: Annotated[tuple[Annotated[int, Range(0, 2**31 - 1)], ...], Range(1, 20), "One repetition for each."] = (0,)
    measure: Annotated[
        Literal["loss", "dice"], "'loss': of probabilities over the whole image; 'dice': 1 - Dice of the mask."
    ] = "loss"
    leveled: Annotated[bool, "Take off by how much the network of a part scores all of it too high or too low."] = True


@dataclass(frozen=True, kw_only=True)
class Review:
    """`review.json`: everything that decides the scores, written before the first run.

    parts: case id -> part, of the reviewed cases. evidence: case id -> SHA-256 of its files. quarantined: left out.
    complete: False where the first weights may have learned from these cases, and nobody knows. held_back: those that
    judge the outer fold.
    """

    options: ReviewOptions
    steps: int
    parts: Mapping[str, int]
    evidence: Mapping[str, str]
    recipe_sha256: str
    quarantined: tuple[str, ...] = ()
    complete: bool = True
    held_back: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The folders of the runs, seed by seed."""
        return tuple(run_name(seed, part) for seed in self.options.seeds for part in range(self.options.folds))

    @property
    def sha256(self) -> str:
        """Of everything in it."""
        return digest(to_document(self))


class ReviewFolder:
    """Where things lie."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path).absolute()
        self.review_file = self.path / "review.json"
        self.table_file = self.path / "difficulty.json"
        self.runs = self.path / "runs"

    def review(self) -> Review:
        """Raises Failure, Refusal: no review there, or a damaged one."""
        return load_json(self.review_file, Review, format_name=FORMAT, version=VERSION)


def run_name(seed: int, part: int) -> str:
    """The folder of the network that scores a part."""
    return f"seed{seed}_part{part}"


def plan_review(
    folder: str | Path,
    recipe: Recipe,
    cases: CaseList,
    *,
    options: ReviewOptions | None = None,
    among: Sequence[str] | None = None,
    store: ModelStore | None = None,
    reporter: Reporter = SILENT,
) -> Review:
    """Decide who scores whom, and write it down; the second time, only compare.

    cases: of one outer fold, whose test part has the role "validate". among: only these of the cases to train with.
    Cases in quarantine of the recipe's curriculum take no part.

    Raises:
        Refusal: a test case is named, a first network that knows the cases, too few patients, or the folder holds
            another review. UsageError: no such case, a run without limit.
    """
    options = options or ReviewOptions()
    place = ReviewFolder(folder)
    chosen = _chosen(recipe, cases, among)
    review = Review(
        options=options,
        steps=_steps(recipe, options),
        parts=_parts(chosen, options),
        evidence={case.case_id: digest(dict(case.sha256)) for case in chosen},
        recipe_sha256=lasting_sha256(recipe),
        quarantined=tuple(recipe.curriculum.options.get("quarantine", ())),
        complete=require_ignorant(recipe, chosen, store or ModelStore()),
        held_back=tuple(case.case_id for case in cases.of_role(VALIDATE)),
    )
    if place.review_file.exists():
        _require_same(place, review)
    else:
        write_json(place.review_file, to_document(review), format_name=FORMAT, version=VERSION)
    if not review.held_back:
        what = "No case is held back: a table of all cases can order no fold that tests one of them"
        reporter.caution(Caution("no-outer-fold", what, cases.source))
    return review


def inputs_of(review: Review, recipe: Recipe, cases: CaseList, name: str) -> tuple[Recipe, CaseList]:
    """What the run `name` is created from."""
    seed, part = next(
        (seed, part)
        for seed in review.options.seeds
        for part in range(review.options.folds)
        if run_name(seed, part) == name
    )
    return reviewer_recipe(recipe, steps=review.steps, seed=seed), cases_of_reviewer(cases, review.parts, part)


def _chosen(recipe: Recipe, cases: CaseList, among: Sequence[str] | None) -> tuple[TrainingCase, ...]:
    """The cases to review."""
    held_back = {case.case_id for case in cases.of_role(VALIDATE)}
    if tested := sorted(held_back & set(among or ())):
        what = f"{len(tested)} of the cases are held back to judge this fold: {', '.join(tested[:5])}"
        raise Refusal("test-case", what, cases.source, "Review cases to train with only.")
    known = {case.case_id for case in cases.of_role(TRAIN)}
    if strangers := sorted(set(among or ()) - known):
        raise Refusal("unknown-case", f"There is no case '{strangers[0]}' to train with", cases.source)
    wanted = (known if among is None else set(among)) - set(recipe.curriculum.options.get("quarantine", ()))
    return tuple(case for case in cases.of_role(TRAIN) if case.case_id in wanted)


def _parts(cases: Sequence[TrainingCase], options: ReviewOptions) -> dict[str, int]:
    """Case id -> part: all studies of a patient in one, strata divided alike."""
    split = make_split(cases, folds=options.folds, seed=options.seeds[0])
    return {case: number for number, part in enumerate(split.folds) for case in part.validation}


def _steps(recipe: Recipe, options: ReviewOptions) -> int:
    if recipe.unlimited:
        what = "A share of a run without limit is no number of steps"
        raise Refusal("run-without-end", what, "training.steps", "Give the run a number of steps.")
    return max(1, round(options.budget * recipe.training.steps))


def require_ignorant(recipe: Recipe, cases: Sequence[TrainingCase], store: ModelStore) -> bool:
    """Whether it is known that the first weights have not seen the cases. Raises Refusal: they have."""
    from CLIPSLib.training.start import find_start  # needs torch, which who only lists verbs may not have

    start = find_start(recipe, store)
    if start.file is None:
        return True
    before = learned_by(start.model) if start.model is not None else LearnedFrom(complete=False)
    if known := [case.case_id for case in cases if before.knows(case.case_id, case.sha256.get("pet", ""))]:
        what = f"The model to start from was trained with {len(known)} of the cases that are to be scored unseen"
        raise Refusal("leak", f"{what}: {', '.join(known[:5])}", "network.start", "Start from scratch.")
    return before.complete


def _require_same(place: ReviewFolder, review: Review) -> None:
    before, now = to_document(place.review()), to_document(review)
    if different := [name for name in now if before.get(name) != now[name]]:
        what = f"The folder holds another cross-review; these differ: {', '.join(different)}"
        raise Refusal("another-review", what, str(place.path), "Choose another folder.")
