"""Lists of ids, columns of spreadsheets, metriques.txt: ids stay text, nothing is dropped."""

from __future__ import annotations

import pytest
from CLIPSLib.errors import Failure, Refusal, UsageError
from CLIPSLib.formats.difficulty_lists import read_csv_values, read_hospital_values, read_id_list

METRICS = """CLIPS 0.1.0: lesions matched by nsd, Hausdorff percentile 100, SUV > 4

Patient : {patient}
Tolerance : 5mm
Lesionwise threshold : 0.5

Max SUV : 20.0
Distance moyenne : 3.0 mm
Distance de Hausdorff : 30.0 mm
Dice : {dice}
NSD à 5mm : 0.9
BJI à 5mm : 0.8

TMTV de TMTV-NET (non seuillé) : 94.21ml
TMTV de TMTV-NET (seuillé) : 52.0 ml
TMTV réel (seuillé à 4): 130.0 ml

TMTV FP non seuillé :42.18 ml
TMTV FP seuillé : 0.06 ml
TMTV FN : 82.37 ml
TMTV TP : 52.03 ml
Précision : 99.88 %
Recall : 38.71 %

Approach 1 :
Number of TP : 2 / 4 (50.0%)
Number of FN : 2 / 4 (50.0%)
Number of FP : 1 / 3 (33.33%)

Approach 2 :
Number of TP : 3 / 4 (75.0%)
Number of FN : 1 / 4 (25.0%)
Number of FP : 1 / 3 (33.33%)
"""


@pytest.mark.parametrize(
    "text",
    [
        "0110\n5101\n0042\n",
        "\ufeff0110\r\n5101\r\n\r\n0042",
        "0110; 5101;0042  # bad segmentations",
        "['0110', '5101', '0042']",
        '"0110","5101","0042"',
        "0110\t5101\t0042",
    ],
)
def test_a_list_is_read_however_it_was_written(tmp_path, text):
    (tmp_path / "hard.txt").write_text(text, encoding="utf-8")
    assert read_id_list(tmp_path / "hard.txt").values == {"0110": 1.0, "5101": 1.0, "0042": 1.0}


def test_leading_zeros_tell_ids_apart_and_repeated_ids_are_reported(tmp_path):
    (tmp_path / "hard.txt").write_text("7\n007\n7\n")
    found = read_id_list(tmp_path / "hard.txt")
    assert (list(found.values), found.repeated) == (["7", "007"], ("7",))


def test_an_empty_list_and_a_missing_one_are_no_lists(tmp_path):
    (tmp_path / "empty.txt").write_text("# nobody\n\n")
    with pytest.raises(Refusal, match="holds no id"):
        read_id_list(tmp_path / "empty.txt")
    with pytest.raises(Failure, match="Cannot read"):
        read_id_list(tmp_path / "absent.txt")


@pytest.mark.parametrize(
    "text",
    [
        'patient,dice,note\n011,0.81,ok\n511,,\n042,1.0,"a, b"\n',
        "\ufeffpatient;dice;note\r\n011;0,81;\r\n511;nan;\r\n042;1;\r\n",
        "patient\tdice\n011\t0.81\n\n511\tn/a\n'042\t1\n",
    ],
)
def test_a_column_is_read_with_any_separator_and_decimal_sign(tmp_path, text):
    (tmp_path / "dice.csv").write_text(text, encoding="utf-8")
    found = read_csv_values(tmp_path / "dice.csv", id_column="patient", value_column="dice")
    assert found.values == {"011": 0.81, "511": None, "042": 1.0}
    assert found.source == "column 'dice' of dice.csv"


def test_a_file_of_an_older_windows_program_is_read(tmp_path):
    (tmp_path / "table.csv").write_bytes("numéro;difficulté\n011;3\n".encode("cp1252"))
    found = read_csv_values(tmp_path / "table.csv", id_column="numéro", value_column="difficulté")
    assert found.values == {"011": 3.0}


def test_a_missing_column_is_named_with_those_there_are(tmp_path):
    (tmp_path / "t.csv").write_text("id,dice\n1,2\n")
    with pytest.raises(UsageError, match="no column 'patient'; it has: 'id', 'dice'"):
        read_csv_values(tmp_path / "t.csv", id_column="patient", value_column="dice")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("1,hard\n", r"'hard' is no number \(column 'dice', line 2\)"),
        ("1,inf\n", "'inf' is no number"),
        ("1,0.5\n2,0.7\n1,0.6\n", r"'1' has two values in column 'dice': 0\.5 and 0\.6 \(line 4\)"),
    ],
)
def test_cells_that_make_no_sense_are_refused_with_their_place(tmp_path, rows, message):
    (tmp_path / "t.csv").write_text("id,dice\n" + rows)
    with pytest.raises(Refusal, match=message):
        read_csv_values(tmp_path / "t.csv", id_column="id", value_column="dice")


def metrics_folder(folder, **dice_of_patients):
    for patient, dice in dice_of_patients.items():
        (folder / patient).mkdir(parents=True)
        text = METRICS.format(patient=patient.removeprefix("p"), dice=dice)
        (folder / patient / "metriques.txt").write_text(text, encoding="utf-8")
    return folder


def test_the_hospitals_text_files_are_read_by_the_patient_they_name(tmp_path):
    folder = metrics_folder(tmp_path / "analyse", p0110=0.81, p5101="nan")
    assert read_hospital_values(folder, "dice").values == {"0110": 0.81, "5101": None}
    assert read_hospital_values(folder, "lesion_recall").values == {"0110": 0.75, "5101": 0.75}
    assert read_hospital_values(folder, "lesion_precision").values["0110"] == pytest.approx(2 / 3)
    assert read_hospital_values(folder, "fp_raw_ml").values["0110"] == pytest.approx(42.18)


def test_a_text_file_that_cannot_be_read_is_a_caution_and_the_others_are_read(tmp_path):
    folder = metrics_folder(tmp_path / "analyse", p0110=0.81)
    (folder / "broken").mkdir()
    (folder / "broken" / "metriques.txt").write_text("lesions matched by nsd, Hausdorff percentile 100, SUV > 4\n")
    found = read_hospital_values(folder, "dice", matching="nsd")
    assert found.values == {"0110": 0.81}
    assert [caution.code for caution in found.cautions] == ["unreadable"]


def test_what_the_text_files_lack_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"There is no 'iou' in metriques\.txt; there are: dice"):
        read_hospital_values(tmp_path, "iou")
    with pytest.raises(Refusal, match=r"holds no metriques\.txt"):
        read_hospital_values(tmp_path, "dice")
