"""Tables of a registry: kept by evidence, imported by whoever the ids mean, combined, exported."""

from __future__ import annotations

import csv

import pytest
from builders_difficulty import add_prediction, box_case
from CLIPSLib.cases import Registry
from CLIPSLib.difficulty import MeasureSettings, UptakeOptions
from CLIPSLib.errors import Refusal, UsageError
from CLIPSLib.formats.difficulty_lists import GivenValues
from CLIPSLib.tasks.case_ids import match_ids
from CLIPSLib.tasks.difficulty import (
    combine_tables,
    dice_of_cases,
    dice_of_model,
    import_table,
    measure_tables,
    stored_names,
    stored_table,
    table_path,
    table_validity,
)
from CLIPSLib.tasks.difficulty_export import write_difficulty_csv


@pytest.fixture
def registry(tmp_path):
    """Three patients; the last has two studies. Their numbers at the hospital: 0110, 110, 51011."""
    with Registry.create(tmp_path / "cases") as made:
        box_case(made, 1, (8, 8.0), patient="0110")
        box_case(made, 2, (2, 3.0), patient="110")
        box_case(made, 3, (4, 8.0), (2, 5.0), patient="51011")
        box_case(made, 4, (5, 6.0), patient="51011")
        yield made


def given(**values) -> GivenValues:
    return GivenValues(values={key.removeprefix("p"): v for key, v in values.items()}, source="a test", sha256="0")


def test_ids_mean_cases_pseudonyms_or_the_hospitals_patients(registry):
    first, second, third, fourth = (row.case_id for row in registry.cases())
    pseudonym = registry.case(second).patient_id
    found = match_ids(registry, [first, pseudonym, "0110", "110", "51011", "011", ""])
    assert found.cases == {
        first: (first,),
        pseudonym: (second,),
        "0110": (first,),
        "110": (second,),
        "51011": (third, fourth),
    }
    assert found.unknown == ("011", "")


def test_a_number_that_is_one_patients_pseudonym_and_anothers_number_is_refused(registry):
    pseudonym = registry.cases()[0].patient_id
    box_case(registry, 5, (3, 4.0), patient=pseudonym)
    with pytest.raises(Refusal, match=f"'{pseudonym}' could mean the cases"):
        match_ids(registry, [pseudonym])


def test_without_the_key_file_hospital_numbers_are_unknown(registry):
    (registry.folder / "identities.json").unlink()
    assert match_ids(registry, ["0110"]).unknown == ("0110",)


def test_measured_tables_are_kept_and_replaced_when_their_evidence_changes(registry):
    first = measure_tables(registry, ["tmtv"])["tmtv"]
    assert measure_tables(registry, ["tmtv"])["tmtv"] == first  # with the time of the first
    assert stored_table(registry, "tmtv") == first
    other = MeasureSettings(uptake=UptakeOptions(min_lesion_ml=3.0))
    measure_tables(registry, ["tmtv"], settings=other)
    assert stored_table(registry, "tmtv").options["min_lesion_ml"] == 3.0
    measure_tables(registry, ["tmtv"], label="folds-0")
    assert stored_names(registry) == ["tmtv", "tmtv-folds-0"]


def test_a_list_of_hard_patients_makes_the_others_easy_and_reports_unknown_ids(registry):
    imported = import_table(registry, given(p51011=1.0, p999=1.0), name="hard-317", hard_when="high", unlisted=0.0)
    first, second, third, fourth = (row.case_id for row in registry.cases())
    assert imported.table.scores == {first: 0.0, second: 0.0, third: 1.0, fourth: 1.0}
    assert imported.unknown_ids == ("999",)
    assert imported.unlisted_cases == (first, second)


def test_cases_that_a_column_does_not_name_get_no_score(registry):
    imported = import_table(registry, given(p0110=0.9, p110=None), name="their-dice", hard_when="low")
    first, second, third, fourth = (row.case_id for row in registry.cases())
    assert imported.table.scores[first] == -0.9
    assert imported.table.missing == {
        second: "the file gives no value",
        third: "the file does not name this case",
        fourth: "the file does not name this case",
    }


