"""SUV matrix: dose, half-life, tracer, and the patient's weight, height and sex."""

from __future__ import annotations

from pydicom import Dataset
from suv_matrix.variant import IMPLICIT, ONE_HOUR, Variant, asks, coded, converts, raw_text, refuses


def weight_of_last_slice(dataset: Dataset, index: int) -> None:
    if index == 5:
        dataset.PatientWeight = "80"


DOSE = [
    converts(
        "dose in MBq",
        70e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        cautions=("dose-in-mbq",),
        says=("RadionuclideTotalDose (0018,1074)", "370 was", "3.7e+08 Bq"),
        RadionuclideTotalDose="370",
    ),
    converts(
        "dose ten times too large",
        70e3 / (3700e6 * 2 ** (-3600 / 6586.2)),
        cautions=("dose-unusual", "body-mean-suv"),
        says=("3700 MBq", "mean SUV"),
        RadionuclideTotalDose="3700000000",
    ),
    converts(
        "dose in kBq: not guessed, but loudly doubted",
        70e3 / (370e3 * 2 ** (-3600 / 6586.2)),
        cautions=("dose-unusual", "body-mean-suv"),
        says=("0.37 MBq", "mean SUV"),
        RadionuclideTotalDose="370000",
    ),
    refuses("dose absent", "dose-missing", "(0018,1074)", "absent", "dose_bq", RadionuclideTotalDose=None),
    refuses("dose 0", "dose-missing", "(0018,1074)", "'0'", RadionuclideTotalDose="0"),
    refuses("dose negative", "dose-missing", "(0018,1074)", "-370000000", RadionuclideTotalDose="-370000000"),
    refuses(
        "dose unreadable",
        "dose-missing",
        "(0018,1074)",
        "370 MBq",
        transfer_syntax=IMPLICIT,
        edit=raw_text(0x00181074, "370 MBq", in_injection=True),
    ),
    converts(
        "dose typed",
        70e3 / (400e6 * 2 ** (-3600 / 6586.2)),
        answers={"dose_bq": 400e6},
        source="user-entered",
        RadionuclideTotalDose=None,
    ),
    refuses("no radiopharmaceutical item", "dose-missing", "(0054,0016)", "absent", injections=0),
    refuses("two radiopharmaceuticals", "several-radiopharmaceuticals", "(0054,0016)", "2 items", injections=2),
]

TRACER = [
    converts("half-life 6588 s as in most files", 70e3 / (370e6 * 2 ** (-3600 / 6588)), RadionuclideHalfLife="6588"),
    converts(
        "half-life rounded to single precision",
        70e3 / (370e6 * 2 ** (-3600 / 6586.2001953125)),
        RadionuclideHalfLife="6586.2001953125",
    ),
    converts(
        "half-life absent, nuclide F-18 by its SRT code",
        70e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        cautions=("half-life-assumed",),
        says=("RadionuclideHalfLife (0018,1075)", "6586.2 s", "F-18"),
        RadionuclideHalfLife=None,
        RadionuclideCodeSequence=coded("C-111A1", "SRT", "^18^Fluorine"),
    ),
    converts(
        "half-life absent, nuclide F-18 by its SNOMED code",
        70e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        cautions=("half-life-assumed",),
        RadionuclideHalfLife=None,
        RadionuclideCodeSequence=coded("77004003", "SCT"),
    ),
    converts(
        "half-life absent, nuclide by name",
        70e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        cautions=("half-life-assumed",),
        RadionuclideHalfLife=None,
        RadionuclideCodeSequence=coded("", "", "^18^Fluorine"),
    ),
    converts(
        "half-life in minutes",
        70e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        cautions=("half-life-assumed",),
        says=("109.77",),
        RadionuclideHalfLife="109.77",
        RadionuclideCodeSequence=coded("C-111A1", "SRT"),
    ),
    refuses(
        "FDG with an unknown radionuclide and a half-life that no fluorine has",
        "half-life-contradiction",
        "RadionuclideHalfLife (0018,1075)",
        "66586.2",
        "F-18",
        "half_life_s",
        RadionuclideHalfLife="66586.2",
        RadionuclideCodeSequence=coded("", "", "BQML"),
    ),
    refuses(
        "half-life of another nuclide",
        "half-life-contradiction",
        "RadionuclideHalfLife (0018,1075)",
        "4057.74",
        "F-18",
        "half_life_s",
        RadionuclideHalfLife="4057.74",
        RadionuclideCodeSequence=coded("C-111A1", "SRT"),
    ),
    refuses(
        "half-life absent, nuclide unknown",
        "half-life-missing",
        "RadionuclideHalfLife (0018,1075)",
        "half_life_s",
        RadionuclideHalfLife=None,
        Radiopharmaceutical="Solution",
    ),
    converts(
        "half-life typed",
        70e3 / (370e6 * 2 ** (-3600 / 4057.74)),
        cautions=("tracer-not-fdg",),
        answers={"half_life_s": 4057.74},
        source="user-entered",
        RadionuclideHalfLife=None,
        Radiopharmaceutical="Solution",
    ),
    converts(
        "Ga-68 DOTATATE",
        70e3 / (370e6 * 2 ** (-3600 / 4057.74)),
        cautions=("tracer-not-fdg",),
        says=("Ga-68 DOTATATE",),
        RadionuclideHalfLife="4057.74",
        Radiopharmaceutical="DOTATATE",
        RadionuclideCodeSequence=coded("C-131A3", "SRT", "^68^Gallium"),
    ),
    converts(
        "F-18 PSMA",
        70e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        cautions=("tracer-not-fdg",),
        says=("PSMA",),
        Radiopharmaceutical="PSMA-1007",
    ),
    converts(
        "FDG by its code alone",
        70e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        Radiopharmaceutical=None,
        RadiopharmaceuticalCodeSequence=coded("35321007", "SCT", "Fluorodeoxyglucose F^18^"),
    ),
    converts(
        "Lu-177 SPECT that calls itself PET",
        # 24 h after injection, half-life 6.647 d
        70e3 / (7400e6 * 2 ** (-86400 / 574300)),
        cautions=("tracer-not-fdg", "dose-unusual", "uptake-unusual"),
        says=("Lu-177", "FDG only", "7400 MBq", "1440 min"),
        slope=20.0,
        RadionuclideTotalDose="7400000000",
        RadionuclideHalfLife="574300",
        Radiopharmaceutical="Lu-177 DOTATATE",
        RadiopharmaceuticalStartDateTime="20240304110000",
        RadiopharmaceuticalStartTime="110000",
        Manufacturer="SIEMENS NM",
    ),
]

