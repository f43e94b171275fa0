"""Damaged headers and files: never a crash, and never another SUV without a caution, a question or a refusal.

What may change the factor in silence, because a plausible other value is another truth that no reader can tell:
PatientWeight of 20 to 250 kg, RadionuclideTotalDose of 37 to 800 MBq, a half-life within 2 % of the nuclide's,
DecayCorrection ADMIN for START, and both injection times at once. A single time may move by what the standard's own
redundancy leaves open: 60 s for an injection time that another one confirms (0.7 % of SUV), 5 % of SUV for a time of
the scan. RescaleSlope and pixels differ from slice to slice in sound series: they change SUV, never the factor.
"""

from __future__ import annotations

import math
import tempfile
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from builders_dicom import default_values, write_series
from CLIPSLib.errors import ClipsError
from CLIPSLib.study import FrameTiming, PetCtStudy, PetHeaders, derive_suv, load_study
from damaged_values import SOUND, mutated, read_number
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from suv_matrix.variant import IMPLICIT, coded

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom")

FACTOR = 70e3 / (370e6 * 2 ** (-3600 / 6586.2))
RLE = "1.2.840.10008.1.2.5"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
EXPLICIT = "1.2.840.10008.1.2.1"

SCAN_TIMES = {"series_date", "series_time", "timezone_offset", "siemens_decay_datetime", "frames"}
INJECTION_TIMES = {"start_time", "start_datetime"}


# The same series as files: tags (True: in the radiopharmaceutical item) by the name of the header value.
TAGS = {
    "units": (0x00541001, False),
    "suv_type": (0x00541006, False),
    "decay_correction": (0x00541102, False),
    "corrected_image": (0x00280051, False),
    "series_type": (0x00541000, False),
    "description": (0x0008103E, False),
    "manufacturer": (0x00080070, False),
    "patient_weight": (0x00101030, False),
    "total_dose": (0x00181074, True),
    "half_life": (0x00181075, True),
    "start_time": (0x00181072, True),
    "start_datetime": (0x00181078, True),
    "series_date": (0x00080021, False),
    "series_time": (0x00080031, False),
    "timezone_offset": (0x00080201, False),
    "siemens_decay_datetime": (0x00711022, False),
    "frames": (0x00080032, False),
    "acquisition_date": (0x00080022, False),
    "frame_reference_time": (0x00541300, False),
    "frame_duration": (0x00181242, False),
    "position": (0x00200032, False),
    "orientation": (0x00200037, False),
    "pixel_spacing": (0x00280030, False),
    "rows": (0x00280010, False),
    "bits_allocated": (0x00280100, False),
    "bits_stored": (0x00280101, False),
    "modality": (0x00080060, False),
    "image_type": (0x00080008, False),
    "character_set": (0x00080005, False),
    "injection": (0x00540016, False),
}


def is_another_truth(name: str, text: str) -> bool:
    """Whether the changed value is as plausible as the right one."""
    value = read_number(text)
    return {
        "patient_weight": 20.0 <= value <= 250.0,
        "total_dose": 37e6 <= value <= 800e6,
        "half_life": abs(value / 6586.2 - 1.0) <= 0.02,
        "decay_correction": text.strip() == "ADMIN",
    }.get(name, False)


def silent_tolerance(names: set[str]) -> float:
    """By which fraction the factor may change in silence when these values were changed."""
    if names >= INJECTION_TIMES:
        return math.inf
    return 0.05 if names & (SCAN_TIMES | {"acquisition_date"}) else 0.007


# --- header values, without files ------------------------------------------------------------------------------------


@st.composite
def damaged_headers(draw) -> tuple[PetHeaders, dict[str, str]]:
    """Sound headers with one to three values changed, and the changes."""
    names = draw(st.lists(st.sampled_from([f.name for f in fields(PetHeaders)]), min_size=1, max_size=3, unique=True))
    changes = {}
    for name in names:
        value = getattr(SOUND, name)
        if name == "frames":
            changes[name] = draw(damaged_frames())
        elif name == "radiopharmaceutical_items":
            changes[name] = draw(st.integers(0, 3))
        elif isinstance(value, tuple):
            changes[name] = tuple(draw(mutated("\\".join(value))).split("\\"))
        else:
            changes[name] = draw(mutated(value)).strip()
    return replace(SOUND, **changes), changes


