"""Registries are created, opened, moved, read only and upgraded; cases are recognized and carry no names."""

from __future__ import annotations

import json
import shutil
import sqlite3
import stat

import builders_registry as builders
import builders_result
import numpy as np
import pytest
from CLIPSLib.cases import CaseQuery, Registry, schema
from CLIPSLib.errors import Cancelled, Failure, Refusal, UsageError
from CLIPSLib.imaging import array_view, same_grid
from CLIPSLib.progress import RecordingReporter


def test_a_study_comes_back_with_its_voxels_grids_uids_and_suv(tmp_path):
    study = builders_result.study()
    with Registry.create(tmp_path / "cases") as registry:
        case = registry.add_case(study, source="DICOM")
        back = registry.read_study(case.case_id)
    assert np.array_equal(array_view(back.pet), array_view(study.pet)) and same_grid(back.pet, study.pet)
    assert np.array_equal(array_view(back.ct), array_view(study.ct)) and same_grid(back.ct, study.ct)
    assert back.suv.factor == study.suv.factor
    assert back.identity.pet_series_uid == study.identity.pet_series_uid
    assert (back.identity.patient_id, back.identity.sex, back.identity.age_years) == ("P0001", "F", 66.0)


def test_names_ids_and_dates_of_a_person_stand_in_the_key_file_alone(tmp_path):
    folder = tmp_path / "cases"
    with Registry.create(folder) as registry:
        case = registry.add_case(builders_result.study(), source="DICOM of /data/HOP-00417", stratum="A")
        mask = registry.add_mask(
            case.case_id, builders_result.segmentation(), origin="imported", author="GW", comment="Mme Dupont"
        )
        registry.set_reference(case.case_id, mask.id, author="GW", comment="HOP-00417")
        registry.review(case.case_id, status="flagged", reader="GW", comment="Jeanne DUPONT, 2023-06-11")
        registry.rate(case.case_id, rater="GW", score=2, comment="DUPONT")
    telling = [b"dupont", b"jeanne", b"hop-00417", b"19570302", b"20230611", b"2023-06-11"]
    files = [path for path in folder.rglob("*") if path.is_file()]
    found = {path.name for path in files if any(word in path.read_bytes().lower() for word in telling)}
    assert found == {"identities.json"}
    assert json.loads((folder / "identities.json").read_text())["patients"]["P0001"]["patient_id"] == "HOP-00417"
    assert stat.S_IMODE((folder / "identities.json").stat().st_mode) == 0o600


def test_a_pet_series_is_taken_once_whatever_its_files_are_called(tmp_path):
    registry, (case,) = builders.registry(tmp_path / "cases")
    with pytest.raises(Refusal, match="already, as case C0001") as refused:
        registry.add_case(builders.study(1), source="the same series, exported again")
    assert refused.value.code == "duplicate-case"
    assert registry.case_of_series(case.pet_series_uid) == case
    assert len(registry.cases()) == 1


def test_the_same_pixels_under_another_uid_are_taken_with_a_caution(tmp_path):
    registry, _ = builders.registry(tmp_path / "cases")
    again = registry.add_case(builders.study(1, pet_series_uid="1.2.840.99", study_uid="1.2.840.98"), source="test")
    assert [caution.code for caution in again.cautions] == ["same-pixels"]
    assert "C0001" in again.cautions[0].what
    assert registry.read_study(again.case_id).cautions == again.cautions


def test_the_same_pixels_are_of_the_same_patient_whatever_id_a_copy_gives_him(tmp_path):
    registry, (case,) = builders.registry(tmp_path / "cases")
    copy = {"patient": "ANON-7", "patient_name": "ANONYMOUS", "pet_series_uid": "1.2.840.99", "study_uid": "1.2.840.98"}
    again = registry.add_case(builders.study(1, **copy), source="a copy made anonymous")
    assert again.patient_id == case.patient_id
    later = registry.add_case(builders.study(3, patient="ANON-7"), source="the next study of the copy")
    assert later.patient_id == case.patient_id
    assert registry.find("ANON-7") == registry.find("PAT-00001") == ("C0001", "C0002", "C0003")
    assert registry.identity("C0001").patient_id == "PAT-00001" and registry.identity("C0002").patient_id == "ANON-7"
    review = registry.review("C0002", status="flagged", reader="GW", comment="ANON-7 is hard")
    assert "ANON-7" not in review.comment


