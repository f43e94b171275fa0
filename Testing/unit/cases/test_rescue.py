"""A damaged database ends in one sentence, and everything readable is saved; `check` finds what is left over."""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import time

import builders_registry as builders
import pytest
from CLIPSLib.cases import Registry, rescue_registry
from CLIPSLib.errors import ClipsError, Failure, UsageError

PAGE = 4096


@pytest.fixture
def folder(tmp_path):
    """Twelve cases with a mask, a reference, a review and a rating each; closed."""
    registry, cases = builders.registry(tmp_path / "cases", cases=12)
    with registry:
        for case in cases:
            mask = registry.add_mask(case.case_id, builders.mask(builders.study()), origin="predicted", author="GW")
            registry.set_reference(case.case_id, mask.id, author="GW")
            registry.review(case.case_id, status="accepted", reader="GW", mask_id=mask.id, comment="x" * 300)
            registry.rate(case.case_id, rater="GW", score=3)
    return tmp_path / "cases"


def overwrite(path, offset: int, content: bytes) -> None:
    with open(path, "r+b") as stream:
        stream.seek(offset)
        stream.write(content)


def pages_of(folder, table: str) -> list[int]:
    """Page numbers that a table fills (a closed database's file)."""
    connection = sqlite3.connect(folder / "registry.sqlite")
    try:
        return [row[0] for row in connection.execute("SELECT pageno FROM dbstat WHERE name = ?", (table,))]
    except sqlite3.OperationalError:
        pytest.skip("this SQLite was built without dbstat")
    finally:
        connection.close()


def lose_backups(folder) -> None:
    for backup in (folder / "backups").iterdir():
        backup.unlink()


def delete_mask(folder, mask_id: str) -> None:
    """Take away a row that nothing else would take away."""
    connection = sqlite3.connect(folder / "registry.sqlite")
    with connection:
        connection.execute("DROP TRIGGER masks_stay_delete")
        connection.execute("DELETE FROM masks WHERE mask_id = ?", (mask_id,))
    connection.close()


def test_a_damaged_table_is_named_in_one_sentence_with_what_can_be_saved(folder):
    overwrite(folder / "registry.sqlite", (pages_of(folder, "reviews")[-1] - 1) * PAGE, b"\xff" * PAGE)
    with pytest.raises(Failure, match=r"database is damaged .* 12 cases, 12 masks, .* can be saved") as failed:
        Registry.open(folder)
    assert failed.value.code == "registry-damaged" and "\n" not in str(failed.value)


def test_what_can_be_read_is_rescued_and_the_damaged_file_kept(folder):
    lose_backups(folder)
    damaged = (pages_of(folder, "reviews")[-1] - 1) * PAGE
    overwrite(folder / "registry.sqlite", damaged, b"\xff" * PAGE)
    content = (folder / "registry.sqlite").read_bytes()
    rescue = rescue_registry(folder)
    assert rescue.damaged.read_bytes() == content
    assert rescue.dropped == 0 and rescue.rows["cases"] == rescue.rows["masks"] == rescue.rows["ratings"] == 12
    assert 0 < rescue.rows["reviews"] < 12
    with Registry.open(folder) as registry:
        assert registry.check().whole and registry.check().orphans == ()
        assert registry.reference("C0012").id == "C0012-m1"
        registry.review("C0001", status="flagged", reader="AB")


def test_a_backup_fills_what_the_damage_took(folder):
    Registry.open(folder).close()  # makes the copy of the day
    with Registry.open(folder) as registry:
        registry.review("C0001", status="flagged", reader="AB")
    overwrite(folder / "registry.sqlite", (pages_of(folder, "cases")[0] - 1) * PAGE, b"\0" * PAGE)
    rescue = rescue_registry(folder)
    assert rescue.backup is not None
    assert (rescue.rows["cases"], rescue.rows["reviews"], rescue.dropped) == (12, 13, 0)


def test_a_destroyed_file_is_replaced_by_the_backup(folder):
    (folder / "registry.sqlite").write_bytes(b"not a database" * 1000)
    with pytest.raises(Failure, match="12 cases, 12 masks, 12 reviews, 12 ratings can be saved"):
        Registry.open(folder)
    rescue_registry(folder)
    with Registry.open(folder) as registry:
        assert len(registry.cases()) == 12


def test_a_database_that_was_deleted_comes_back_from_the_backup(folder):
    (folder / "registry.sqlite").unlink()
    with pytest.raises(Failure, match=r"the file is missing.*; 12 cases, .* can be saved"):
        Registry.open(folder)
    assert rescue_registry(folder).damaged is None
    with Registry.open(folder) as registry:
        assert registry.check().whole and len(registry.cases()) == 12