@st.composite
def damaged_frames(draw) -> tuple[FrameTiming, ...]:
    frames = list(SOUND.frames)
    for index in draw(st.sets(st.integers(0, 5), min_size=1)):
        frame = frames[index]
        milliseconds = st.none() | st.floats(-1e12, 1e12) | st.sampled_from((0.0, 1e-300, 1e300, 59936.85))
        frames[index] = draw(
            st.one_of(
                mutated(frame.acquisition_time).map(lambda text, f=frame: replace(f, acquisition_time=text)),
                mutated(frame.acquisition_date).map(lambda text, f=frame: replace(f, acquisition_date=text)),
                milliseconds.map(lambda ms, f=frame: replace(f, frame_reference_time_ms=ms)),
                milliseconds.map(lambda ms, f=frame: replace(f, frame_duration_ms=ms)),
            )
        )
    return tuple(frames)


def check_headers(damaged: tuple[PetHeaders, dict[str, str]]) -> None:
    headers, changes = damaged
    outcome = derive_suv(headers)
    assert (outcome.factor is None) == bool(outcome.questions or outcome.refusals)
    if outcome.factor is None or outcome.factor.cautions:
        return
    if changes.get("units") == "GML":  # the values say whether that is true: see the files below
        return
    assert_same_factor(outcome.factor.factor, changes)


def assert_same_factor(factor: float, changes: dict[str, str]) -> None:
    if not any(is_another_truth(name, text) for name, text in changes.items() if isinstance(text, str)):
        assert abs(factor / FACTOR - 1.0) <= silent_tolerance(set(changes)), changes


# --- header values in files ------------------------------------------------------------------------------------------


def write_sound(folder: Path, syntax: str = EXPLICIT, **rest) -> list[Path]:
    return write_series(
        folder,
        transfer_syntax=syntax,
        AcquisitionTime=lambda i: f"11{2 * i:02d}00",
        FrameReferenceTime=lambda i: f"{59936.85 + 120e3 * i:.2f}",
        RadiopharmaceuticalStartDateTime="20240305100000",
        RadionuclideCodeSequence=coded("C-111A1", "SRT", "^18^Fluorine"),
        private={
            (0x0071, 0x0010): ("LO", "SIEMENS MED PT"),
            (0x0071, 0x1022): ("DT", "20240305110000.000000"),
        },
        **rest,
    )


@st.composite
def damaged_tags(draw) -> dict[str, str]:
    names = draw(st.lists(st.sampled_from(sorted(TAGS)), min_size=1, max_size=2, unique=True))
    return {name: draw(mutated(str(getattr(SOUND, name, "")) if name != "frames" else "110000")) for name in names}


def check_tags(changes: dict[str, str]) -> None:
    def edit(dataset, _index):
        injection = dataset.RadiopharmaceuticalInformationSequence[0]
        for name, text in changes.items():
            tag, in_injection = TAGS[name]
            target = injection if in_injection else dataset
            if text:
                target.add_new(tag, "LO", text)  # no VR in the file: the reader must cope with any content
            else:
                target.pop(tag, None)

    with tempfile.TemporaryDirectory() as folder:
        write_sound(Path(folder), IMPLICIT, edit=edit)
        study = loaded(folder)
    if study is not None and not warned(study):
        assert_same_factor(study.suv.factor, changes)
        assert study.pet.GetSize() == (9, 8, 6), changes


def loaded(folder: str) -> PetCtStudy | None:
    """The study, or None where it is refused or asked about; any other exception is a bug."""
    try:
        return load_study(folder)
    except ClipsError as error:
        assert error.code and error.what
        return None