def test_the_same_pixels_of_two_known_patients_are_cautioned_about(tmp_path):
    registry, _ = builders.registry(tmp_path / "cases", cases=2)
    mixed = builders.study(1, patient="PAT-00002", pet_series_uid="1.2.840.99", study_uid="1.2.840.98")
    (caution,) = registry.add_case(mixed, source="test").cautions
    assert "another patient (P0002, not P0001)" in caution.what and "splits leak" in caution.what


def test_a_pet_with_values_that_are_no_numbers_is_refused(tmp_path):
    study = builders.study()
    study.pet.SetPixel(0, 0, 0, float("nan"))
    with Registry.create(tmp_path / "cases") as registry, pytest.raises(Refusal, match="PET"):
        registry.add_case(study, source="test")


def test_names_are_one_line_and_numbers_are_numbers(tmp_path):
    registry, _ = builders.registry(tmp_path / "cases")
    for wrong in (
        lambda: registry.review("C0001", status="accepted", reader="A\nB"),
        lambda: registry.review("C0001", status="accepted", reader="A", edit_count="2"),
        lambda: registry.set_stratum("C0001", None),
        lambda: registry.add_case(builders.study(2), source="x", stratum=None),
    ):
        with pytest.raises(UsageError):
            wrong()
    assert registry.review("C0001", status="accepted", reader="A", edit_count=np.int64(2)).edit_count == 2


def test_pairs_without_uids_are_recognized_by_their_voxels(tmp_path):
    registry = Registry.create(tmp_path / "cases")
    bare = {"patient": "", "pet_series_uid": "", "study_uid": "", "ct_series_uid": ""}
    first = registry.add_case(builders.study(1, **bare), source="NIfTI")
    second = registry.add_case(builders.study(2, **bare), source="NIfTI")
    assert first.series_key == f"content-{first.content_sha256}"
    assert first.patient_id != second.patient_id
    assert [caution.code for caution in second.cautions] == ["patient-unknown"]
    with pytest.raises(Refusal, match="as case C0001"):
        registry.add_case(builders.study(1, **bare), source="NIfTI")


def test_studies_of_one_patient_share_a_pseudonym(tmp_path):
    registry = Registry.create(tmp_path / "cases")
    first = registry.add_case(builders.study(1, patient="0042"), source="test")
    follow_up = registry.add_case(builders.study(2, patient="0042"), source="test")
    other = registry.add_case(builders.study(3, patient="42"), source="test")
    assert first.patient_id == follow_up.patient_id != other.patient_id


def test_one_patient_id_with_two_dates_of_birth_means_two_persons(tmp_path):
    registry = Registry.create(tmp_path / "cases")
    first = registry.add_case(builders.study(1, patient="ANON", birth_date="19500101"), source="test")
    second = registry.add_case(builders.study(2, patient="ANON", birth_date="19710203"), source="test")
    assert first.patient_id != second.patient_id
    assert [caution.code for caution in second.cautions] == ["patient-id-twice"]


def test_ids_are_text_whose_leading_digits_matter(tmp_path):
    registry = Registry.create(tmp_path / "cases")
    ids = [
        registry.add_case(builders.study(n), source="test", pseudonym=id_).case_id for n, id_ in ((1, "007"), (2, "7"))
    ]
    assert ids == ["007", "7"]
    assert registry.case("007").series_key != registry.case("7").series_key
    with pytest.raises(UsageError, match='"007" is not 7'):
        registry.case(7)


@pytest.mark.parametrize("pseudonym", ["", "a/b", "..", "con", "x" * 65, "É"])
def test_a_pseudonym_that_cannot_name_a_folder_is_refused(tmp_path, pseudonym):
    registry = Registry.create(tmp_path / "cases")
    with pytest.raises(Refusal, match="cannot name a folder"):
        registry.add_case(builders.study(), source="test", pseudonym=pseudonym)


def test_a_pseudonym_is_given_once_in_any_letter_case(tmp_path):
    registry = Registry.create(tmp_path / "cases")
    registry.add_case(builders.study(1), source="test", pseudonym="Lyon-1")
    with pytest.raises(Refusal, match="There is a case Lyon-1 already"):
        registry.add_case(builders.study(2), source="test", pseudonym="LYON-1")


