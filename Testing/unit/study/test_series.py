"""From headers to volumes: order, duplicates, gaps, mixtures, tilt."""

import random

import numpy as np
import pytest
from builders_dicom import write_series
from CLIPSLib.progress import SILENT
from CLIPSLib.study.scan import scan_folder
from CLIPSLib.study.series import build_stacks

OBLIQUE = (0.8, 0.6, 0.0, 0.0, 0.0, -1.0)


def stacks_of(folder):
    return build_stacks(scan_folder(folder, SILENT).headers)


def only_stack(folder):
    stacks, _ = stacks_of(folder)
    assert len(stacks) == 1
    return stacks[0]


def refusal_codes(folder):
    return [refusal.code for refusal in only_stack(folder).refusals]


def test_slices_are_ordered_by_position_whatever_their_names_and_numbers(tmp_path):
    names = random.Random(1).sample(range(100), 6)
    paths = write_series(tmp_path, name=lambda i: f"{names[i]:03d}", InstanceNumber=lambda i: 6 - i)
    assert only_stack(tmp_path).info.files == tuple(paths)


@pytest.mark.parametrize("orientation", [(1, 0, 0, 0, 1, 0), (-1, 0, 0, 0, 1, 0), (1, 0, 0, 0, -1, 0), OBLIQUE])
def test_a_grid_keeps_its_direction_cosines_and_is_right_handed(tmp_path, orientation):
    write_series(tmp_path, orientation=orientation, spacing=(2.0, 3.0, 4.0))
    grid = only_stack(tmp_path).grid
    assert np.allclose(np.array(grid.axes[:2]).ravel(), orientation)
    assert np.linalg.det(np.array(grid.axes)) == pytest.approx(1.0)
    assert grid.spacing == pytest.approx((2.0, 3.0, 4.0))
    assert grid.origin == pytest.approx((-16.0, -14.0, 100.0))


def test_files_written_head_to_feet_are_turned_round(tmp_path):
    write_series(tmp_path, step=(0.0, 0.0, -5.0))
    grid = only_stack(tmp_path).grid
    assert grid.origin == pytest.approx((-16.0, -14.0, 75.0))
    assert grid.spacing[2] == pytest.approx(5.0)


def test_table_jitter_up_to_a_tenth_of_a_millimeter_converts(tmp_path):
    heights = [0.0, 3.27, 6.54, 9.83, 13.02, 16.29]
    write_series(tmp_path, ImagePositionPatient=lambda i: [0, 0, heights[i]])
    stack = only_stack(tmp_path)
    assert stack.refusals == ()
    assert stack.grid.spacing[2] == pytest.approx(16.29 / 5)


@pytest.mark.parametrize("steps", [(3.3, 3.4, 3.3, 3.2, 3.3), (3.27, 3.37, 3.27, 3.27, 3.27)])
def test_jitter_of_exactly_a_tenth_of_a_millimeter_converts(tmp_path, steps):
    heights = [0.0, *np.cumsum(steps)]
    write_series(tmp_path, ImagePositionPatient=lambda i: [0, 0, f"{heights[i]:.2f}"])
    assert only_stack(tmp_path).refusals == ()


def test_a_gap_is_refused_with_its_place_and_never_averaged(tmp_path):
    write_series(tmp_path, slices=8)[4].unlink()
    (refusal,) = only_stack(tmp_path).refusals
    assert refusal.code == "slice-gap"
    assert "115.00 to 125.00 mm" in refusal.what


def test_uneven_spacing_is_refused(tmp_path):
    heights = [0, 5, 10, 15.4, 20, 25]
    write_series(tmp_path, ImagePositionPatient=lambda i: [0, 0, heights[i]])
    assert refusal_codes(tmp_path) == ["uneven-spacing"]


def test_slowly_drifting_spacing_is_refused(tmp_path):
    heights = np.cumsum([3.0] * 30 + [3.09] * 30)
    write_series(tmp_path, slices=60, ImagePositionPatient=lambda i: [0, 0, f"{heights[i]:.3f}"])
    assert refusal_codes(tmp_path) == ["uneven-spacing"]


def test_exact_copies_are_dropped_and_said(tmp_path):
    write_series(tmp_path / "a")
    write_series(tmp_path / "b")
    stack = only_stack(tmp_path)
    assert len(stack.slices) == 6
    assert [caution.code for caution in stack.cautions] == ["duplicates-dropped"]


def test_copies_with_other_headers_are_refused(tmp_path):
    write_series(tmp_path / "a")
    write_series(tmp_path / "b", slope=2.0)
    (refusal,) = only_stack(tmp_path).refusals
    assert refusal.code == "conflicting-copies"
    assert refusal.what.endswith("so do 5 more pairs of the series")


def test_files_that_are_all_one_slice_are_refused(tmp_path):
    first = write_series(tmp_path)[0]
    for path in tmp_path.iterdir():
        path.write_bytes(first.read_bytes())
    (refusal,) = only_stack(tmp_path).refusals
    assert "1 of 6 files" in refusal.what


def test_copies_with_other_pixels_are_refused(tmp_path):
    write_series(tmp_path / "a")
    for path in write_series(tmp_path / "b")[2:3]:
        path.write_bytes(path.read_bytes()[:-2] + b"\x07\x07")
    assert refusal_codes(tmp_path) == ["conflicting-copies"]


def test_several_frames_at_one_position_are_refused_with_their_number(tmp_path):
    for frame in range(3):
        write_series(tmp_path / str(frame), SOPInstanceUID=lambda i, f=frame: f"1.2.{f + 1}.{i}")
    (refusal,) = only_stack(tmp_path).refusals
    assert refusal.code == "several-frames"
    assert refusal.what.startswith("3 images")