def test_a_database_that_is_lost_costs_no_work_of_the_day(folder):
    with Registry.open(folder) as registry:
        registry.rate("C0001", rater="AB", score=5)
    with Registry.open(folder) as registry:
        registry.rate("C0002", rater="AB", score=4)
    (folder / "registry.sqlite").unlink()
    assert rescue_registry(folder).rows["ratings"] == 14
    assert len(list((folder / "backups").glob("*-last.sqlite"))) <= 2


def test_backups_older_than_a_rescue_still_fit_its_database(folder):
    """Rows are matched by number: had the rescue counted them anew, a second one would mix them up."""
    before = (folder / "registry.sqlite").read_bytes()
    lose_backups(folder)
    delete_mask(folder, "C0001-m1")
    rescue_registry(folder)
    (folder / "backups" / "20200101T000000Z-daily.sqlite").write_bytes(before)
    rescue = rescue_registry(folder)
    assert (rescue.rows["masks"], rescue.dropped) == (12, 0)
    with Registry.open(folder) as registry:
        assert [mask.id for row in registry.cases() for mask in registry.masks(row.case_id)] == [
            f"C{number:04d}-m1" for number in range(1, 13)
        ]


def test_a_lost_mask_costs_neither_its_children_nor_its_reviews(folder):
    with Registry.open(folder) as registry:
        child = registry.add_mask(
            "C0001", builders.mask(builders.study()), origin="corrected", author="GW", parent="C0001-m1"
        )
    lose_backups(folder)
    delete_mask(folder, "C0001-m1")
    with pytest.raises(Failure, match="points at nothing"):
        Registry.open(folder)
    rescue = rescue_registry(folder)
    assert rescue.dropped == 1  # the choice of that mask as reference
    with Registry.open(folder) as registry:
        assert registry.mask(child.id).parent is None
        assert registry.reviews("C0001")[0].mask_id is None
        later = registry.add_mask("C0001", builders.mask(builders.study()), origin="imported", author="GW")
        assert later.id == "C0001-m3"


def test_without_database_and_backup_there_is_nothing_to_rescue(tmp_path):
    with pytest.raises(UsageError, match="neither a registry nor a backup"):
        rescue_registry(tmp_path)
    (tmp_path / "registry.sqlite").write_bytes(b"nothing")
    with pytest.raises(Failure, match="images are untouched"):
        rescue_registry(tmp_path)


def test_check_finds_what_is_left_over_and_removes_it_only_when_asked(folder):
    with Registry.open(folder) as registry:
        left = [
            folder / "images" / "C0099",
            folder / "masks" / f"{'ab' * 32}.nii.gz",
            folder / "masks" / ".writing-old.nii.gz",
        ]
        left[0].mkdir()
        (left[0] / "pet_suv.nii.gz").write_bytes(b"half")
        for path in left[1:]:
            path.write_bytes(b"half")
        at_work = folder / "images" / ".writing-now"
        at_work.mkdir()
        for strange in ("images/notes.txt", "masks/Thumbs.db", "images/my export/patient.nii.gz"):
            (folder / strange).parent.mkdir(exist_ok=True)
            (folder / strange).write_bytes(b"somebody's")
        old = time.time() - 7200
        os.utime(left[2], (old, old))
        names = tuple(sorted(path.relative_to(folder).as_posix() for path in left))
        assert registry.check().orphans == names
        report = registry.check(remove_orphans=True)
        assert report.removed == names and report.orphans == () and report.whole
        assert registry.check().orphans == () and at_work.exists()


def test_check_names_missing_and_changed_images(folder):
    (folder / "images" / "C0001" / "ct_hu.nii.gz").unlink()
    (folder / "images" / "C0002" / "study.json").write_text("{}")
    with Registry.open(folder) as registry:
        report = registry.check()
        assert (report.missing, report.changed) == (("images/C0001/ct_hu.nii.gz",), ("images/C0002/study.json",))
        assert not report.whole
        assert registry.check(hashes=False).changed == ()


@pytest.mark.parametrize("seed", range(20))
def test_random_damage_ends_in_a_sentence_or_in_whole_answers_and_can_be_rescued(folder, seed):
    chance = random.Random(seed)
    size = (folder / "registry.sqlite").stat().st_size
    for _ in range(chance.choice([1, 5, 50])):
        overwrite(folder / "registry.sqlite", chance.randrange(size - 64), chance.randbytes(chance.choice([1, 8, 64])))
    if chance.random() < 0.3:
        os.truncate(folder / "registry.sqlite", chance.randrange(size))
    with contextlib.suppress(ClipsError), Registry.open(folder) as registry:
        for row in registry.cases():
            registry.masks(row.case_id)
    with contextlib.suppress(Failure):  # nothing readable
        assert rescue_registry(folder).rows["cases"] > 0
        with Registry.open(folder) as registry:
            registry.check(hashes=False)
