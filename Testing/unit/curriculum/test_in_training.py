"""Every preset carries a real training on small images; self-paced learning alike with any workers, and resumed."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import builders_run
import pytest
from CLIPSLib.curriculum import list_curricula

torch = pytest.importorskip("torch")
pytest.importorskip("monai")

from CLIPSLib.training.run import train  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_thread")]
STEPS = 12
PRESETS = [method.name for method in list_curricula() if method.preset]
SELF_PACED = {"warm_up": 0.0, "lag": 3, "update_every": 1, "start": 0.5}


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    """Nine cases to train with and one to validate with; the number of a case is its difficulty."""
    listed = builders_run.cases(tmp_path_factory.mktemp("images"), train=9)
    scored = tuple(replace(case, score=float(case.case_id.split("-")[1])) for case in listed.cases)
    return replace(listed, cases=scored)


def _run(folder: Path, case_list, name: str, *, workers: int = 0, **options):
    """A finished run under a curriculum."""
    made = builders_run.run(
        folder,
        case_list=case_list,
        training__steps=STEPS,
        data__workers=workers,
        checkpoint__keep_every=STEPS,
        curriculum__name=name,
        curriculum__options={"minimum_pool": 2, **options},
    )
    assert train(made.path)["state"] == "finished"
    return made


def _draws(made) -> dict[str, int]:
    with made.draws.open(encoding="utf-8", newline="") as table:
        return {row["case"]: int(row["patches"]) for row in csv.DictReader(table)}


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_trains_to_its_end(name, cases, tmp_path):
    draws = _draws(_run(tmp_path / "run", cases, name))
    assert sum(draws.values()) == STEPS * builders_run.TINY.training.batch
    assert "case-9" not in draws


def test_what_was_drawn_is_what_was_asked_for(cases, tmp_path):
    easy = {"case-0", "case-1", "case-3"}  # every third case is lesion-free and not ranked
    draws = _draws(_run(tmp_path / "run", cases, "transfer-teacher", pacing="wu-step", start=0.5, full_at=1.0))
    ranked = {case: count for case, count in draws.items() if int(case[5:]) % 3 != 2}
    assert set(ranked) <= easy


def test_the_quarantine_may_name_cases_of_the_part_that_judges(cases, tmp_path):
    draws = _draws(_run(tmp_path / "run", cases, "vanilla", quarantine=["case-0", "case-9"]))
    assert "case-0" not in draws and sum(draws.values()) == STEPS * builders_run.TINY.training.batch


def test_self_paced_learning_gives_the_same_weights_with_any_number_of_workers(cases, tmp_path):
    alone = _run(tmp_path / "alone", cases, "self-paced", **SELF_PACED)
    helped = _run(tmp_path / "helped", cases, "self-paced", workers=2, **SELF_PACED)
    assert _draws(alone) == _draws(helped)
    one, other = builders_run.weights(alone, STEPS), builders_run.weights(helped, STEPS)
    assert all(torch.equal(one[name], other[name]) for name in one)
