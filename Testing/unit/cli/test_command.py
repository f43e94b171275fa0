"""The command `clips` as users and programs meet it: help, exit codes, JSON, sentences."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import builders_phantom
import pytest
from builders_rtstruct import contour_of, square, write_rtstruct
from CLIPSLib import load_study
from CLIPSLib.cli import main
from CLIPSLib.cli.main import SUBCOMMANDS
from CLIPSLib.cli.output import option_for
from CLIPSLib.errors import Question
from CLIPSLib.phantom import ORIENTATIONS, PRESETS, VENDORS, read_truth

COMMANDS = [module.NAME for module in SUBCOMMANDS]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_examples(command, capsys):
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert f"clips {command}" in text.split("examples:")[1]
    assert "--json" in text


def test_help_loads_nothing_heavy():
    code = (
        "import sys\n"
        "from CLIPSLib.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print([m for m in ('numpy', 'SimpleITK', 'pydicom', 'scipy', 'torch', 'PIL') if m in sys.modules])\n"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.splitlines()[-1] == "[]"


def test_usage_errors_exit_with_2(capsys):
    assert main(["segment"]) == 2
    assert "PATH" in capsys.readouterr().err
    assert main(["segment", ".", "--language", "de", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "command-line"
    assert main(["segment", ".", "--model", "no-such-model"]) == 2
    assert "suv4" in capsys.readouterr().err
    assert main(["segment", ".", "--option", "threshold=abc"]) == 2
    assert "threshold" in capsys.readouterr().err


def test_the_help_of_the_phantom_names_all_that_can_be_chosen(capsys):
    with pytest.raises(SystemExit):
        main(["phantom", "--help"])
    words = set(re.findall(r"[a-z-]+", re.sub(r"-\n +", "-", capsys.readouterr().out)))
    assert {*PRESETS, *VENDORS, *ORIENTATIONS} <= words


def test_segment_prints_a_table_and_says_where_to_look(small_phantom, tmp_path, capsys):
    assert main(["segment", str(small_phantom), "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr()
    assert "TMTV mL" in printed.out
    assert "report.html" in printed.out
    assert "unreviewed" in printed.out


def test_segment_json_is_one_document_and_nothing_else(small_phantom, tmp_path, capsys):
    assert main(["segment", str(small_phantom), "--out", str(tmp_path), "--json"]) == 0
    printed = capsys.readouterr()
    (case,) = json.loads(printed.out)["cases"]
    assert case["state"] == "done"
    assert case["patient"]["tmtv_ml"] > 0
    assert printed.err == ""


def test_a_question_exits_with_4_and_names_the_option_that_answers_it(tmp_path, capsys):
    folder = builders_phantom.make(tmp_path / "study")
    builders_phantom.edit_pet(folder, PatientWeight=None)

    assert main(["segment", str(folder), "--out", str(tmp_path / "out")]) == 4
    said = capsys.readouterr()
    assert "--weight-kg KG" in said.err
    assert "Candidate volumes" not in said.out  # there is none
    assert main(["segment", str(folder), "--out", str(tmp_path / "out"), "--weight-kg", "72"]) == 0
    assert "Candidate volumes" in capsys.readouterr().out


def test_an_option_that_a_question_names_exists(small_phantom, tmp_path, capsys):
    """No liver to be found in the legs: the printed option, with a point, must be accepted."""
    question = Question("liver-not-found", "No liver", key="liver_center_lps_mm", unit="mm")
    assert option_for(question) == "--answer liver_center_lps_mm=X,Y,Z"
    center = ",".join(str(value) for value in read_truth(small_phantom).liver_center_lps_mm)
    words = ["segment", str(small_phantom), "--out", str(tmp_path), "--model", "percist"]
    assert main([*words, "--answer", f"liver_center_lps_mm={center}"]) == 0


def test_quiet_keeps_the_cautions(tmp_path, capsys):
    folder = builders_phantom.make(tmp_path / "study", ct=False)
    assert main(["segment", str(folder), "--out", str(tmp_path / "out"), "--quiet"]) == 0
    error = capsys.readouterr().err
    assert "Caution: The study has no CT" in error
    assert "done in" not in error


def test_a_refusal_exits_with_3_and_a_sentence(tmp_path, capsys):
    assert main(["segment", str(tmp_path), "--out", str(tmp_path / "out")]) == 3
    error = capsys.readouterr().err
    assert "clips: refusal: No PET series found" in error
    assert "Traceback" not in error


def test_errors_are_json_too(tmp_path, capsys):
    assert main(["segment", str(tmp_path), "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "no-pet"


def test_studies_shows_pairing_and_what_was_left_out(small_phantom, capsys):
    assert main(["studies", str(small_phantom), "--all", "--explain"]) == 0
    text = capsys.readouterr().out
    assert "1 PET, 1 ready" in text
    assert "SUVbw" in text


def test_measure_of_a_written_result_gives_the_numbers_of_the_result(small_phantom, tmp_path, capsys):
    main(["segment", str(small_phantom), "--out", str(tmp_path), "--json"])
    (case,) = json.loads(capsys.readouterr().out)["cases"]
    for mask in (case["folder"], f"{case['folder']}/lesions.seg.nrrd", f"{case['folder']}/labels.nii.gz"):
        assert main(["measure", mask, "--study", str(small_phantom), "--json"]) == 0
        patient = json.loads(capsys.readouterr().out)["patient"]
        for key in ("tmtv_ml", "tlg_g", "lesion_count", "suv_max", "suv_peak", "d_max_mm"):
            assert patient[key] == pytest.approx(case["patient"][key], rel=1e-9), (mask, key)


def test_models_lists_the_methods_with_their_source(capsys):
    assert main(["models", "--json"]) == 0
    names = {entry["name"] for entry in json.loads(capsys.readouterr().out)}
    assert {"suv4", "suv2.5", "41max", "50max", "a50p", "percist", "mv2", "mv3"} <= names


def test_phantom_refuses_to_write_over_something(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("keep me")
    assert main(["phantom", str(tmp_path), "--preset", "small"]) == 3
    assert (tmp_path / "mine.txt").read_text() == "keep me"


def test_measure_of_a_structure_set_asks_which_structure_and_takes_the_answer(small_phantom, tmp_path, capsys):
    study = load_study(small_phantom)
    slices = [contour_of(study.pet, z, square(20, size)) for z in (10, 11) for size in (6,)]
    frame = study.identity.frame_of_reference_uid
    mask = write_rtstruct(tmp_path / "structures.dcm", {"GTV 1": slices, "Heart": slices}, frame=frame)
    words = ["measure", str(mask), "--study", str(small_phantom)]
    assert main(words) == 4
    assert "--roi" in capsys.readouterr().err
    assert main([*words, "--roi", "GTV.*", "--json"]) == 0
    assert [lesion["name"] for lesion in json.loads(capsys.readouterr().out)["lesions"]] == ["GTV 1"]
