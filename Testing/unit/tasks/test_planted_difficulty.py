"""Phantoms with planted difficulty, through the whole path: registry, teacher, cross-review, a run of every preset.

Trains tiny networks on the CPU, one thread, a few minutes in all: `pytest -m slow`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import builders_planted
import numpy as np
import pytest
from builders_planted import QUICK
from builders_run import one_thread as one_thread_environment
from CLIPSLib.cases import Fold, Registry, Split
from CLIPSLib.curriculum import list_curricula
from CLIPSLib.difficulty import DifficultyTable, MeasureSettings, read_difficulty
from CLIPSLib.difficulty.validity import spearman
from CLIPSLib.errors import Refusal
from CLIPSLib.models import ModelStore
from CLIPSLib.tasks.cross_review import ReviewFolder, ReviewOptions, plan_review
from CLIPSLib.tasks.freeze_cases import FreezeOptions, freeze_cases
from CLIPSLib.tasks.frozen import AboutCases, with_scores
from CLIPSLib.tasks.teacher import score_with_teacher
from CLIPSLib.training import CaseList, read_cases
from CLIPSLib.training.overrides import with_values
from CLIPSLib.training.run_folder import RunFolder
from CLIPSLib.training.tables import read_table
from CLIPSLib.training.traces import read_trace

torch = pytest.importorskip("torch")
pytest.importorskip("monai")

from CLIPSLib.tasks.cross_review_runs import run_review  # noqa: E402
from CLIPSLib.training.run import train  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_thread")]
CASES, TEACHERS_CASES, TESTED = 14, 8, 2
TEACHER_STEPS, REVIEW_STEPS, PRESET_STEPS = 80, 60, 24
PRESETS = [method.name for method in list_curricula() if method.preset]


@dataclass(frozen=True)
class Cohort:
    """true: planted difficulty by case. cases: of one outer fold, frozen; the teacher knows none of them."""

    registry: Registry
    true: Mapping[str, float]
    cases: CaseList
    teacher: str
    work: Path


@pytest.fixture(scope="module")
def cohort(one_thread, tmp_path_factory):
    """Cases with planted difficulty, and an installed teacher that was trained on others of the same kind."""
    work = tmp_path_factory.mktemp("planted")
    registry, true = builders_planted.planted_registry(work / "registry", CASES)
    with registry:
        others = builders_planted.plant(registry, TEACHERS_CASES, seed=1)
        teacher = _trained_teacher(registry, sorted(others), work)
        cases = _frozen(registry, "planted", sorted(true), work / "frozen")
        yield Cohort(registry, true, cases, teacher, work)


@pytest.fixture(autouse=True)
def home(cohort, monkeypatch):
    """The teacher is installed where models are looked for."""
    monkeypatch.setenv("CLIPS_HOME", str(cohort.work / "home"))


def _frozen(registry: Registry, name: str, ids: list[str], folder: Path) -> CaseList:
    """The cases as one fold, of which every seventh is held back; never an end of the planted order."""
    held_back = tuple(ids[3::7])[:TESTED]
    train_with = tuple(case for case in ids if case not in held_back)
    registry.save_split(name, Split(folds=(Fold(train=train_with, validation=held_back),)))
    freeze_cases(registry, folder, split=name, options=FreezeOptions(unreviewed=True))
    return read_cases(folder / "cases.json")


def _trained_teacher(registry: Registry, ids: list[str], work: Path) -> str:
    """An installed model, trained through the real engine."""
    run = RunFolder(work / "teacher")
    recipe = with_values(QUICK, {"name": "teacher", "training.steps": TEACHER_STEPS})
    run.create(recipe, _frozen(registry, "teacher", ids, work / "teacher-cases"))
    train(run.path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLIPS_HOME", str(work / "home"))
        installed, _ = ModelStore().install(run.model)
    return installed.model_id


def _rho(scores: Mapping[str, float | None], true: Mapping[str, float]) -> float:
    both = sorted(case for case, score in scores.items() if score is not None and case in true)
    return spearman(np.array([scores[case] for case in both]), np.array([true[case] for case in both]))


def test_the_transfer_teacher_recovers_the_planted_order(cohort):
    measurers = ("teacher", "teacher_dice", "teacher_loss")
    found = score_with_teacher(cohort.registry, cohort.teacher, measurers, author="test")
    rho = {name: _rho(found.tables[name].scores, cohort.true) for name in measurers}
    print("Spearman's rho with the planted order:", rho)  # shown by pytest -rP
    assert rho["teacher"] > 0.7
    assert rho["teacher_loss"] > 0.7
    again = score_with_teacher(cohort.registry, cohort.teacher, measurers, author="test")
    assert {outcome.state for outcome in again.outcomes} == {"kept"}
    assert again.tables == found.tables


def test_a_teacher_cannot_order_a_fold_that_tests_cases_it_learned_from(cohort):
    table = score_with_teacher(cohort.registry, cohort.teacher, author="test").tables["teacher"]
    known = table.options["trained_with"]
    assert known and not set(known) & set(cohort.true)  # it says whom it knows: its own cases, none of the planted
    assert with_scores(cohort.cases, table).difficulty["measurer"] == "teacher"
    own_cases = read_cases(cohort.work / "teacher-cases" / "cases.json")
    with pytest.raises(Refusal, match=f"that are held back: {own_cases.of_role('validate')[0].case_id}"):
        with_scores(own_cases, table)


@pytest.fixture(scope="module")
def taught(cohort):
    """The teacher's table of the training cases of the fold, as `clips cases difficulty teacher --split` makes it."""
    train_with = tuple(case.case_id for case in cohort.cases.of_role("train"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLIPS_HOME", str(cohort.work / "home"))
        settings = MeasureSettings(cases=train_with)
        found = score_with_teacher(cohort.registry, cohort.teacher, author="test", settings=settings, label="fold0")
    return found.tables["teacher-fold0"]


@pytest.fixture(scope="module")
def reviewed(cohort):
    """The table of a cross-review of the training cases, by three networks; its folder is `review`."""
    recipe = with_values(QUICK, {"training.steps": 4 * REVIEW_STEPS})
    plan_review(cohort.work / "review", recipe, cohort.cases, options=ReviewOptions(folds=3, budget=0.25))
    return run_review(cohort.work / "review", recipe, cohort.cases, environment=one_thread_environment())


def test_bootstrapping_recovers_the_planted_order_and_goes_on_where_it_was(cohort, reviewed):
    place = ReviewFolder(cohort.work / "review")
    review = place.review()
    rho = _rho(reviewed.scores, cohort.true)
    print("Spearman's rho with the planted order:", rho, "mean Dice:", reviewed.options["mean_dice"])
    assert set(reviewed.scores) == {case.case_id for case in cohort.cases.of_role("train")}
    assert rho > 0.5
    for name in review.names:  # nobody scored a case it was trained with
        listed = RunFolder(place.runs / name).cases()
        part = int(name.rpartition("part")[2])
        assert {review.parts[case.case_id] for case in listed.of_role("validate")} == {part}
        assert part not in {review.parts[case.case_id] for case in listed.of_role("train")}
    before = {name: _metrics_time(place.path, name) for name in review.names}
    repeated = run_review(place.path, with_values(QUICK, {"training.steps": 4 * REVIEW_STEPS}), cohort.cases)
    assert {name: _metrics_time(place.path, name) for name in review.names} == before  # nothing was trained again
    assert (repeated.scores, repeated.evidence_sha256) == (reviewed.scores, reviewed.evidence_sha256)
    assert read_difficulty(place.table_file).scores == reviewed.scores


@pytest.mark.parametrize(
    ("kind", "steps", "least"), [("CONTRAST", 300, 0.5), ("SIZE", 100, 0.5), ("LABEL_NOISE", 100, 0.5)]
)
def test_each_kind_of_difficulty_alone_is_recovered(kind, steps, least, tmp_path):
    """Contrast takes longer: a young network knows places before it knows lesions (docs/difficulty-networks.md)."""
    planted = getattr(builders_planted, kind)
    registry, true = builders_planted.planted_registry(tmp_path / "registry", CASES, planted)
    with registry:
        cases = _frozen(registry, "planted", sorted(true), tmp_path / "frozen")
    recipe = with_values(QUICK, {"training.steps": steps})
    plan_review(tmp_path / "review", recipe, cases, options=ReviewOptions(folds=2, budget=1.0))
    table = run_review(tmp_path / "review", recipe, cases, at_once=2, environment=one_thread_environment())
    rho = _rho(table.scores, true)
    print(f"Spearman's rho with the planted order, {kind}:", rho)
    assert rho > least


def _metrics_time(folder: Path, name: str) -> float:
    return RunFolder(ReviewFolder(folder).runs / name).metrics.stat().st_mtime


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_goes_the_whole_way_from_measured_difficulty_to_draws_in_its_order(name, cohort, taught, reviewed):
    """Measured, frozen with the table, trained: each preset draws first whom its own table calls easy (anti: hard)."""
    table = reviewed if name == "bootstrapping" else taught
    about = FreezeOptions(unreviewed=True, about=AboutCases(difficulty=table))
    frozen = freeze_cases(cohort.registry, cohort.work / f"frozen-{name}", split="planted", options=about)
    values = {"training.steps": PRESET_STEPS, "curriculum.name": name, "curriculum.options": _pacing(name)}
    recipe = with_values(QUICK, {**values, "curriculum.probe_every": 6, "curriculum.probe_crops": 2})
    run = RunFolder(cohort.work / f"preset-{name}")
    run.create(recipe, read_cases(frozen.folder / "cases.json"))
    assert train(run.path)["state"] == "finished"
    rows = read_table(run.metrics)
    drawn = [case for row in rows for case in row["cases"].split()]
    trace = read_trace(run.trace)
    assert len(rows) == PRESET_STEPS
    assert {case: drawn.count(case) for case in trace.draws} == dict(trace.draws)
    early = {case for row in rows[:6] for case in row["cases"].split()}
    easy, hard = _halves(run.cases(), table)
    if name in ("transfer-teacher", "bootstrapping"):
        assert early <= easy
    if name == "anti":
        assert early <= hard
    sizes = [size for _, size in trace.pool_sizes]
    assert sizes[-1] == len(table.scores)
    assert (sizes[0] == len(table.scores)) is (name in ("vanilla", "self-paced"))


def _halves(cases: CaseList, table: DifficultyTable) -> tuple[set[str], set[str]]:
    """The easier and the harder half of each stratum (orders are interleaved by stratum), a middle case in both."""
    easy: set[str] = set()
    hard: set[str] = set()
    for stratum in "AB":
        group = [case.case_id for case in cases.of_role("train") if case.stratum == stratum]
        ordered = sorted(group, key=table.scores.__getitem__)
        half = -(-len(ordered) // 2)
        easy, hard = easy | set(ordered[:half]), hard | set(ordered[-half:])
    return easy, hard


def _pacing(name: str) -> dict[str, Any]:
    """A pool of a quarter that grows to all cases; self-paced learning first looks at all of them."""
    if name == "vanilla":
        return {}
    shared = {"minimum_pool": 3, "pacing": "linear", "start": 0.25, "full_at": 0.8}
    return {**shared, "warm_up": 0.3, "lag": 2, "update_every": 1, "momentum": 0.5} if name == "self-paced" else shared
