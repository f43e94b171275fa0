"""Curricula before training: the cases of a file, who would be drawn when, what plots show. For the command."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from CLIPSLib.curriculum import (
    PACINGS,
    Curriculum,
    CurriculumCase,
    Exposure,
    build_curriculum,
    difficulty_ranks,
    expected_exposure,
    get_method,
    list_curricula,
)
from CLIPSLib.errors import UsageError
from CLIPSLib.report.schedules import Schedule

_EXAMPLE_STEPS, _EXAMPLE_CASES = 2000, 200
_EXAMPLE_OPTIONS: Mapping[str, Mapping[str, Any]] = {  # what has no default: it must be tuned, or taken from a run
    "hacohen-varied-exponential": {"step_lengths": (200, 150, 100, 100, 100)},
    "hacohen-single-step": {"step_length": 400},
    "yoked-random": {"pool_sizes": ((0, 40), (300, 90), (500, 70), (800, 200))},
}


@dataclass(frozen=True)
class ListedCases:
    """What a file says of its cases. scores: None where it has none."""

    cases: tuple[CurriculumCase, ...]
    scores: Mapping[str, float] | None
    quarantine: tuple[str, ...] = ()


@dataclass(frozen=True)
class Preview:
    """Who would be drawn when: the curriculum that was built, and what its plan does to each case."""

    curriculum: Curriculum
    scores: Mapping[str, float] | None
    exposure: Exposure


def read_listed_cases(
    path: str | os.PathLike, *, id_column: str = "case", value_column: str = "score", volumes: bool = False
) -> ListedCases:
    """The cases of a run (`cases.json`), of a difficulty table (`.json`), of a table (`.csv`) or of a list (`.txt`).

    volumes: read the masks of a run's cases, which takes a while, for the order by size.

    Raises:
        Failure: unreadable. Refusal: another format. UsageError: another suffix, or no such column.
    """
    from CLIPSLib.formats.difficulty_lists import read_csv_values, read_id_list

    suffix = Path(path).suffix.lower()
    if suffix == ".json":
        return _run_cases(path, volumes) if Path(path).name == "cases.json" else _difficulty_cases(path)
    if suffix == ".csv":
        given = read_csv_values(path, id_column=id_column, value_column=value_column).values
        scores = {case_id: score for case_id, score in given.items() if score is not None}
        return ListedCases(tuple(CurriculumCase(case_id=case_id) for case_id in given), scores)
    if suffix == ".txt":
        return ListedCases(tuple(CurriculumCase(case_id=case_id) for case_id in read_id_list(path).values), None)
    remedy = "Give cases.json, a difficulty table (.json), a table (.csv) or a list of ids (.txt)."
    raise UsageError("not-a-case-list", f"'{suffix}' files hold no list of cases", str(path), remedy)


def preview_curriculum(
    name: str, listed: ListedCases, *, total_steps: int, seed: int, options: Mapping[str, Any]
) -> Preview:
    """Build a curriculum for the cases of a file and tell what it would do. Raises as `build_curriculum`.

    Cases that the file has in quarantine join those of the options.
    """
    quarantine = tuple(dict.fromkeys((*listed.quarantine, *options.get("quarantine", ()))))
    curriculum = build_curriculum(
        name,
        listed.cases,
        scores=listed.scores,
        total_steps=total_steps,
        seed=seed,
        **{**options, "quarantine": quarantine},
    )
    ranked = curriculum.description.order
    scores = listed.scores if listed.scores and all(case_id in listed.scores for case_id in ranked) else None
    return Preview(curriculum, scores, expected_exposure(curriculum, scores))


def example_schedule(name: str, options: Mapping[str, Any] | None = None) -> Schedule:
    """A curriculum or a pacing function on 200 imagined cases and 2000 steps, for a plot. What learns from losses hears
    imagined ones, that rise with the difficulty and never change.

    Raises:
        UsageError: no such curriculum or pacing function, or its plan depends on training.
    """
    given = {**_EXAMPLE_OPTIONS.get(name, {}), **(options or {})}
    known = [method.name for method in list_curricula()]
    method = name if name in known or name not in PACINGS else "curriculum"
    if method != name:
        given["pacing"] = name
    cases = [
        CurriculumCase(case_id=f"{number:03d}", volume_ml=float(_EXAMPLE_CASES - number))
        for number in range(_EXAMPLE_CASES)
    ]
    scores = {case.case_id: float(case.case_id) for case in cases}
    curriculum = build_curriculum(
        method, cases, scores=scores, total_steps=_EXAMPLE_STEPS, seed=0, **{"minimum_pool": 1, **given}
    )
    learns = get_method(method).needs_losses
    if curriculum.description.adaptive and not learns:
        what = f"What '{name}' draws depends on what training will show"
        raise UsageError("adaptive", what, "", "Plot the trace of a run.")
    label = ", ".join([name, *(f"{option} {value}" for option, value in (options or {}).items())])
    if not learns:
        return _schedule(label, curriculum, scores)
    losses = {case_id: 1.0 + score for case_id, score in scores.items()}
    return _schedule(f"{label} (imagined losses)", curriculum, scores, losses)


def _schedule(
    label: str, curriculum: Curriculum, scores: Mapping[str, float], losses: Mapping[str, float] | None = None
) -> Schedule:
    order: Sequence[str] = curriculum.description.order
    ranks = difficulty_ranks(order, scores, 0)
    total = curriculum.description.total_steps
    foreground: tuple[tuple[int, float | None], ...] = ()
    if losses is None:
        steps = range(0, total, max(1, total // 100))
        foreground = tuple((step, curriculum.plan(step).foreground_ratio) for step in steps)
    return Schedule(
        label=label,
        total_steps=total,
        exposure=expected_exposure(curriculum, scores, imagined_losses=losses),
        order=tuple(sorted(order, key=ranks.__getitem__)),
        foreground=foreground if foreground and foreground[0][1] is not None else (),
    )


def _run_cases(path: str | os.PathLike, volumes: bool) -> ListedCases:
    """Those to train with. Masks are read where a volume is asked for, and where only some cases have a score: the
    others may be lesion-free, and training sees that."""
    from CLIPSLib.tasks.frozen import reference_volume_ml
    from CLIPSLib.training.case_list import read_cases
    from CLIPSLib.training.types import TRAIN

    cases = read_cases(path).of_role(TRAIN)
    scores = {case.case_id: case.score for case in cases if case.score is not None}
    known = {c.case_id: reference_volume_ml(c.mask) for c in cases if volumes or (scores and c.score is None)}
    listed = tuple(
        CurriculumCase(
            case_id=case.case_id,
            stratum=case.stratum,
            empty=known.get(case.case_id) == 0.0,
            volume_ml=known.get(case.case_id),
        )
        for case in cases
    )
    return ListedCases(listed, scores or None)


def _difficulty_cases(path: str | os.PathLike) -> ListedCases:
    from CLIPSLib.difficulty import read_difficulty

    table = read_difficulty(path)
    ranked = [CurriculumCase(case_id=case_id) for case_id in table.scores]
    lesion_free = [CurriculumCase(case_id=case_id, empty=True) for case_id in table.outside]
    aside = [CurriculumCase(case_id=case_id) for case_id in table.quarantined]
    return ListedCases((*ranked, *lesion_free, *aside), table.ranked, tuple(table.quarantined))
