"""`clips evaluate` as a user meets it: tables, JSON, files, exit codes."""

from __future__ import annotations

import json

import numpy as np
import pytest
from builders_volume import image_of
from CLIPSLib.cli import main
from CLIPSLib.formats import write_image, write_labels

SHAPE = (6, 7, 12)


@pytest.fixture
def folders(tmp_path):
    """References 1 to 3, predictions 1 and 2 (the second worse), PET of all."""
    array = np.zeros(SHAPE, np.uint8)
    array[2:4, 2:4, 1:6] = 1
    worse = array.copy()
    worse[:, :, 3:] = 0
    worse[5, 5, 10] = 1
    for case_id, prediction in (("1", array), ("2", worse), ("3", None)):
        write_labels(image_of(array), tmp_path / "gt" / f"{case_id}.nii.gz")
        write_image(image_of(np.full(SHAPE, 8, np.float32)), tmp_path / "pet" / f"{case_id}.nii.gz")
        if prediction is not None:
            write_labels(image_of(prediction), tmp_path / "seg" / f"{case_id}_SEG.nii.gz")
    return tmp_path


def words(folders, *more: str) -> list[str]:
    return ["evaluate", str(folders / "gt"), str(folders / "seg"), "--prediction-name", "{case}_SEG.nii.gz", *more]


def test_two_masks_print_a_table_and_the_rule(folders, capsys):
    files = [str(folders / "gt" / "2.nii.gz"), str(folders / "seg" / "2_SEG.nii.gz")]
    assert main(["evaluate", *files, "--matching", "iou", "--matching-threshold", "0.3"]) == 0
    printed = capsys.readouterr().out
    assert "2_SEG" in printed
    assert "found by a lesion with IoU >= 0.3" in printed
    assert f"{2 * 8 / (20 + 9):.2f}" in printed


def test_folders_print_the_cohort_and_what_is_missing(folders, capsys):
    assert main(words(folders)) == 3
    printed = capsys.readouterr().out
    assert "Median" in printed
    assert "limits of agreement" in printed
    assert "not evaluated: 3: There is no prediction of this case" in printed


def test_json_is_one_document_with_the_reasons(folders, capsys):
    main(words(folders, "--json", "--pet", str(folders / "pet"), "--hospital", "dice"))
    document = json.loads(capsys.readouterr().out)
    assert [case["state"] for case in document["cases"]] == ["done", "done", "refused"]
    assert document["cases"][0]["hospital"]["dice"] == 1.0
    assert document["cases"][2]["error"]["code"] == "no-prediction"
    assert document["hospital"]["patients"] == 2


def test_tables_are_written_and_not_overwritten_unasked(folders, capsys):
    out, table = folders / "out", folders / "hospital.csv"
    order = words(folders, "--pet", str(folders / "pet"), "--hospital", "nsd", "--out", str(out), "--csv", str(table))
    main(order)
    assert (out / "metriques-1.txt").is_file()
    assert table.read_text(encoding="utf-8").startswith("patient,")
    before = capsys.readouterr()
    assert "Dice" in before.out
    assert main(order) == 3
    assert "not overwritten" in capsys.readouterr().err
    assert main([*order, "--overwrite"]) == 3  # case 3 is still missing
    assert "Dice" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (["--tolerance-mm", "-1"], "tolerance_mm"),
        (["--connectivity", "8"], "connectivity"),
        (["--matching", "x"], "iou"),
    ],
)
def test_options_out_of_range_are_named(folders, capsys, wrong, named):
    assert main(words(folders, *wrong)) in (2, 3)
    assert named in capsys.readouterr().err
