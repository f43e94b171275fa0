"""The decay reference time: the order of trust, and two estimates compared."""

import math
from dataclasses import replace

import pytest
from CLIPSLib.errors import Refusal
from CLIPSLib.study.frame_times import frame_average_s
from CLIPSLib.study.headers import FrameTiming, PetHeaders
from CLIPSLib.study.reference_time import find_reference_time

F18 = 6586.2


def frames(*times, reference_ms=None, duration_ms=120000.0, date="20240305"):
    """One frame per acquisition time; `reference_ms`: FrameReferenceTime of each."""
    reference_ms = reference_ms or [None] * len(times)
    return tuple(
        FrameTiming(
            acquisition_date=date,
            acquisition_time=time,
            frame_reference_time_ms=reference,
            frame_duration_ms=duration_ms,
        )
        for time, reference in zip(times, reference_ms, strict=True)
    )


PET = PetHeaders(manufacturer="SIEMENS", series_date="20240305", series_time="110000", frames=frames("110000"))


def codes(found):
    return [caution.code for caution in found.cautions]


def test_series_time_is_used_when_it_is_not_later_than_any_acquisition():
    found = find_reference_time(replace(PET, frames=frames("112000", "110000", "111000")), F18)
    assert str(found.chosen.moment) == "2024-03-05 11:00:00"
    assert "SeriesTime" in found.chosen.source
    assert codes(found) == []


def test_a_rounded_second_between_series_and_acquisition_time_is_no_reprocessing():
    found = find_reference_time(replace(PET, frames=frames("105959.999995")), F18)
    assert "SeriesTime" in found.chosen.source


def test_a_reprocessed_series_uses_the_ge_private_time():
    ge = replace(
        PET,
        manufacturer="GE MEDICAL SYSTEMS",
        series_time="143000",
        ge_scan_datetime="20240305105500",
        frames=frames("105500", "105500", reference_ms=[0.0, 150000.0]),
    )
    found = find_reference_time(ge, F18)
    assert str(found.chosen.moment) == "2024-03-05 10:55:00"
    assert "GE" in found.chosen.source


def test_a_reprocessed_series_uses_the_siemens_private_time():
    siemens = replace(PET, series_time="143000", siemens_decay_datetime="20240305105800.5", frames=frames("110000"))
    assert str(find_reference_time(siemens, F18).chosen.moment) == "2024-03-05 10:58:00.5"


def test_a_private_time_after_the_first_frame_is_not_believed():
    ge = replace(PET, series_time="143000", ge_scan_datetime="20240305142900", frames=frames("110000"))
    assert "first AcquisitionTime" in find_reference_time(ge, F18).chosen.source


def test_back_computation_reaches_the_start_from_every_bed():
    # Two beds of 120 s whose average-activity moments lie 59.97 s and 209.97 s after the start of the scan at 11:00:00.
    average_s = frame_average_s(FrameTiming(frame_duration_ms=120000.0), F18)
    beds = frames("110000", "110230", reference_ms=[1000 * average_s, 1000 * (150 + average_s)])
    found = find_reference_time(replace(PET, series_time="143000", frames=beds), F18)
    assert "FrameReferenceTime" in found.chosen.source
    assert found.chosen.moment.seconds == pytest.approx(11 * 3600, abs=1e-6)


def test_ge_counts_frame_reference_time_to_the_start_of_the_frame():
    beds = frames("110000", "110230", reference_ms=[0.0, 150000.0])
    ge = replace(PET, manufacturer="GE MEDICAL SYSTEMS", series_time="143000", frames=beds)
    assert str(find_reference_time(ge, F18).chosen.moment) == "2024-03-05 11:00:00"


def test_back_computation_is_dropped_when_slices_disagree():
    beds = frames("110000", "110000", reference_ms=[0.0, 150000.0])
    ge = replace(PET, manufacturer="GE MEDICAL SYSTEMS", series_time="143000", frames=beds)
    found = find_reference_time(ge, F18)
    assert "first AcquisitionTime" in found.chosen.source
    assert codes(found) == ["reference-time-from-acquisition"]


def test_absurd_frame_times_are_no_evidence():
    found = find_reference_time(replace(PET, series_time="143000", frames=frames("110000", reference_ms=[1e300])), F18)
    assert "first AcquisitionTime" in found.chosen.source
    assert frame_average_s(FrameTiming(frame_duration_ms=1e300), F18) is None


def test_the_first_bed_counts_not_the_first_file():
    found = find_reference_time(replace(PET, series_time="143000", frames=frames("112000", "110000")), F18)
    assert str(found.chosen.moment) == "2024-03-05 11:00:00"


