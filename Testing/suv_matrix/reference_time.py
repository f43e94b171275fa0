"""SUV matrix: to which moment the values of a series are decay-corrected."""

from __future__ import annotations

from suv_matrix.variant import IMPLICIT, ONE_HOUR, Variant, converts, raw_text, refuses

# Moment of average activity of a 120 s frame: T/2 - ln(2)/half-life * T^2/24 = 60 - 0.06315 s (F-18).
AVERAGE_MS = 59936.85

GE = {"Manufacturer": "GE MEDICAL SYSTEMS"}
GE_CREATOR = {(0x0009, 0x0010): ("LO", "GEMS_PETD_01")}
SIEMENS_CREATOR = {(0x0071, 0x0010): ("LO", "SIEMENS MED PT")}


def bed(index: int) -> str:
    """AcquisitionTime of slices acquired two minutes after each other from 11:00:00 on."""
    return f"11{2 * index:02d}00"


def bed_from_feet(index: int) -> str:
    """The same, the scan running from the feet up: the first file, at the head, is the last bed."""
    return f"11{2 * (5 - index):02d}00"


VARIANTS: list[Variant] = [
    converts("start: SeriesTime, one hour after injection", ONE_HOUR, source="SeriesTime"),
    converts(
        "start: SeriesTime confirmed by every FrameReferenceTime",
        70e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        source="SeriesTime",
        AcquisitionTime=bed,
        FrameReferenceTime=lambda i: f"{AVERAGE_MS + 120e3 * i:.2f}",
    ),
    converts(
        "start: study, content and creation times play no part",
        70e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        StudyTime="063000",
        ContentTime="195959",
        InstanceCreationTime="235959",
        InstanceCreationDate="20991231",
    ),
    converts(
        "reprocessed SeriesTime: Siemens private decay time",
        70e3 / (370e6 * 2 ** (-3540 / 6586.2)),
        source="Siemens",
        SeriesTime="143000",
        AcquisitionTime=bed,
        private=SIEMENS_CREATOR | {(0x0071, 0x1022): ("DT", "20240305105900.000000")},
    ),
    converts(
        "reprocessed SeriesTime: Siemens FrameReferenceTime back-computed",
        70e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        source="FrameReferenceTime",
        SeriesTime="143000",
        AcquisitionTime=bed,
        FrameReferenceTime=lambda i: f"{AVERAGE_MS + 120e3 * i:.2f}",
    ),
    converts(
        "reprocessed SeriesTime: first bed cropped away, FrameReferenceTime still tells",
        # first remaining bed at 11:08:00, whose FrameReferenceTime says 480 s + average after the start
        70e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        source="FrameReferenceTime",
        SeriesTime="143000",
        AcquisitionTime=lambda i: f"11{8 + 2 * i:02d}00",
        FrameReferenceTime=lambda i: f"{AVERAGE_MS + 480e3 + 120e3 * i:.2f}",
    ),
    converts(
        "reprocessed SeriesTime: GE counts FrameReferenceTime to the frame's start",
        70e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        source="FrameReferenceTime",
        SeriesTime="143000",
        AcquisitionTime=bed,
        FrameReferenceTime=lambda i: str(120000 * i),
        **GE,
    ),
    converts(
        "reprocessed SeriesTime: GE private scan_datetime",
        70e3 / (370e6 * 2 ** (-3300 / 6586.2)),  # 10:55:00
        source="GE PET scan_datetime",
        SeriesTime="143000",
        FrameReferenceTime="0",
        private=GE_CREATOR | {(0x0009, 0x100D): ("DT", "20240305105500.00")},
        **GE,
    ),
    converts(
        "reprocessed SeriesTime: GE private group under another block number",
        70e3 / (370e6 * 2 ** (-3300 / 6586.2)),
        source="GE PET scan_datetime",
        SeriesTime="143000",
        FrameReferenceTime="0",
        private={
            (0x0009, 0x0010): ("LO", "GEMS_IDEN_01"),
            (0x0009, 0x100D): ("LO", "something else"),
            (0x0009, 0x0011): ("LO", "GEMS_PETD_01"),
            (0x0009, 0x110D): ("DT", "20240305105500.00"),
        },
        **GE,
    ),
    converts(
        "reprocessed SeriesTime: GE private group emptied, equal acquisition times, FrameReferenceTime 0",
        70e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        source="AcquisitionTime",
        SeriesTime="143000",
        FrameReferenceTime="0",
        private=GE_CREATOR,
        **GE,
    ),
    converts(
        "reprocessed SeriesTime on a later day",
        70e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        source="FrameReferenceTime",
        SeriesDate="20240311",
        AcquisitionTime=bed,
        FrameReferenceTime=lambda i: f"{AVERAGE_MS + 120e3 * i:.2f}",
    ),
    converts(
        "reprocessed SeriesTime: nothing but the first of all acquisition times",
        70e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        cautions=("reference-time-from-acquisition",),
        says=("AcquisitionTime", "11:00:00"),
        source="AcquisitionTime",
        SeriesTime="143000",
        AcquisitionTime=bed_from_feet,
        FrameReferenceTime=None,
    ),
    converts(
        "reprocessed SeriesTime: contradictory FrameReferenceTime is not averaged",
        70e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        cautions=("reference-time-from-acquisition",),
        source="AcquisitionTime",
        SeriesTime="143000",
        AcquisitionTime=bed,
        FrameReferenceTime=lambda i: f"{AVERAGE_MS + 90e3 * i * i:.2f}",
    ),
    converts(
        "Philips BQML with a FrameReferenceTime that leads back 12.5 %",
        # the vendor's own ratio 2.763367e-4 = (7053,1000) / (7053,1009) confirms SeriesTime
        70e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        cautions=("reference-time-disagrees",),
        says=("SeriesTime", "11:00:00", "FrameReferenceTime", "10:38:51", "%"),
        source="SeriesTime",
        Manufacturer="Philips Medical Systems",
        FrameReferenceTime="1328700",
        private={(0x7053, 0x1000): ("DS", "0.000552673"), (0x7053, 0x1009): ("DS", "2.0")},
    ),
    converts(
        "two estimates that differ by less than 5 % are no alarm",
        70e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        source="SeriesTime",
        FrameReferenceTime=f"{AVERAGE_MS + 240e3:.2f}",
    ),
    converts(
        "SeriesTime long before the first acquisition, and nothing confirms it",
        70e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        cautions=("reference-time-early",),
        says=("SeriesTime", "11:00:00", "11:20:00"),
        source="SeriesTime",
        AcquisitionTime="112000",
    ),
    converts(
        "SeriesTime long before the first acquisition, confirmed by FrameReferenceTime",
        # the first beds were cropped away: 11:20:00 is 1200 s + average after the start
        70e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        source="SeriesTime",
        AcquisitionTime=lambda i: f"11{20 + 2 * i:02d}00",
        FrameReferenceTime=lambda i: f"{AVERAGE_MS + 1200e3 + 120e3 * i:.2f}",
    ),
    converts(
        "GE: SeriesTime ten minutes before the private scan_datetime",
        70e3 / (370e6 * 2 ** (-3000 / 6586.2)),
        cautions=("reference-time-disagrees",),
        says=("10:50:00", "GE PET scan_datetime", "11:00:00", "+6.5 %"),  # 2^(600 / 6586.2) = 1.065
        source="SeriesTime",
        SeriesTime="105000",
        private=GE_CREATOR | {(0x0009, 0x100D): ("DT", "20240305110000.00")},
        **GE,
    ),
    converts(
        "Siemens: SeriesTime ten minutes before the private decay time",
        70e3 / (370e6 * 2 ** (-3000 / 6586.2)),
        cautions=("reference-time-disagrees",),
        says=("10:50:00", "(0071,xx22)", "11:00:00", "+6.5 %"),
        source="SeriesTime",
        SeriesTime="105000",
        private=SIEMENS_CREATOR | {(0x0071, 0x1022): ("DT", "20240305110000.000000")},
    ),
    converts(
        "reprocessed SeriesTime: old Siemens files leave FrameReferenceTime at 0",
        70e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        cautions=("reference-time-from-acquisition",),
        source="AcquisitionTime",
        Manufacturer="CPS",
        SeriesTime="143000",
        AcquisitionTime=bed,
        FrameReferenceTime="0",
    ),
    converts(
        "old date format",
        70e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        transfer_syntax=IMPLICIT,
        edit=raw_text(0x00080021, "2024.03.05"),
        RadiopharmaceuticalStartDateTime="20240305100000",
    ),
    converts("SeriesDate absent", 70e3 / (370e6 * 2 ** (-3600 / 6586.2)), SeriesDate=None),
    converts(
        "SeriesTime absent: back-computed",
        70e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        cautions=("time-unreadable",),
        says=("SeriesTime (0008,0031)", "absent"),
        source="FrameReferenceTime",
        SeriesTime=None,
        AcquisitionTime=bed,
        FrameReferenceTime=lambda i: f"{AVERAGE_MS + 120e3 * i:.2f}",
    ),
    converts(
        "SeriesTime impossible: back-computed",
        70e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        cautions=("time-unreadable",),
        says=("SeriesTime (0008,0031)", "256199"),
        source="FrameReferenceTime",
        SeriesTime="256199",
        AcquisitionTime=bed,
        FrameReferenceTime=lambda i: f"{AVERAGE_MS + 120e3 * i:.2f}",
    ),
    converts(
        "AcquisitionTime absent: SeriesTime cannot be checked",
        70e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        cautions=("reference-time-unchecked",),
        says=("AcquisitionTime (0008,0032)", "absent"),
        source="SeriesTime",
        AcquisitionTime=None,
    ),
    refuses(
        "no time of the scan at all",
        "no-reference-time",
        "SeriesTime (0008,0031)",
        "AcquisitionTime",
        SeriesTime=None,
        AcquisitionTime=None,
    ),
    converts(
        "scan across midnight",
        70e3 / (370e6 * 2 ** (-3600 / 6586.2)),  # injected 22:55:00, scan from 23:55:00 on
        SeriesTime="235500",
        RadiopharmaceuticalStartTime="225500",
        AcquisitionDate=lambda i: "20240305" if i < 3 else "20240306",
        AcquisitionTime=lambda i: ("235500", "235700", "235900", "000100", "000300", "000500")[i],
    ),
    converts(
        "scan across midnight, no acquisition dates",
        70e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        SeriesTime="235500",
        RadiopharmaceuticalStartTime="225500",
        AcquisitionDate=None,
        AcquisitionTime=lambda i: ("235500", "235700", "235900", "000100", "000300", "000500")[i],
    ),
    converts(
        "no dates anywhere",
        70e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        SeriesDate=None,
        AcquisitionDate=None,
    ),
    converts(
        "AcquisitionDate years after SeriesDate: shifted",
        70e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        cautions=("dates-shifted",),
        says=("AcquisitionDate (0008,0022)", "20270101"),
        source="SeriesTime",
        AcquisitionDate="20270101",
    ),
    converts(
        "AcquisitionDate years before SeriesDate: SeriesTime is not of the scan",
        70e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        cautions=("reference-time-from-acquisition",),
        source="AcquisitionTime",
        AcquisitionDate="20210101",
    ),
]