def test_a_pseudonym_made_of_the_patients_id_is_cautioned_about(tmp_path):
    registry = Registry.create(tmp_path / "cases")
    case = registry.add_case(builders.study(1, patient="12345678"), source="test", pseudonym="12345678")
    assert [caution.code for caution in case.cautions] == ["telling-pseudonym"]


def test_without_the_key_file_cases_are_read_and_none_is_added(tmp_path):
    registry, (case,) = builders.registry(tmp_path / "cases")
    (tmp_path / "cases" / "identities.json").unlink()
    assert registry.read_study(case.case_id).identity.patient_id == case.patient_id
    with pytest.raises(Refusal, match="key file is missing"):
        registry.add_case(builders.study(2), source="test")
    assert [caution.code for caution in registry.check().cautions] == ["identities-missing"]
    assert len(list((tmp_path / "cases" / "images").iterdir())) == 1


def test_a_cancelled_import_leaves_nothing(tmp_path):
    registry = Registry.create(tmp_path / "cases")
    with pytest.raises(Cancelled):
        registry.add_case(builders.study(), source="test", reporter=RecordingReporter(cancel_after=1))
    assert registry.cases() == [] and list((tmp_path / "cases" / "images").iterdir()) == []


def test_a_moved_folder_is_whole(tmp_path):
    registry, (case,) = builders.registry(tmp_path / "here")
    mask = registry.add_mask(case.case_id, builders.mask(builders.study()), origin="predicted", author="GW")
    registry.close()
    shutil.move(tmp_path / "here", tmp_path / "there")
    with Registry.open(tmp_path / "there") as moved:
        assert moved.check().whole
        assert moved.read_study(case.case_id).pet.GetSize() == (10, 8, 6)
        assert moved.read_mask(mask.id).lesions[0].name == "Lesion 1"


def test_cases_are_found_by_whatever_id_somebody_has(tmp_path):
    registry = Registry.create(tmp_path / "cases")
    for number in (1, 2):
        registry.add_case(builders.study(number, patient="0042"), source="test")
    registry.add_case(builders.study(3, patient="", ct_series_uid=""), source="test")
    assert registry.find("0042") == ("C0001", "C0002") == registry.find("P0001")
    assert registry.find("C0003") == ("C0003",) == registry.find(registry.case("C0003").pet_series_uid)
    assert registry.find("42") == registry.find("") == ()
    (tmp_path / "cases" / "identities.json").unlink()
    assert registry.find("0042") == ()


def test_the_key_file_tells_who_is_behind_a_case(tmp_path):
    registry, (case,) = builders.registry(tmp_path / "cases")
    known = registry.identity(case.case_id)
    assert (known.patient_id, known.patient_name, known.study_date) == ("PAT-00001", "MARTIN1^ANNE", "20240229")
    (tmp_path / "cases" / "identities.json").unlink()
    assert registry.identity(case.case_id) is None


def test_a_stratum_can_be_said_later(tmp_path):
    registry, (case,) = builders.registry(tmp_path / "cases")
    registry.set_stratum(case.case_id, "PMBCL")
    assert registry.case(case.case_id).stratum == "PMBCL"


def test_a_registry_is_not_made_around_what_somebody_else_put_there(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "holiday.png").write_bytes(b"")
    with pytest.raises(Refusal, match="folder images there holds something"):
        Registry.create(tmp_path)


def test_a_folder_without_registry_and_a_second_creation_end_in_a_sentence(tmp_path):
    with pytest.raises(UsageError, match="holds no registry"):
        Registry.open(tmp_path)
    Registry.create(tmp_path).close()
    with pytest.raises(Refusal, match="holds a registry already"):
        Registry.create(tmp_path)


def test_a_registry_of_a_newer_version_is_refused(tmp_path):
    builders.registry(tmp_path / "cases")[0].close()
    edit(tmp_path / "cases", "PRAGMA user_version = 99")
    with pytest.raises(Refusal, match="version 99; this software knows versions up to 2"):
        Registry.open(tmp_path / "cases")


def test_a_database_of_another_program_is_refused(tmp_path):
    with sqlite3.connect(tmp_path / "registry.sqlite") as connection:
        connection.execute("CREATE TABLE cases (case_id TEXT)")
    with pytest.raises(Refusal, match="no registry of CLIPS"):
        Registry.open(tmp_path)


