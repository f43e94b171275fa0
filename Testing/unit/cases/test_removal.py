"""A case whose patient withdraws consent leaves hashes, a reason and a date: nothing else, nowhere in the folder."""

from __future__ import annotations

import shutil
import sqlite3

import builders_registry as builders
import numpy as np
import pytest
from builders_volume import segmentation_of
from CLIPSLib.cases import Registry, make_split, rescue_registry, schema
from CLIPSLib.cases.database import Database
from CLIPSLib.errors import Failure, Refusal, UsageError

WHY = {"reason": "consent withdrawn", "author": "GW"}


@pytest.fixture
def registry(tmp_path):
    """Three cases of three patients with masks, references, reviews, ratings and a split; with backups of before."""
    registry, cases = builders.registry(tmp_path / "cases", cases=3)
    for case in cases:
        mask = registry.add_mask(case.case_id, builders.mask(builders.study()), origin="predicted", author="GW")
        registry.add_mask(case.case_id, empty(), origin="imported", author="GW")  # equal content: all share one file
        registry.set_reference(case.case_id, mask.id, author="GW")
        registry.review(case.case_id, status="accepted", reader="GW", mask_id=mask.id, comment=f"about {case.case_id}")
        registry.rate(case.case_id, rater="GW", score=3)
    registry.save_split("main", make_split(registry.cases(), folds=3, seed=1))
    registry.close()
    Registry.open(tmp_path / "cases").close()
    with Registry.open(tmp_path / "cases") as registry:
        yield registry


def empty():
    return segmentation_of(np.zeros(builders.SHAPE, np.uint16), builders.study(), provenance={"model": "x"})


def files_with(folder, *words: bytes) -> set[str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.name for path in files if any(word in path.read_bytes() or word in bytes(path) for word in words)}


def test_nothing_of_a_removed_case_is_left_in_any_file(registry):
    case, number = registry.case("C0002"), registry.mask("C0002-m1").sha256
    assert files_with(registry.folder, b"C0002", case.pet_series_uid.encode(), b"PAT-00002", b"MARTIN2")
    removal = registry.remove_case("C0002", **WHY)
    assert removal.splits == ("main",) and removal.cautions == ()
    left = files_with(registry.folder, case.pet_series_uid.encode(), b"PAT-00002", b"MARTIN2", b"about C0002")
    assert left == set()
    assert not (registry.folder / "images" / "C0002").exists()
    assert [row.case_id for row in registry.cases()] == ["C0001", "C0003"]
    assert registry.check().whole and registry.check().orphans == () and registry.check().cautions == ()
    assert registry.mask_path("C0001-m1").exists() and registry.mask("C0001-m1").sha256 == number  # a shared file


def test_a_file_that_only_the_removed_case_used_goes(registry):
    other = builders.mask(builders.study(), (slice(0, 1), slice(0, 1), slice(0, 1)))
    own = registry.add_mask("C0002", other, origin="imported", author="GW")
    path = registry.mask_path(own.id)
    registry.remove_case("C0002", **WHY)
    assert not path.exists()


def test_the_tombstone_keeps_hashes_reason_author_and_time_without_names(registry):
    registry.remove_case("C0002", reason="Mme MARTIN2, PAT-00002, withdrew her consent", author="GW")
    (removed,) = registry.removed()
    assert "withdrew her consent" in removed.reason
    assert "MARTIN2" not in removed.reason and "PAT-00002" not in removed.reason
    assert removed.author == "GW" and removed.removed_utc and not removed.unfinished
    assert registry.removal_of("C0002") == removed and registry.removal_of("C0001") is None


def test_whoever_asks_for_a_removed_case_hears_that_it_was_removed_and_why(registry):
    registry.remove_case("C0002", **WHY)
    for ask in (
        lambda: registry.case("C0002"),
        lambda: registry.mask("C0002-m1"),
        lambda: registry.review("C0002", status="skipped", reader="GW"),
        lambda: registry.remove_case("C0002", **WHY),
    ):
        with pytest.raises(Refusal, match=r"C0002' was removed on \d{4}-\d\d-\d\d \(consent withdrawn\)"):
            ask()


def test_the_same_study_is_not_taken_in_again_unasked(registry):
    registry.remove_case("C0002", **WHY)
    with pytest.raises(Refusal, match=r"This PET was removed on .* \(consent withdrawn\)"):
        registry.add_case(builders.study(2), source="the same folder again")
    again = registry.add_case(builders.study(2), source="a new consent", despite_removal=True)
    assert (again.case_id, again.patient_id) == ("C0004", "P0004")


def test_ids_of_removed_cases_are_not_given_again(registry):
    registry.remove_case("C0003", **WHY)
    later = registry.add_case(builders.study(7), source="test")
    assert (later.case_id, later.patient_id) == ("C0004", "P0004")
    with pytest.raises(Refusal, match="is given once"):
        registry.add_case(builders.study(8), source="test", pseudonym="C0003")


def test_other_studies_of_the_patient_keep_his_name(registry):
    second = registry.add_case(builders.study(9, patient="PAT-00002"), source="follow-up")
    registry.remove_case("C0002", **WHY)
    assert registry.identity(second.case_id).patient_id == "PAT-00002"
    assert (
        second.patient_id
        == "P0002"
        == registry.add_case(builders.study(10, patient="PAT-00002"), source="x").patient_id
    )


def test_unfinished_work_of_a_reader_stops_the_removal_until_it_may_go(registry):
    registry.save_draft("C0002", "AB", builders.mask(builders.study()))
    with pytest.raises(Refusal, match="unfinished work of AB"):
        registry.remove_case("C0002", **WHY)
    assert registry.read_draft("C0002", "AB") is not None
    registry.remove_case("C0002", **WHY, discard_drafts=True)
    assert list((registry.folder / "drafts").iterdir()) == []