def test_imports_that_cannot_be_right_are_refused(registry):
    with pytest.raises(Refusal, match="None of the 2 ids is a case or patient"):
        import_table(registry, given(p1=1.0, p2=1.0), name="list", hard_when="high")
    case = registry.cases()[0].case_id
    with pytest.raises(Refusal, match="different values"):
        import_table(registry, given(**{"p0110": 1.0, case: 0.0}), name="list", hard_when="high")
    for name in ("tmtv", "../list", ""):
        with pytest.raises(UsageError):
            import_table(registry, given(p0110=1.0), name=name, hard_when="high")


def test_an_imported_table_is_replaced_only_when_asked(registry):
    import_table(registry, given(p0110=1.0), name="list", hard_when="high")
    with pytest.raises(Refusal, match="exists already"):
        import_table(registry, given(p0110=2.0), name="list", hard_when="high")
    import_table(registry, given(p0110=2.0), name="list", hard_when="high", overwrite=True)
    assert 2.0 in stored_table(registry, "list").values.values()


def test_tables_are_combined_by_name(registry):
    measure_tables(registry, ["tmtv", "lesion_count"])
    combined = combine_tables(registry, {"tmtv": 2.0, "lesion_count": 1.0}, name="curriculum")
    assert stored_table(registry, "curriculum") == combined
    assert combined.weights == {"tmtv": 2.0, "lesion_count": 1.0}
    with pytest.raises(UsageError, match="no difficulty table 'rating'; there are: curriculum, lesion_count, tmtv"):
        combine_tables(registry, {"rating": 1.0}, name="other")


def test_validity_against_a_models_dice_and_against_a_file(registry):
    for row in registry.cases():
        add_prediction(registry, row.case_id, 4.0)
    tables = measure_tables(registry, ["suv_max", "teacher_dice"])
    dice, model = dice_of_model(registry)
    assert (sorted(dice.values()), model) == (pytest.approx([0.0, 1.0, 1.0, 1.0]), "suv")
    assert table_validity(tables["suv_max"], dice, model=model).n == 4
    assert table_validity(tables["teacher_dice"], dice, model=model).warning.startswith("Circular")
    from_file, unknown = dice_of_cases(registry, given(p0110=0.9, p110=0.1, p9=0.5))
    assert (sorted(from_file.values()), unknown) == ([0.1, 0.9], ("9",))


def test_the_spreadsheet_has_a_row_per_case_with_acquisition_value_percentile_and_reasons(registry, tmp_path):
    first, second, *_ = (row.case_id for row in registry.cases())
    registry.review(second, status="unusable", reader="Ann")
    registry.rate(first, rater="Ann", score=4)
    tables = measure_tables(registry, ["tmtv", "rating"])
    path = write_difficulty_csv(tmp_path / "difficulty.csv", registry, list(tables.values()))
    rows = {row["case"]: row for row in csv.DictReader(path.open(encoding="utf-8"))}
    assert len(rows) == 4
    assert float(rows[first]["tmtv (mL)"]) == pytest.approx(64.0)
    assert float(rows[first]["tmtv percentile"]) == pytest.approx(1 / 3, abs=1e-6)
    assert (rows[first]["rating"], rows[first]["remarks"]) == ("4", "rating: 1 rater")
    assert float(rows[first]["voxel_ml"]) == pytest.approx(0.125)
    assert rows[second]["state"] == "quarantined: reviewed as unusable"
    assert any("rating: nobody has rated the case" in row["missing"] for row in rows.values())


def test_a_damaged_table_is_no_table(registry):
    measure_tables(registry, ["tmtv"])
    table_path(registry, "tmtv").write_text("{}")
    with pytest.raises(Refusal, match="not a 'clips-difficulty' document"):
        stored_table(registry, "tmtv")