PATIENT = [
    asks("weight absent", "weight-missing", "weight_kg", "PatientWeight (0010,1030)", "absent", PatientWeight=None),
    asks("weight 0", "weight-missing", "weight_kg", "PatientWeight (0010,1030)", "'0'", PatientWeight="0"),
    asks(
        "weight unreadable",
        "weight-missing",
        "weight_kg",
        "(0010,1030)",
        "70 kg",
        transfer_syntax=IMPLICIT,
        edit=raw_text(0x00101030, "70 kg"),
    ),
    asks(
        "weight with a comma",
        "weight-missing",
        "weight_kg",
        "70,5",
        transfer_syntax=IMPLICIT,
        edit=raw_text(0x00101030, "70,5"),
    ),
    converts(
        "weight typed",
        72e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        answers={"weight_kg": 72},
        source="user-entered",
        PatientWeight=None,
    ),
    converts(
        "weight of the header overruled",
        72e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        cautions=("header-overruled",),
        says=("PatientWeight (0010,1030) = '70'", "72 kg"),
        answers={"weight_kg": 72},
        source="user-entered",
    ),
    converts(
        "weight in grams",
        70e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        cautions=("weight-in-grams",),
        says=("PatientWeight (0010,1030) = 70000", "70 kg"),
        PatientWeight="70000",
    ),
    converts(
        "weight of 15 kg",
        15e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        cautions=("weight-unusual",),
        says=("15 kg", "20 to 250 kg"),
        slope=2.0,
        PatientWeight="15",
    ),
    converts(
        "weight of 300 kg",
        300e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        cautions=("weight-unusual",),
        slope=0.2,
        PatientWeight="300",
    ),
    refuses(
        "weight differs between slices",
        "slices-contradict",
        "PatientWeight (0010,1030)",
        "70",
        "80",
        edit=weight_of_last_slice,
    ),
    converts("dose with an exponent", ONE_HOUR, RadionuclideTotalDose="3.70E+08"),
    converts("height absent", 70e3 / (370e6 * 2 ** (-3600 / 6586.2)), PatientSize=None),
    converts(
        "height in centimeters, which SUVbw does not need and lean mass does",
        70e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        cautions=("height-in-centimeters",),
        says=("175", "1.75 m"),
        PatientSize="175",
    ),
    converts(
        "height of 17 centimeters",
        70e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        cautions=("height-unusual",),
        says=("PatientSize (0010,1020) = 17.4 cannot be a height",),
        PatientSize="17.4",
    ),
    converts("sex O", 70e3 / (370e6 * 2 ** (-3600 / 6586.2)), PatientSex="O"),
    converts("sex absent", 70e3 / (370e6 * 2 ** (-3600 / 6586.2)), PatientSex=None),
]

VARIANTS: list[Variant] = [*DOSE, *TRACER, *PATIENT]
