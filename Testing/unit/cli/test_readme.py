"""The way of the README from masks to a network, command by command as it stands there."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from pathlib import Path

import builders_phantom
import pytest
import rooms
from builders_rtstruct import contour_of, square, write_rtstruct
from CLIPSLib import load_study
from CLIPSLib.cli import main

pytest.importorskip("torch")
pytest.importorskip("monai")

PATIENTS = 5
SHORT = "--set training.steps=2 --set validation.every=2 --set data.patch=32,32,32 --set data.workers=0"


def commands() -> list[str]:
    text = (rooms.REPOSITORY / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```\n(clips cases create.*?)^```", text, re.DOTALL | re.MULTILINE)
    return [re.sub(r"\s#.*", "", line) for line in block.splitlines()]


@pytest.fixture
def patients(tmp_path, monkeypatch) -> Path:
    """Small phantoms, each with a structure set; the current folder is empty but for them."""
    for number in range(PATIENTS):
        folder = builders_phantom.make(tmp_path / "patients" / str(number), seed=number)
        study = load_study(folder)
        contours = [contour_of(study.pet, z, square(42, 6)) for z in range(10, 16)]
        uids = {"frame": study.identity.frame_of_reference_uid, "study_uid": study.identity.study_uid}
        write_rtstruct(folder / "structures.dcm", {"GTV": contours}, **uids)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLIPS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return tmp_path / "patients"


@pytest.mark.slow
def test_the_way_from_masks_to_a_network_works_as_the_readme_says(patients):
    for line in commands():
        called, _, output = line.replace("/data/patients", str(patients)).partition(" > ")
        words = shlex.split(called.replace("--preset quick", f"--preset quick {SHORT}"))[1:]
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            assert main(words) == 0, line
        if output:
            Path(output.strip()).write_text(said.getvalue(), encoding="utf-8")
    assert main(["segment", str(patients / "0"), "--model", "my-model", "--out", "results"]) == 0
