"""docs/examples/tmtvnet_original_trainer.py gives what the original trainer expects."""

import runpy
from pathlib import Path

import pytest

pytest.importorskip("torch")

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "tmtvnet_original_trainer.py"


@pytest.mark.slow
def test_the_example_prints_every_case_once_per_epoch(capsys):
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    lines = capsys.readouterr().out.splitlines()
    words = [line.split() for line in lines]
    assert [(word[1], word[2]) for word in words] == [
        (epoch, f"clips/{split}") for epoch in "01" for split in ("train", "valid")
    ]
    assert all("(2, 1, 128, 96, 96)" in line for line in lines[::2])
    assert all("(1, 1, 128, 96, 96)" in line for line in lines[1::2])