def warned(study: PetCtStudy) -> bool:
    return any(caution.code != "no-ct" for caution in study.cautions)


# --- bytes of files --------------------------------------------------------------------------------------------------

Damage = tuple[str, float, float, bytes]


@pytest.fixture(scope="module")
def sound_files(tmp_path_factory) -> dict[str, list[bytes]]:
    """The bytes of the six files in four transfer syntaxes."""
    folder = tmp_path_factory.mktemp("sound")
    return {
        syntax: [path.read_bytes() for path in write_sound(folder / syntax, syntax)]
        for syntax in (EXPLICIT, IMPLICIT, BIG_ENDIAN, RLE)
    }


def damages() -> st.SearchStrategy[list[Damage]]:
    """What happens to a file: kind, where from and where to (as fractions of its length), new bytes."""
    fractions = st.floats(0.0, 1.0)
    kinds = st.sampled_from(("overwrite", "overwrite", "overwrite", "cut", "insert", "truncate", "zero"))
    one = st.tuples(kinds, fractions, fractions, st.binary(min_size=1, max_size=4))
    return st.lists(one, min_size=1, max_size=6)


def damage(content: bytes, damages: list[Damage]) -> bytes:
    for kind, start, stop, new in damages:
        a = int(start * len(content))
        b = a + int(stop * 40)
        content = {
            "overwrite": content[:a] + new + content[a + len(new) :],
            "cut": content[:a] + content[b:],
            "insert": content[:a] + new + content[a:],
            "truncate": content[:a],
            "zero": content[:a] + bytes(len(content[a:b])) + content[b:],
        }[kind]
    return content


def check_bytes(files: list[bytes], number: int, changes: list[Damage]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for index, content in enumerate(files):
            path = Path(folder, f"{index:04d}.dcm")
            path.write_bytes(damage(content, changes) if index == number else content)
        study = loaded(folder)
    if study is None or warned(study):
        return
    import SimpleITK as sitk

    assert study.suv.factor == pytest.approx(FACTOR, rel=1e-9)
    suv = sitk.GetArrayFromImage(study.pet)
    expected = default_values("PT", 6, 8, 9) * FACTOR
    others = [index for index in range(6) if index != number]
    np.testing.assert_allclose(suv[others], expected[others], rtol=1e-6)


CASES = st.tuples(st.sampled_from((EXPLICIT, IMPLICIT, BIG_ENDIAN, RLE)), st.integers(0, 5), damages())


def examples(count: int) -> settings:
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
    return settings(max_examples=count, derandomize=True, deadline=None, database=None, suppress_health_check=checks)


def test_the_undamaged_series_converts_without_a_caution(tmp_path):
    assert derive_suv(SOUND).factor.factor == pytest.approx(FACTOR, rel=1e-12)
    assert derive_suv(SOUND).factor.cautions == ()
    write_sound(tmp_path)
    study = load_study(tmp_path)
    assert study.suv.factor == pytest.approx(FACTOR, rel=1e-12)
    assert not warned(study)


@examples(600)
@given(damaged_headers())
def test_damaged_header_values_never_change_the_factor_in_silence(damaged):
    check_headers(damaged)


@examples(80)
@given(damaged_tags())
def test_damaged_tags_never_change_suv_in_silence(changes):
    check_tags(changes)


@examples(100)
@given(CASES)
def test_damaged_bytes_never_crash_and_never_change_other_slices(sound_files, case):
    syntax, number, changes = case
    check_bytes(sound_files[syntax], number, changes)


@pytest.mark.slow
@examples(5_000)
@given(damaged_headers())
def test_damaged_header_values_at_length(damaged):
    check_headers(damaged)


@pytest.mark.slow
@examples(600)
@given(damaged_tags())
def test_damaged_tags_at_length(changes):
    check_tags(changes)


@pytest.mark.slow
@examples(800)
@given(CASES)
def test_damaged_bytes_at_length(sound_files, case):
    syntax, number, changes = case
    check_bytes(sound_files[syntax], number, changes)
