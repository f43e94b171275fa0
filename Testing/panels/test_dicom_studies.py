"""The PET/CT studies of Slicer's DICOM database as a list: what a row says, loading one, the table that shows them."""

from pathlib import Path

import pytest
from builders_dicom import write_series
from CLIPSLib.errors import Cancelled, Question, Refusal
from CLIPSLib.progress import RecordingReporter
from CLIPSLib.study import scan

REPOSITORY = Path(__file__).resolve().parent.parent.parent
STATES = ("ready", "cautions", "question", "refused")


@pytest.fixture
def studies(host):
    """The module under test; importable as in Slicer, once a module of the extension is loaded."""
    host.load_module(REPOSITORY / "CLIPSSegmentation" / "DICOMPETCTPlugin.py")
    from CLIPSSegmentationLib import dicom_studies

    return dicom_studies


@pytest.fixture
def database(host):
    from DICOMLib import DICOMUtils

    with DICOMUtils.TemporaryDICOMDatabase() as opened:
        yield opened


def write_study(folder, number, **pet_tags):
    """Study `number`, of its own patient, on day `number` of March."""
    tags = {
        "PatientID": f"P{number}",
        "PatientName": f"Doe^Jane {number}",
        "StudyInstanceUID": f"1.2.{number}",
        "FrameOfReferenceUID": f"1.9.{number}",
        "StudyDate": f"202403{number:02d}",
        "StudyDescription": "PET/CT",
    }
    write_series(folder / f"{number}pet", "PT", series=f"{number}3", **{**tags, **pet_tags})
    write_series(folder / f"{number}ct", "CT", series=f"{number}2", **tags)


def four_studies(folder):
    """One study for each state; the newest is ready."""
    write_study(folder, 4)
    write_study(folder, 3, RadionuclideTotalDose="370")
    write_study(folder, 2, PatientWeight=None)
    write_study(folder, 1, Units="PROPCPS")


def import_all(folder, database):
    from DICOMLib import DICOMUtils

    DICOMUtils.importDicom(str(folder), database)


def test_rows_say_who_when_what_and_whether_it_can_be_segmented(studies, database, tmp_path):
    four_studies(tmp_path)
    write_series(tmp_path / "ct only", "CT", series="9", StudyInstanceUID="1.2.9", PatientID="P9")
    import_all(tmp_path, database)
    rows = list(studies.list_database_studies(database))
    assert [row.state.value for row in rows] == list(STATES)
    newest = rows[0]
    assert (newest.patient, newest.date, newest.description) == ("Doe Jane 4 (P4)", "2024-03-04", "PET/CT")
    assert (newest.pet, newest.ct, newest.reason) == ("43: PET WB AC", "42: CT AC", "")
    assert "370 was taken as MBq" in rows[1].reason
    assert rows[2].problem.key == "weight_kg" and "PROPCPS" in rows[3].reason


def test_two_reconstructions_are_two_rows(studies, database, tmp_path):
    write_study(tmp_path, 1)
    write_series(
        tmp_path / "psf",
        "PT",
        series="4",
        SeriesDescription="PSF",
        PatientID="P1",
        StudyInstanceUID="1.2.1",
        FrameOfReferenceUID="1.9.1",
    )
    import_all(tmp_path, database)
    assert [(row.pet, row.ct) for row in studies.list_database_studies(database)] == [
        ("13: PET WB AC", "12: CT AC"),
        ("4: PSF", "12: CT AC"),
    ]


def test_a_row_loads_into_the_scene_under_its_study(studies, database, tmp_path):
    import slicer

    write_study(tmp_path, 1)
    import_all(tmp_path, database)
    (row,) = studies.list_database_studies(database)
    pet, ct = studies.load_database_study(row)
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    (study,) = {hierarchy.GetItemParent(hierarchy.GetItemByDataNode(node)) for node in (pet, ct)}
    assert hierarchy.GetItemUID(study, "DICOM") == "1.2.1"
    assert len(pet.GetAttribute("DICOM.instanceUIDs").split()) == 6


def test_a_question_is_answered_when_loading(studies, database, tmp_path):
    write_study(tmp_path, 1, PatientWeight=None)
    import_all(tmp_path, database)
    (row,) = studies.list_database_studies(database)
    with pytest.raises(Question):
        studies.load_database_study(row)
    pet, _ct = studies.load_database_study(row, answers={row.problem.key: 72})
    assert "user-entered" in pet.GetAttribute("CLIPS.Study")