def test_an_older_registry_is_upgraded_after_a_backup(tmp_path, monkeypatch):
    registry, (case,) = builders.registry(tmp_path / "cases")
    registry.close()
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, "ALTER TABLE cases ADD COLUMN site TEXT;"))
    with Registry.open(tmp_path / "cases", read_only=False) as upgraded:
        assert [row.case_id for row in upgraded.cases()] == [case.case_id]
    (backup,) = (tmp_path / "cases" / "backups").glob("*-before-version-3.sqlite")
    assert columns(backup) == columns(tmp_path / "cases" / "registry.sqlite") - {"site"}


def test_an_upgrade_that_fails_changes_nothing(tmp_path, monkeypatch):
    builders.registry(tmp_path / "cases")[0].close()
    before = columns(tmp_path / "cases" / "registry.sqlite")
    with monkeypatch.context() as patched:
        patched.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, "ALTER TABLE cases ADD COLUMN site TEXT; NONSENSE;"))
        with pytest.raises(Failure):
            Registry.open(tmp_path / "cases")
    assert columns(tmp_path / "cases" / "registry.sqlite") == before
    Registry.open(tmp_path / "cases").close()


def test_opening_keeps_one_copy_of_the_database_a_day(tmp_path):
    builders.registry(tmp_path / "cases")[0].close()
    for _ in range(3):
        Registry.open(tmp_path / "cases").close()
    assert len(list((tmp_path / "cases" / "backups").glob("*-daily.sqlite"))) == 1


def test_a_registry_may_be_closed_twice(tmp_path):
    registry, _ = builders.registry(tmp_path / "cases")
    registry.close()
    registry.close()


def test_closing_works_although_no_copy_can_be_made(tmp_path, monkeypatch):
    registry, _ = builders.registry(tmp_path / "cases")
    (tmp_path / "cases" / "backups").write_text("in the way")
    registry.close()
    Registry.open(tmp_path / "cases").close()


def test_reading_only_writes_nothing_and_refuses_to(tmp_path):
    builders.registry(tmp_path / "cases")[0].close()
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "cases").rglob("*")}
    with Registry.open(tmp_path / "cases", read_only=True) as registry:
        assert len(registry.cases()) == 1
        for write in (
            lambda: registry.review("C0001", status="skipped", reader="GW"),
            lambda: registry.add_case(builders.study(2), source="test"),
            lambda: registry.check(remove_orphans=True),
        ):
            with pytest.raises(Failure, match="reading only"):
                write()
        assert registry.check().whole
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "cases").rglob("*")} == before


def test_what_is_only_ever_added_cannot_be_changed_by_any_program(tmp_path):
    registry, (case,) = builders.registry(tmp_path / "cases")
    mask = registry.add_mask(case.case_id, builders.mask(builders.study()), origin="imported", author="GW")
    registry.set_reference(case.case_id, mask.id, author="GW")
    registry.review(case.case_id, status="accepted", reader="GW", mask_id=mask.id)
    registry.rate(case.case_id, rater="GW", score=1)
    registry.close()
    for table in ("masks", "reference_choices", "reviews", "ratings"):
        for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET comment = 'better'"):
            with pytest.raises(sqlite3.IntegrityError, match="only ever added"):
                edit(tmp_path / "cases", statement)


def test_a_block_is_kept_together_or_not_at_all(tmp_path):
    registry, (case,) = builders.registry(tmp_path / "cases")
    study = registry.read_study(case.case_id)
    registry.save_draft(case.case_id, "GW", builders.mask(study))
    with pytest.raises(ZeroDivisionError), registry.together():
        mask = registry.add_mask(case.case_id, builders.mask(study), origin="corrected", author="GW")
        registry.review(case.case_id, status="corrected", reader="GW", mask_id=mask.id)
        registry.discard_draft(case.case_id, "GW")
        1 / 0  # noqa: B018
    assert registry.masks(case.case_id) == [] and registry.reviews(case.case_id) == []
    assert registry.read_draft(case.case_id, "GW").segmentation.lesions[0].label == 1
    assert registry.cases(CaseQuery(status="to review"))


def edit(folder, statement: str) -> None:
    """Change the database behind the registry's back."""
    connection = sqlite3.connect(folder / "registry.sqlite")
    try:
        with connection:
            connection.execute(statement)
    finally:
        connection.close()


def columns(path) -> set[str]:
    connection = sqlite3.connect(path)
    try:
        return {row[1] for row in connection.execute("PRAGMA table_info(cases)")}
    finally:
        connection.close()