def test_contrast_phases_of_a_ct_series_become_stacks_of_their_own(tmp_path):
    for phase in (1, 2):
        write_series(
            tmp_path / str(phase), "CT", AcquisitionNumber=phase, SOPInstanceUID=lambda i, p=phase: f"1.2.{p}.{i}"
        )
    stacks, _ = stacks_of(tmp_path)
    assert [stack.refusals for stack in stacks] == [(), ()]
    assert stacks[1].key == f"{stacks[0].key}#2"


def test_a_scout_inside_a_ct_series_is_left_out(tmp_path):
    write_series(tmp_path / "ct", "CT")
    write_series(
        tmp_path / "scout",
        "CT",
        slices=1,
        ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"],
        orientation=(1, 0, 0, 0, 0, -1),
        SOPInstanceUID="1.2.9",
    )
    stacks, skipped = stacks_of(tmp_path)
    assert len(stacks) == 1
    assert "LOCALIZER" in skipped[0].reason


def test_images_of_another_size_in_a_series_are_left_out_and_said(tmp_path):
    write_series(tmp_path / "pet")
    write_series(tmp_path / "odd", slices=1, rows=16, SOPInstanceUID="1.2.9", origin=(0, 0, 500))
    stack = only_stack(tmp_path)
    assert stack.refusals == ()
    assert [caution.code for caution in stack.cautions] == ["images-left-out"]


def test_slices_of_two_patients_under_one_series_uid_are_not_mixed(tmp_path):
    write_series(tmp_path / "a")
    write_series(tmp_path / "b", PatientID="P2", SOPInstanceUID=lambda i: f"1.2.7.{i}")
    stacks, _ = stacks_of(tmp_path)
    assert [stack.info.patient_id for stack in stacks] == ["P1", "P2"]


def test_missing_end_slices_are_told_by_number_of_slices(tmp_path):
    write_series(tmp_path, NumberOfSlices=8)
    assert [caution.code for caution in only_stack(tmp_path).cautions] == ["slices-missing"]


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ({"ImagePositionPatient": None}, "no-geometry"),
        ({"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]}, "no-geometry"),
        ({"RescaleSlope": None}, "attribute-missing"),
        ({"RescaleSlope": "0"}, "attribute-missing"),
        ({"RescaleSlope": "-1"}, "attribute-impossible"),
        ({"PixelSpacing": None}, "attribute-missing"),
        ({"SamplesPerPixel": 3}, "attribute-impossible"),
    ],
)
def test_slices_that_cannot_be_placed_or_scaled_are_refused(tmp_path, tags, code):
    write_series(tmp_path, **tags)
    assert refusal_codes(tmp_path)[0] == code


def test_a_flaw_of_many_files_is_said_once_with_their_number(tmp_path):
    paths = write_series(tmp_path, RescaleSlope=lambda i: "1" if i < 2 else None)
    (refusal,) = only_stack(tmp_path).refusals
    assert (refusal.code, refusal.where) == ("attribute-missing", str(paths[2]))
    assert "RescaleSlope (0028,1053) is absent, malformed or 0, in the first of 4 such files" in refusal.what


def test_truncated_pixel_data_are_found_from_the_header_and_the_file_size(tmp_path):
    path = write_series(tmp_path)[2]
    path.write_bytes(path.read_bytes()[:-20])
    (refusal,) = only_stack(tmp_path).refusals
    assert (refusal.code, refusal.where) == ("pixels-truncated", str(path))


def test_a_tilted_gantry_is_refused_for_pet_and_said_for_ct(tmp_path):
    write_series(tmp_path / "pet", step=(0.0, 1.0, 5.0))
    assert refusal_codes(tmp_path / "pet") == ["gantry-tilt"]
    write_series(tmp_path / "ct", "CT", step=(0.0, 1.0, 5.0))
    stack = only_stack(tmp_path / "ct")
    assert stack.grid.shear_mm == pytest.approx((0.0, 1.0))
    assert "11.3 degrees" in stack.cautions[0].what  # atan(1/5)


def test_slices_displaced_without_order_are_refused(tmp_path):
    write_series(tmp_path, ImagePositionPatient=lambda i: [3.0 * (i == 2), 0, 5 * i])
    assert refusal_codes(tmp_path) == ["slices-displaced"]


def test_enhanced_pet_is_refused_by_name(tmp_path):
    write_series(tmp_path, slices=1, SOPClassUID="1.2.840.10008.5.1.4.1.1.130", NumberOfFrames=40)
    (refusal,) = only_stack(tmp_path).refusals
    assert "Enhanced PET Image Storage" in refusal.what


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, "SOP class"),
        ({"ImageType": ["DERIVED", "SECONDARY", "MIP"]}, "MIP"),
        ({"slices": 3}, "only 3 slices of"),
        ({"slices": 1}, "only 1 slice of"),
    ],
)
def test_what_is_no_volume_is_skipped_with_its_reason(tmp_path, tags, reason):
    write_series(tmp_path, **tags)
    stacks, skipped = stacks_of(tmp_path)
    assert stacks == []
    assert reason in skipped[0].reason


def test_lossy_compression_and_an_intercept_are_said(tmp_path):
    write_series(tmp_path, LossyImageCompression="01", RescaleIntercept="-5")
    assert [caution.code for caution in only_stack(tmp_path).cautions] == ["lossy", "intercept-not-zero"]
