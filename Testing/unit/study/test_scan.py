"""Any folder: nested, mixed, junk, odd names, links, damaged files."""

import os

import pytest
from builders_dicom import write_series
from CLIPSLib.errors import Cancelled, Failure
from CLIPSLib.progress import SILENT, RecordingReporter
from CLIPSLib.study.scan import HEADER_BYTES, scan_folder
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian


def test_dicom_is_found_below_any_folder_and_under_any_name(tmp_path):
    write_series(tmp_path / "a" / "b c" / "é", name="IM{:d}".format)
    write_series(tmp_path / "ct", "CT", name="{}.weird.txt".format)
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / "picture.dcm").write_bytes(os.urandom(4000))
    (tmp_path / "empty.dcm").write_bytes(b"")
    scanned = scan_folder(tmp_path, SILENT)
    assert sorted({header.modality for header in scanned.headers}) == ["CT", "PT"]
    assert (len(scanned.headers), scanned.unreadable, scanned.file_count) == (12, [], 15)


def test_bare_data_sets_and_other_encodings_are_read(tmp_path):
    write_series(tmp_path / "implicit", transfer_syntax=ImplicitVRLittleEndian)
    write_series(tmp_path / "big", transfer_syntax=ExplicitVRBigEndian, series="2")
    for path in write_series(tmp_path / "bare", transfer_syntax=ImplicitVRLittleEndian, series="3"):
        content = path.read_bytes()
        meta_length = int.from_bytes(content[140:144], "little")
        path.write_bytes(content[144 + meta_length :])  # without preamble and file meta information
    headers = scan_folder(tmp_path, SILENT).headers
    assert len(headers) == 18
    assert {(h.rows, h.columns, h.slope, h.pet.patient_weight, h.pet.total_dose) for h in headers} == {
        (8, 9, 1.0, "70", "370000000")
    }


def test_a_dicomdir_is_not_an_image(tmp_path):
    write_series(tmp_path / "images")
    (tmp_path / "DICOMDIR").write_bytes((tmp_path / "images" / "0000.dcm").read_bytes())
    scanned = scan_folder(tmp_path, SILENT)
    assert len(scanned.headers) == 6


def test_links_in_a_circle_end(tmp_path):
    write_series(tmp_path / "a")
    (tmp_path / "a" / "again").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "b").symlink_to(tmp_path / "a", target_is_directory=True)
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    assert len(scan_folder(tmp_path, SILENT).headers) == 6


def test_a_truncated_header_is_listed_with_its_reason(tmp_path):
    first = write_series(tmp_path)[0]
    first.write_bytes(first.read_bytes()[:400])
    scanned = scan_folder(tmp_path, SILENT)
    assert [path for path, _ in scanned.unreadable] == [first]
    assert "damaged" in scanned.unreadable[0][1]


def test_a_header_longer_than_the_first_read_is_read_in_full(tmp_path):
    write_series(
        tmp_path, private={(0x0009, 0x0010): ("LO", "BIG"), (0x0009, 0x1001): ("OB", b"\0" * 2 * HEADER_BYTES)}
    )
    assert {header.rows for header in scan_folder(tmp_path, SILENT).headers} == {8}


def test_a_sequence_that_became_un_is_read(tmp_path):
    # A system that does not know (0054,0016) stores it as UN, with its items in implicit VR (PS3.5 6.2.2).
    explicit = write_series(tmp_path / "explicit")
    implicit = write_series(tmp_path / "implicit", transfer_syntax=ImplicitVRLittleEndian)
    tag = b"\x54\x00\x16\x00"
    for target, source in zip(explicit, implicit, strict=True):
        content, unknown = target.read_bytes(), source.read_bytes()
        start, at = content.index(tag), unknown.index(tag)
        length = int.from_bytes(content[start + 8 : start + 12], "little")
        items = unknown[at + 8 : at + 8 + int.from_bytes(unknown[at + 4 : at + 8], "little")]
        header = tag + b"UN\0\0" + len(items).to_bytes(4, "little")
        target.write_bytes(content[:start] + header + items + content[start + 12 + length :])
    headers = scan_folder(tmp_path / "explicit", SILENT).headers
    assert {(header.pet.total_dose, header.rows) for header in headers} == {("370000000", 8)}


@pytest.mark.parametrize("vr", ["DS", "UN"])
def test_philips_factors_are_found_with_and_without_their_creator(tmp_path, vr):
    value = b"0.000551" if vr == "UN" else "0.000551"
    with_creator = {(0x7053, 0x0011): ("LO", "Philips PET Private Group"), (0x7053, 0x1100): (vr, value)}
    write_series(tmp_path / "1", private=with_creator)
    write_series(tmp_path / "2", private={(0x7053, 0x1000): (vr, value)}, transfer_syntax=ImplicitVRLittleEndian)
    assert {h.pet.philips_suv_factor for h in scan_folder(tmp_path, SILENT).headers} == {"0.000551"}


def test_a_missing_folder_is_said(tmp_path):
    with pytest.raises(Failure, match="does not exist"):
        scan_folder(tmp_path / "nothing", SILENT)


def test_scanning_reports_progress_and_can_be_cancelled(tmp_path):
    write_series(tmp_path)
    reporter = RecordingReporter()
    scan_folder(tmp_path, reporter)
    assert reporter.stages[-1] == ("scanning", 1.0)
    with pytest.raises(Cancelled):
        scan_folder(tmp_path, RecordingReporter(cancel_after=3))