def test_files_that_were_moved_away_are_said_not_left_out(studies, database, tmp_path):
    write_study(tmp_path, 1)
    import_all(tmp_path, database)
    for path in tmp_path.rglob("*.dcm"):
        path.unlink()
    (row,) = studies.list_database_studies(database)
    assert (row.state.value, row.patient) == ("refused", "Doe Jane 1 (P1)")
    assert "12 of 12 files cannot be read" in row.reason
    with pytest.raises(Refusal):
        studies.load_database_study(row)


def test_rows_come_one_by_one_and_the_list_can_be_cancelled(studies, database, tmp_path):
    four_studies(tmp_path)
    import_all(tmp_path, database)
    reporter = RecordingReporter(cancel_after=4 + 3)  # four studies are looked up, the first is read
    rows = studies.list_database_studies(database, reporter=reporter)
    assert next(rows).date == "2024-03-04"
    with pytest.raises(Cancelled):
        next(rows)
    assert reporter.stages[0] == ("checking studies", 0.0)


def test_what_was_checked_is_not_read_again(studies, database, tmp_path, monkeypatch):
    write_study(tmp_path, 1)
    import_all(tmp_path, database)
    known = list(studies.list_database_studies(database))
    write_study(tmp_path, 2)
    import_all(tmp_path, database)
    opened, read_start = [], scan._read_start
    monkeypatch.setattr(scan, "_read_start", lambda path: opened.append(path) or read_start(path))
    rows = list(studies.list_database_studies(database, known=known))
    assert [row.date for row in rows] == ["2024-03-02", "2024-03-01"] and rows[1] is known[0]
    assert {path.parent.name for path in opened} == {"2pet", "2ct"}


@pytest.fixture
def table(host, studies, database):
    from CLIPSSegmentationLib.dicom_table import DicomStudyTable

    chosen = []
    made = DicomStudyTable(chosen.append)
    made.chosen = chosen
    yield made
    made.stop()


def cells(table) -> list[list[str]]:
    columns = range(table.table.columnCount)
    return [[table.table.item(row, column).text() for column in columns] for row in range(table.table.rowCount)]


def test_the_table_fills_itself_and_shows_the_reason(host, table, database, tmp_path):
    four_studies(tmp_path)
    import_all(tmp_path, database)
    table.start()
    assert table.table.rowCount == 0 and table.busy  # nothing is read before the panel is shown
    host.wait_until(lambda: not table.busy)
    assert cells(table)[0] == ["2024-03-04", "Doe Jane 4 (P4)", "ready", "43: PET WB AC", "42: CT AC", "PET/CT"]
    assert [row[2] for row in cells(table)] == ["ready", "ready, with cautions", "needs an answer", "refused"]
    assert "PROPCPS" in table.table.item(3, 0).toolTip()


def test_the_table_follows_the_database_until_it_is_stopped(host, table, database, tmp_path):
    table.start()
    host.wait_until(lambda: not table.busy)
    write_study(tmp_path / "a", 1)
    import_all(tmp_path / "a", database)
    host.wait_until(lambda: len(cells(table)) == 1 and not table.busy)
    write_study(tmp_path / "b", 2)
    import_all(tmp_path / "b", database)
    host.wait_until(lambda: [row[0] for row in cells(table)] == ["2024-03-02", "2024-03-01"])
    table.stop()
    database.initializeDatabase()
    host.process_events()
    assert len(table.studies) == 2


def test_a_study_is_chosen_by_activating_its_row(host, table, database, tmp_path):
    four_studies(tmp_path)
    import_all(tmp_path, database)
    table.start()
    host.wait_until(lambda: not table.busy)
    assert table.selected is None
    table.table.selectRow(2)
    assert table.selected is table.studies[2]
    table.table.cellActivated.emit(1, 0)
    assert table.chosen == [table.studies[1]]


def test_a_closed_database_is_an_empty_table(host, studies):
    from CLIPSSegmentationLib.dicom_table import DicomStudyTable

    table = DicomStudyTable(lambda study: None)
    table.start()
    host.process_events()
    assert not table.busy and table.table.rowCount == 0
    table.stop()
