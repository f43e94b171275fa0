"""Registries under fire, in real processes: killed at every step, disk full, two writers, a folder of somebody else."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import builders_registry as builders
import pytest
from CLIPSLib.cases import Registry
from CLIPSLib.imaging import array_view

TESTING = Path(__file__).resolve().parents[1]
PATIENCE_S = 240.0

pytestmark = pytest.mark.skipif(os.name != "posix", reason="forks, signals and limits of POSIX")


@pytest.fixture
def folder(tmp_path):
    """A case with a mask that is its reference, a review and a draft; closed, with its backup of the day."""
    registry, (case,) = builders.registry(tmp_path / "cases")
    with registry:
        study = registry.read_study(case.case_id)
        mask = registry.add_mask(case.case_id, builders.mask(study), origin="predicted", author="GW")
        registry.set_reference(case.case_id, mask.id, author="GW")
        registry.review(case.case_id, status="flagged", reader="GW")
        registry.save_draft(case.case_id, "GW", builders.mask(study))
    Registry.open(tmp_path / "cases").close()
    return tmp_path / "cases"


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "registry_program", *map(str, arguments)]


def environment() -> dict[str, str]:
    core = TESTING.parent / "CLIPSSegmentation"
    return {**os.environ, "PYTHONPATH": os.pathsep.join((str(TESTING), str(core)))}


def run(*arguments: str | Path) -> list:
    """What the program says, a JSON value per line."""
    done = subprocess.run(
        command(*arguments), capture_output=True, text=True, timeout=PATIENCE_S, env=environment(), cwd=TESTING
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def start(*arguments: str | Path) -> subprocess.Popen:
    return subprocess.Popen(command(*arguments), stdout=subprocess.PIPE, text=True, env=environment(), cwd=TESTING)


BEFORE = {"cases": ["C0001"], "masks": ["C0001-m1"], "reviews": 1, "references": ["C0001-m1"], "drafts": 1}
AFTER = {
    "add_case": {**BEFORE, "cases": ["C0001", "C0002"]},
    "add_mask": {**BEFORE, "masks": ["C0001-m1", "C0001-m2"]},
    "save_draft": BEFORE,
    "save_correction": {
        "cases": ["C0001"],
        "masks": ["C0001-m1", "C0001-m2"],
        "reviews": 2,
        "references": ["C0001-m1", "C0001-m2"],
        "drafts": 0,
    },
    "remove_case": {"cases": [], "masks": [], "reviews": 0, "references": [], "drafts": 0},
}


@pytest.mark.slow
@pytest.mark.parametrize("action", AFTER)
def test_killed_at_every_step_leaves_the_state_before_or_after(folder, tmp_path, action):
    steps = run("everywhere", folder, tmp_path, action, "killed")
    assert len(steps) > 10 and steps[-1]["status"] == 0
    for step in steps[:-1]:
        assert step["status"] == -9, step
        assert step["whole"] and step["clean"], step
        assert step["rows"] in (BEFORE, AFTER[action]), step
        done = step["rows"] == AFTER[action] != BEFORE
        once = action in ("add_case", "remove_case")  # a duplicate, a case that is gone; else done once more
        assert step["again"] == (3 if done and once else 0), step
        assert step["traces"] == [], step


@pytest.mark.slow
@pytest.mark.parametrize("action", AFTER)
def test_a_full_disk_at_every_step_ends_in_a_sentence_and_changes_nothing(folder, tmp_path, action):
    steps = run("everywhere", folder, tmp_path, action, "full")
    assert len(steps) > 5 and steps[-1]["status"] == 0
    for step in steps[:-1]:
        assert step["status"] in (0, 3), step
        assert step["whole"] and step["clean"], step
        assert step["rows"] == (AFTER[action] if step["status"] == 0 else BEFORE), step
        assert step["traces"] == [], step


@pytest.mark.parametrize("limit", [100, 300, 1000, 5000, 20000])
def test_files_that_cannot_grow_leave_nothing_and_the_open_registry_goes_on(folder, limit):
    *failures, cases = run("with_small_files", folder, limit)
    assert failures[0]["code"] in ("cannot-write", "disk-full"), failures
    assert cases == ["C0001", "C0002"]
    with Registry.open(folder) as registry:
        assert registry.check().whole


def test_two_writers_on_one_registry_lose_nothing(tmp_path):
    Registry.create(tmp_path / "cases").close()
    writers = [start("work_on", tmp_path / "cases", f"reader {n}", n * 1000, 8) for n in range(2)]
    outputs = [writer.communicate(timeout=PATIENCE_S)[0] for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0]
    kept = [json.loads(line) for output in outputs for line in output.splitlines()]
    with Registry.open(tmp_path / "cases") as registry:
        assert len(kept) == 16 and len(registry.cases()) == 16 + 8
        for case_id, series_uid, mask_id in kept:
            assert registry.case(case_id).pet_series_uid == series_uid
            assert [review.mask_id for review in registry.reviews(case_id)] == [mask_id]
        assert registry.counts().patients == 4 + 8
        assert registry.check().whole and registry.check().orphans == () and registry.check().cautions == ()


@pytest.mark.slow
def test_what_a_killed_writer_had_confirmed_is_there(folder):
    chance = random.Random(6)
    confirmed: list[str] = ["C0001-m1"]
    for _ in range(5):
        writer = start("review_without_end", folder)
        first = writer.stdout.readline().strip()
        time.sleep(chance.uniform(0.0, 0.3))
        writer.kill()
        said = writer.communicate()[0].splitlines(keepends=True)
        confirmed += [first, *(line.strip() for line in said if line.endswith("\n"))]
        with Registry.open(folder) as registry:
            masks = [mask.id for mask in registry.masks("C0001")]
            assert set(confirmed) <= set(masks)
            assert len(masks) == len(set(masks))
            assert registry.check().whole
            assert array_view(registry.read_mask(masks[-1]).labels).any()


def test_a_folder_that_belongs_to_somebody_else_is_read_and_not_written():
    place = Path(tempfile.mkdtemp(prefix="clips-registry-"))  # pytest's own folders are closed to others
    try:
        registry, _ = builders.registry(place / "cases")
        registry.close()
        place.chmod(0o755)
        if os.getuid():
            for path in (place / "cases", place / "cases" / "registry.sqlite"):
                path.chmod(path.stat().st_mode & ~0o222)
        opened, refused = run("as_nobody", place / "cases")
        assert opened == [True, "P0001", 1]
        assert refused["code"] == "read-only" and "reading only" in refused["what"]
    finally:
        (place / "cases").chmod(0o755)
        shutil.rmtree(place)
