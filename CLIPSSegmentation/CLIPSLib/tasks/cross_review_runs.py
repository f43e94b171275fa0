"""The runs of a cross-review carried out, and what they found as a difficulty table. See `cross_review`."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from CLIPSLib.difficulty import DifficultyTable, write_difficulty
from CLIPSLib.difficulty.evidence import digest
from CLIPSLib.difficulty.leakage import COMPLETE, TRAINED_WITH
from CLIPSLib.difficulty.levels import level_shifts
from CLIPSLib.difficulty.types import LESION_FREE
from CLIPSLib.difficulty.validity import spearman
from CLIPSLib.errors import Caution, Failure
from CLIPSLib.jobs import launch_job, open_job
from CLIPSLib.locks import only_one
from CLIPSLib.models import read_description
from CLIPSLib.models.description import DESCRIPTION_FILE
from CLIPSLib.progress import SILENT, Reporter
from CLIPSLib.provenance import software, utc_now
from CLIPSLib.tasks.cross_review import Review, ReviewFolder, inputs_of, run_name
from CLIPSLib.tasks.runs import create_run, view_run
from CLIPSLib.training import CaseList, Recipe
from CLIPSLib.training.run_folder import RunFolder
from CLIPSLib.training.tables import read_table

if TYPE_CHECKING:
    from pathlib import Path

    from CLIPSLib.jobs import Job

MEASURER, LOCK = "cross-review", "review.lock"
_LOOK_EVERY_S = 0.2
_YOUNG = 0.5  # mean Dice below which the order of reviewers is to be doubted (docs/difficulty-networks.md)
_FINISHED = "finished"
_TITLES = {"loss": "Cross-review, loss", "dice": "Cross-review, 1 - Dice"}


def run_review(
    folder: str | Path,
    recipe: Recipe,
    cases: CaseList,
    reporter: Reporter = SILENT,
    *,
    at_once: int = 1,
    environment: Mapping[str, str] | None = None,
) -> DifficultyTable:
    """Carry out a planned review and write its table. Runs that are finished are not repeated; those that were stopped,
    lost or had failed go on from their last checkpoint.

    environment: variables of the runs' processes. When the reporter cancels, running ones are asked to save and stop.

    Raises:
        Failure: a run failed, with its own words. Refusal: no review is planned there, or another program is carrying
            it out. Cancelled.
    """
    place = ReviewFolder(folder)
    review = place.review()
    with only_one(place.path / LOCK):  # a second program would stop, when it ends, what this one waits for
        _train_all(place, review, recipe, cases, reporter, at_once, environment)
    table = review_table(place, review)
    write_difficulty(place.table_file, table, overwrite=True)
    if (dice := table.options["mean_dice"]) < _YOUNG:
        what = f"The reviewers reached a mean Dice of {dice:.2f} only: small differences of difficulty are lost"
        reporter.caution(Caution("young-reviewers", f"{what} (raise --budget)", str(place.table_file)))
    return table


def _train_all(
    place: ReviewFolder,
    review: Review,
    recipe: Recipe,
    cases: CaseList,
    reporter: Reporter,
    at_once: int,
    environment: Mapping[str, str] | None,
) -> None:
    """Start the runs that are not finished, so many at once, and follow them to their ends."""
    waiting = [name for name in review.names if not _is_finished(place.runs / name)]
    running: list[Job] = []
    try:
        while waiting or running:
            reporter.check()
            while waiting and len(running) < at_once:
                running.append(_started(place, review, recipe, cases, waiting.pop(0), environment))
            for job in [job for job in running if job.status().ended]:
                running.remove(job)
                _require_finished(job)
            _tell(review, len(waiting), running, reporter)
            time.sleep(_LOOK_EVERY_S if running else 0.0)
    except BaseException:
        for job in running:
            job.ask_stop()
        raise


def review_table(place: ReviewFolder, review: Review) -> DifficultyTable:
    """The table of a review whose runs are finished: the mean over repetitions of what the unseeing network reached.

    Lesion-free cases are not on this axis and stay outside. options: folds, parts, seeds, steps, SHA-256 of the
    networks, what was taken off the scores of each network's part ("levels"), the mean Dice that they reached, how
    alike two repetitions order the cases ("repeatability": mean Spearman's rho), and all reviewed cases as
    "trained_with": each network saw all parts but one.

    Raises:
        Failure: a run left no scores.
    """
    rows = {seed: _rows_of(place, review, seed) for seed in review.options.seeds}
    empty = {case for found in rows.values() for case, row in found.items() if is_lesion_free(row)}
    raw = {seed: unseen_scores(found, review.options.measure) for seed, found in rows.items()}
    levels = {seed: level_shifts(found, review.parts) if review.options.leveled else {} for seed, found in raw.items()}
    ranked = sorted(set(review.parts) - empty)
    repeated = np.array([[raw[seed][c] - levels[seed].get(review.parts[c], 0.0) for c in ranked] for seed in raw])
    scores = dict(zip(ranked, repeated.mean(0).tolist(), strict=True))
    options: dict[str, Any] = {
        "folds": review.options.folds,
        "seeds": list(review.options.seeds),
        "measure": review.options.measure,
        "levels": {run_name(seed, part): shift for seed, found in levels.items() for part, shift in found.items()},
        "mean_dice": float(np.mean([float(found[case]["dice"]) for found in rows.values() for case in ranked])),
        "repeatability": _repeatability(repeated),
        "steps": review.steps,
        "parts": dict(sorted(review.parts.items())),
        "recipe_sha256": review.recipe_sha256,
        "weights": {name: _weights(place.runs / name) for name in review.names},
        TRAINED_WITH: sorted(review.parts),
        COMPLETE: review.complete,
    }
    return DifficultyTable(
        measurer=MEASURER,
        title=_TITLES[review.options.measure],
        hard_when="high",
        unit="",
        caveat="Orders only folds that test none of these cases; young networks find everything small hard.",
        scores=scores,
        values=scores,
        scored_on=f"whole images, by {review.options.folds} networks that did not see the case",
        evidence_sha256=digest([review.sha256, options["weights"]]),
        outside=dict.fromkeys(sorted(empty), LESION_FREE),
        quarantined=dict.fromkeys(review.quarantined, "in quarantine of the recipe's curriculum"),
        evidence={case: digest([review.evidence[case], options["weights"]]) for case in scores},
        options=options,
        created_utc=utc_now(),
        software=software(),
    )


def _repeatability(repeated: np.ndarray) -> float | None:
    """Mean Spearman's rho of all pairs of repetitions, scores `[seeds, cases]`; None for one, or without an order."""
    pairs = [spearman(one, other) for one, other in itertools.combinations(repeated, 2)]
    return float(np.mean(pairs)) if pairs and None not in pairs else None


def unseen_scores(rows: Mapping[str, Mapping[str, str]], measure: str) -> dict[str, float]:
    """What a network that did not see them reached in cases with a lesion, higher is harder. rows: case id -> row of
    `validation.csv`. measure: "loss", or "dice" for 1 - Dice."""
    ranked = {case: row for case, row in rows.items() if not is_lesion_free(row)}
    return {c: float(row["loss"]) if measure == "loss" else 1.0 - float(row["dice"]) for c, row in ranked.items()}


def is_lesion_free(row: Mapping[str, str]) -> bool:
    """Whether the reference mask of a validated case is empty."""
    return float(row["reference_ml"]) == 0.0


def _rows_of(place: ReviewFolder, review: Review, seed: int) -> dict[str, dict[str, str]]:
    """What the networks of one repetition found, by case, each at its last step."""
    found: dict[str, dict[str, str]] = {}
    for part in range(review.options.folds):
        run = RunFolder(place.runs / run_name(seed, part))
        last = {row["case"]: row for row in read_table(run.validation) if int(row["step"]) == review.steps}
        if lacking := [case for case, own in review.parts.items() if own == part and case not in last]:
            what = f"The reviewer left no score of {len(lacking)} case(s): {', '.join(lacking[:5])}"
            raise Failure("no-review", what, str(run.path), "Remove this run's folder, and run the review again.")
        found |= last
    return found


def _weights(folder: Path) -> str:
    """SHA-256 of the network of a finished run."""
    return read_description(RunFolder(folder).model / DESCRIPTION_FILE).weight_files("fold")[0].sha256


def _is_finished(folder: Path) -> bool:
    return (folder / "job.json").exists() and view_run(folder).state == _FINISHED


def _started(
    place: ReviewFolder,
    review: Review,
    recipe: Recipe,
    cases: CaseList,
    name: str,
    environment: Mapping[str, str] | None,
) -> Job:
    """A run that was just launched, or that another program has running already."""
    folder = place.runs / name
    if (folder / "job.json").exists():
        job = open_job(folder)
        if not job.status().ended and job.status().state != "waiting":
            return job
    else:
        job = create_run(folder, *inputs_of(review, recipe, cases, name))
    launch_job(job, environment=environment)
    return job


def _require_finished(job: Job) -> None:
    status = job.status()
    if view_run(job.folder).state == _FINISHED:
        return
    why = (status.error or {}).get("what", "it was stopped")
    remedy = "Run the review again: it goes on from the last checkpoint."
    raise Failure("reviewer-ended", f"A network of the cross-review did not finish: {why}", str(job.folder), remedy)


def _tell(review: Review, waiting: int, running: list[Job], reporter: Reporter) -> None:
    count = len(review.names)
    facts = [job.status().facts for job in running]
    shares = sum(fact.get("step", 0) / fact["steps"] for fact in facts if fact.get("steps"))
    done = count - waiting - len(running)
    # A network that took its last step still validates and saves: only when all have ended is the stage over.
    fraction = 1.0 if done == count else min(0.99, (done + shares) / count)
    reporter.progress(f"Cross-review: {done} of {count} networks trained", fraction)
