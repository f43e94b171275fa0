"""`clips cases difficulty`: from a registry to an order of cases, and what is said on the way."""

from __future__ import annotations

import json

import pytest
from builders_difficulty import add_prediction, box_case
from CLIPSLib.cases import Registry, make_split
from CLIPSLib.cli import main
from CLIPSLib.difficulty import read_difficulty


@pytest.fixture
def folder(tmp_path):
    with Registry.create(tmp_path / "cases") as registry:
        for number, edge in enumerate((8, 2, 4, 6, 5), start=1):
            case = box_case(registry, number, (edge, 3.0 + edge))
            add_prediction(registry, case, 6.5)
        registry.save_split("folds", make_split(registry.cases(), folds=2, seed=1))
    return tmp_path / "cases"


def clips(folder, *words: str) -> int:
    return main(["cases", "difficulty", *words, "--registry", str(folder)])


def answer(capsys) -> dict:
    return json.loads(capsys.readouterr().out)


def test_the_measurers_are_listed_with_their_caveats(capsys):
    assert main(["cases", "difficulty", "measurers"]) == 0
    printed = capsys.readouterr().out
    assert "Volume of the reference mask." in printed
    assert "A huge TMTV can be diffuse and hard too." in printed


def test_from_measuring_to_the_order_of_a_combination(folder, capsys):
    assert clips(folder, "measure", "tmtv", "suv_max", "--quiet") == 0
    assert clips(folder, "combine", "mine", "tmtv=2", "suv_max") == 0
    assert clips(folder, "show", "mine", "--json") == 0
    printed = capsys.readouterr().out
    document = json.loads(printed[printed.index("{") :])
    assert document["easiest_first"] == ["C0001", "C0004", "C0005", "C0003", "C0002"]
    assert document["table"]["weights"] == {"tmtv": 2.0, "suv_max": 1.0}
    assert clips(folder, "show") == 0
    assert "mine" in capsys.readouterr().out


def test_options_and_a_quarantine_list_are_honored(folder, tmp_path, capsys):
    (tmp_path / "bad.txt").write_text("P003\nP999\n")
    words = ("lesion_count", "--option", "min_lesion_ml=10", "--quarantine", str(tmp_path / "bad.txt"))
    assert clips(folder, "measure", *words, "--json") == 0
    document = answer(capsys)
    (table,) = document["tables"]
    assert document["unknown_quarantined_ids"] == ["P999"]
    assert list(table["quarantined"]) == ["C0003"]
    assert table["values"] == {"C0001": 1.0, "C0002": 0.0, "C0004": 1.0, "C0005": 1.0}
    assert clips(folder, "measure", "tmtv", "--option", "size=1") == 3
    assert "'size' is unknown" in capsys.readouterr().err


def test_a_fold_is_measured_on_its_training_cases_alone(folder, capsys):
    assert clips(folder, "measure", "tmtv", "--split", "folds", "--fold", "1", "--json") == 0
    (table,) = answer(capsys)["tables"]
    assert table["measurer"] == "tmtv-folds-1"
    with Registry.open(folder) as registry:
        assert set(table["scores"]) == set(registry.split("folds").folds[1].train)
    assert clips(folder, "measure", "tmtv", "--split", "folds", "--fold", "2") == 2


def test_a_list_of_hard_patients_is_imported_and_unknown_ids_are_named(folder, tmp_path, capsys):
    (tmp_path / "hard.txt").write_text("P002\nP017\n")
    assert clips(folder, "import", str(tmp_path / "hard.txt"), "--name", "hard") == 0
    printed = capsys.readouterr().out
    assert "Listed cases are hard (1), all others easy (0)." in printed
    assert "No case has these ids: P017" in printed


def test_a_column_needs_a_direction(folder, tmp_path, capsys):
    (tmp_path / "t.csv").write_text("patient;dice\nP001;0,9\nP002;0,2\n")
    words = (str(tmp_path / "t.csv"), "--name", "theirs", "--id-column", "patient", "--value-column", "dice")
    assert clips(folder, "import", *words) == 2
    assert "--hard-when" in capsys.readouterr().err
    assert clips(folder, "import", *words, "--hard-when", "low", "--json") == 0
    assert answer(capsys)["imported"]["table"]["scores"]["C0001"] == -0.9


def test_validity_is_shown_for_every_table(folder, tmp_path, capsys):
    clips(folder, "measure", "tmtv", "suv_max", "--quiet")
    clips(folder, "measure", "--family", "teacher", "--quiet")
    capsys.readouterr()
    assert clips(folder, "validity", "--json") == 0
    found = answer(capsys)["validity"]
    assert found["suv_max"]["rho"] < 0
    assert found["teacher_dice"]["warning"].startswith("Circular")
    (tmp_path / "dice.csv").write_text("case,dice\nC0001,0.9\nC0002,0.1\nC0003,0.5\nC0004,0.8\nnobody,0.5\n")
    assert clips(folder, "validity", "tmtv", "--dice", str(tmp_path / "dice.csv")) == 0
    printed = capsys.readouterr().out
    assert "-1.00" in printed
    assert "nobody" in printed


def test_one_table_is_exported_for_a_training_and_all_as_a_spreadsheet(folder, tmp_path, capsys):
    clips(folder, "measure", "tmtv", "suv_max", "--quiet")
    assert clips(folder, "export", str(tmp_path / "difficulty.json"), "tmtv") == 0
    assert read_difficulty(tmp_path / "difficulty.json").measurer == "tmtv"
    assert clips(folder, "export", str(tmp_path / "all.json")) == 2
    assert clips(folder, "export", str(tmp_path / "all.csv"), "--french-excel") == 0
    assert ";tmtv (mL);tmtv percentile;" in (tmp_path / "all.csv").read_text(encoding="utf-8-sig")


def test_the_ways_to_use_it_wrongly_end_in_sentences(folder, capsys):
    assert clips(folder, "measure", "size") == 2
    assert clips(folder, "show", "size") == 2
    assert clips(folder, "combine", "mine", "tmtv") == 2
    printed = capsys.readouterr().err
    assert "There is no measurer 'size'" in printed
    assert "The registry has no difficulty table 'size'; none has been made yet" in printed