def test_a_removal_needs_a_reason_and_an_author(registry):
    for given in ({**WHY, "reason": " "}, {**WHY, "author": ""}):
        with pytest.raises(UsageError):
            registry.remove_case("C0002", **given)
    assert registry.case("C0002")


def test_what_stops_the_deletion_of_files_is_told_and_done_at_the_next_opening(registry, monkeypatch):
    def locked(*_):
        raise PermissionError(13, "in use by another program", "pet_suv.nii.gz")

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", locked)
        removal = registry.remove_case("C0002", **WHY)
    assert [caution.code for caution in removal.cautions] == ["removal-unfinished"]
    assert "in use by another program" in removal.cautions[0].what
    assert (registry.folder / "images" / "C0002").exists()
    Registry.open(registry.folder).close()
    assert not (registry.folder / "images" / "C0002").exists() and not registry.removed()[0].unfinished


def test_a_rescue_does_not_bring_a_removed_case_back(registry):
    before = (registry.folder / "registry.sqlite").read_bytes()
    registry.remove_case("C0002", **WHY)
    registry.close()
    (registry.folder / "registry-damaged-20260101T000000Z.sqlite").write_bytes(before)
    (registry.folder / "backups" / "20200101T000000Z-daily.sqlite").write_bytes(before)  # put back by hand
    (registry.folder / "registry.sqlite").unlink()
    rescue_registry(registry.folder)
    with Registry.open(registry.folder) as rescued:
        assert [row.case_id for row in rescued.cases()] == ["C0001", "C0003"]
        assert rescued.removal_of("C0002") is not None and rescued.check().whole


def test_damaged_copies_of_the_database_are_named(registry):
    name = "registry-damaged-20260101T000000Z.sqlite"
    (registry.folder / name).write_bytes((registry.folder / "registry.sqlite").read_bytes())
    removal = registry.remove_case("C0002", **WHY)
    assert [(caution.code, caution.where) for caution in removal.cautions] == [("damaged-copy", name)]


def test_a_split_that_names_a_telling_id_is_cautioned_about(registry):
    registry.add_case(builders.study(12, patient="12345678"), source="test", pseudonym="12345678")
    registry.save_split("later", make_split(registry.cases(), holdout=0.5, seed=1))
    removal = registry.remove_case("12345678", **WHY)
    assert [caution.code for caution in removal.cautions] == ["telling-split"] and removal.splits == ("later",)


def test_without_the_key_file_the_case_goes_and_the_name_is_spoken_of(registry):
    kept = (registry.folder / "identities.json").read_bytes()
    (registry.folder / "identities.json").unlink()
    removal = registry.remove_case("C0002", **WHY)
    assert [caution.code for caution in removal.cautions] == ["key-file-elsewhere"]
    (registry.folder / "identities.json").write_bytes(kept)
    registry.check(remove_orphans=True)
    assert files_with(registry.folder, b"PAT-00002") == set()


def test_after_a_removal_rows_can_still_only_be_added(registry):
    registry.remove_case("C0002", **WHY)
    registry.close()
    with pytest.raises(sqlite3.IntegrityError, match="only ever added"):
        connection = sqlite3.connect(registry.folder / "registry.sqlite")
        try:
            connection.execute("DELETE FROM reviews")
        finally:
            connection.close()


def test_an_older_registry_is_upgraded_also_for_somebody_who_only_reads(tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:1])
        patched.setattr("CLIPSLib.cases.removal.finish_removals", lambda *_: "")
        patched.setattr("CLIPSLib.cases.intake.removed_cases", lambda *_: [])
        patched.setattr("CLIPSLib.cases.intake.removal_of", lambda *_: None)
        builders.registry(tmp_path / "cases")[0].close()
    with Registry.open(tmp_path / "cases", read_only=True) as upgraded:
        assert [row.case_id for row in upgraded.cases()] == ["C0001"] and upgraded.read_only
    with Registry.open(tmp_path / "cases") as upgraded:
        assert upgraded.removed() == []
        upgraded.remove_case("C0001", **WHY)  # also out of the backup that has no table of removals
    for backup in (tmp_path / "cases" / "backups").iterdir():
        assert Database(backup).rows("SELECT * FROM cases") == []


def test_a_damaged_draft_is_put_aside_with_a_word_and_is_in_nobodys_way(registry):
    registry.save_draft("C0001", "AB", builders.mask(builders.study()), edit_count=7)
    (path,) = (registry.folder / "drafts").iterdir()
    path.chmod(0o600)
    path.write_bytes(b"half")
    with pytest.raises(Failure, match="SHA-256 differs"):
        registry.read_draft("C0001", "AB")
    draft, caution = registry.read_or_set_aside_draft("C0001", "AB")
    assert draft is None and "put aside as drafts/damaged-C0001-" in caution.what
    kept = sorted(path.suffix for path in (registry.folder / "drafts").iterdir())
    assert kept == [".gz", ".json"]
    assert registry.read_or_set_aside_draft("C0001", "AB") == (None, None)
    assert registry.check().whole and registry.check().orphans == ()
    registry.remove_case("C0001", **WHY)
    assert list((registry.folder / "drafts").iterdir()) == []


def test_a_draft_whose_file_is_gone_is_put_aside_too(registry):
    registry.save_draft("C0001", "AB", builders.mask(builders.study()))
    (path,) = (registry.folder / "drafts").iterdir()
    path.unlink()
    draft, caution = registry.read_or_set_aside_draft("C0001", "AB")
    assert draft is None and "is missing" in caution.what
    registry.save_draft("C0001", "AB", builders.mask(builders.study()))
    draft, caution = registry.read_or_set_aside_draft("C0001", "AB")
    assert draft is not None and caution is None