def test_two_estimates_that_differ_by_more_than_five_percent_are_both_shown():
    # FrameReferenceTime 1328.7 s at the series' start: 21 min earlier, 2^(-1267/6586.2) - 1 = -12.5 %.
    philips = replace(PET, frames=frames("110001", reference_ms=[1328700.0]))
    found = find_reference_time(philips, F18)
    assert str(found.chosen.moment) == "2024-03-05 11:00:00"
    assert codes(found) == ["reference-time-disagrees"]
    assert "-12.5 %" in found.cautions[0].what


def test_a_scan_over_midnight_keeps_its_first_bed_with_and_without_acquisition_dates():
    for date in ("", "20240305"):
        beds = frames("235000", date=date) + frames("000500", date="20240306" if date else "")
        found = find_reference_time(replace(PET, series_time="235000", frames=beds), F18)
        assert "SeriesTime" in found.chosen.source, date
        assert [other.kind for other in found.others] == ["acquisition"], date
        assert codes(found) == []


def test_dates_shifted_by_anonymization_leave_the_times_of_day():
    shifted = replace(PET, series_date="20010101", frames=frames("110500"))
    found = find_reference_time(shifted, F18)
    assert str(found.chosen.moment) == "2001-01-01 11:00:00"
    assert codes(found) == ["dates-shifted"]


def test_an_unreadable_series_time_is_said():
    found = find_reference_time(replace(PET, series_time="11h00"), F18)
    assert "'11h00'" in found.cautions[0].what
    assert "first AcquisitionTime" in found.chosen.source


def test_no_time_at_all_is_refused():
    with pytest.raises(Refusal, match="SeriesTime"):
        find_reference_time(replace(PET, series_time="", frames=frames("")), F18)


def test_average_activity_lies_just_before_the_middle_of_a_frame():
    # (1/l) ln(l T / (1 - exp(-l T))) with l = ln 2 / 6586.2 s, T = 603 s; about T/2 - l T^2/24 = 301.5 - 1.59
    assert frame_average_s(FrameTiming(frame_duration_ms=603000.0), F18) == pytest.approx(299.906, abs=0.01)
    assert frame_average_s(FrameTiming(frame_duration_ms=0.0), F18) == 0.0
    assert frame_average_s(FrameTiming(), F18) is None
    assert math.isfinite(frame_average_s(FrameTiming(frame_duration_ms=1e-3), F18))


def others(found):
    return [str(other) for other in found.others]


def test_the_first_acquisition_is_always_shown_where_it_is_not_used():
    found = find_reference_time(replace(PET, frames=frames("112000", "110200")), F18)
    assert others(found) == ["reference time 2024-03-05 11:02:00 by first AcquisitionTime of all slices (0008,0032)"]
    assert codes(found) == []  # later than the start of the scan, as it must be: no contradiction


def test_a_back_computation_on_which_slices_disagree_is_shown_with_by_how_much():
    beds = frames("110000", "110000", reference_ms=[0.0, 1215000.0])
    found = find_reference_time(replace(PET, manufacturer="GE MEDICAL SYSTEMS", frames=beds), F18)
    assert "SeriesTime" in found.chosen.source
    assert others(found)[0] == (
        "AcquisitionTime - FrameReferenceTime (0008,0032) (0054,1300), not usable: slices disagree by 1215 s"
    )


@pytest.mark.parametrize(
    ("beds", "reason"),
    [
        (frames("110000", "110200", reference_ms=[0.0, 0.0]), "FrameReferenceTime is 0"),
        (frames("110000", "110200", reference_ms=[60000.0, None]), "some slices lack one of the times"),
        (frames("110000", "", reference_ms=[60000.0, 180000.0]), "some slices lack one of the times"),
        (frames("110000", reference_ms=[60000.0], duration_ms=None), r"ActualFrameDuration (0018,1242) is absent"),
        (frames("110000", reference_ms=[1e300]), "FrameReferenceTime is over a day"),
    ],
)
def test_an_unusable_back_computation_is_shown_with_the_reason(beds, reason):
    found = find_reference_time(replace(PET, frames=beds), F18)
    assert f"not usable: {reason}" in others(found)[0]


def test_times_that_are_no_start_of_the_scan_are_shown_with_the_reason():
    ge = replace(PET, series_time="143000", ge_scan_datetime="20240305142900")
    siemens = replace(PET, siemens_decay_datetime="20240301105800")
    assert [text.rpartition(", ")[2] for text in others(find_reference_time(ge, F18))] == 2 * [
        "later than the first AcquisitionTime"
    ]
    assert others(find_reference_time(siemens, F18))[0].endswith("over half a day before the first AcquisitionTime")
