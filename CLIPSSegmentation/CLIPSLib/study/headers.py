"""One DICOM file's header as plain values: the only place in the room that names tags.

Values stay as the file has them (text) where a rule must quote them; numbers are None when missing or malformed, so
that a damaged header reaches the rules as "absent" instead of as an exception. Called by `scan`.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass, field
from pathlib import Path

from CLIPSLib.study.elements import Elements

CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
PET_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.128"
MEDIA_STORAGE_DIRECTORY = "1.2.840.10008.1.3.10"
IMPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2"

_PIXEL_GROUP = 0x7FE0
_LONG_GROUPS = (0x3006, 0x5200)  # contours and per-frame groups: large, and never in a single slice of PET or CT


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameTiming:
    """When one slice was acquired, as text, and for how long (ms)."""

    acquisition_date: str = ""
    acquisition_time: str = ""
    frame_reference_time_ms: float | None = None
    frame_duration_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PetHeaders:
    """What decides the SUV of a PET series; the same in every slice but for `frames` (one per slice, sorted).

    Text is as in the file, "" when absent. Numbers given as text (weight, dose, half-life, private factors) are kept as
    text because messages quote them; `number` reads them.
    """

    units: str = ""
    suv_type: str = ""
    decay_correction: str = ""
    corrected_image: tuple[str, ...] = ()
    series_type: tuple[str, ...] = ()
    description: str = ""
    manufacturer: str = ""
    patient_weight: str = ""
    patient_size: str = ""
    patient_sex: str = ""
    radiopharmaceutical_items: int = 0
    radiopharmaceutical: str = ""
    radiopharmaceutical_code: str = ""
    radionuclide: str = ""
    radionuclide_code: str = ""
    total_dose: str = ""
    half_life: str = ""
    start_time: str = ""
    start_datetime: str = ""
    series_date: str = ""
    series_time: str = ""
    timezone_offset: str = ""
    ge_scan_datetime: str = ""
    siemens_decay_datetime: str = ""
    philips_suv_factor: str = ""
    philips_activity_factor: str = ""
    frames: tuple[FrameTiming, ...] = ()


PET_ATTRIBUTES = {  # the fields above as messages name them
    "units": "Units (0054,1001)",
    "suv_type": "SUVType (0054,1006)",
    "decay_correction": "DecayCorrection (0054,1102)",
    "corrected_image": "CorrectedImage (0028,0051)",
    "series_type": "SeriesType (0054,1000)",
    "description": "SeriesDescription (0008,103E)",
    "manufacturer": "Manufacturer (0008,0070)",
    "patient_weight": "PatientWeight (0010,1030)",
    "patient_size": "PatientSize (0010,1020)",
    "patient_sex": "PatientSex (0010,0040)",
    "radiopharmaceutical_items": "the number of items of RadiopharmaceuticalInformationSequence (0054,0016)",
    "radiopharmaceutical": "Radiopharmaceutical (0018,0031)",
    "radiopharmaceutical_code": "RadiopharmaceuticalCodeSequence (0054,0304)",
    "radionuclide": "RadionuclideCodeSequence (0054,0300)",
    "radionuclide_code": "RadionuclideCodeSequence (0054,0300)",
    "total_dose": "RadionuclideTotalDose (0018,1074)",
    "half_life": "RadionuclideHalfLife (0018,1075)",
    "start_time": "RadiopharmaceuticalStartTime (0018,1072)",
    "start_datetime": "RadiopharmaceuticalStartDateTime (0018,1078)",
    "series_date": "SeriesDate (0008,0021)",
    "series_time": "SeriesTime (0008,0031)",
    "timezone_offset": "TimezoneOffsetFromUTC (0008,0201)",
    "ge_scan_datetime": "GE PET scan_datetime (0009,xx0D)",
    "siemens_decay_datetime": "Siemens Decay Correction DateTime (0071,xx22)",
    "philips_suv_factor": "Philips SUV factor (7053,1000)",
    "philips_activity_factor": "Philips activity factor (7053,1009)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientHeaders:
    """Who and what was scanned, for identity and reports."""

    patient_id: str = ""
    patient_name: str = ""
    birth_date: str = ""
    age: str = ""
    sex: str = ""
    weight: str = ""
    size: str = ""
    study_date: str = ""
    study_description: str = ""
    manufacturer: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceHeader:
    """One file: where it belongs, where it lies in space, how its pixels are stored."""

    path: Path = field(compare=False)
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    modality: str
    study_uid: str
    series_uid: str
    frame_of_reference_uid: str
    description: str
    series_number: int | None
    acquisition_number: int | None
    image_type: tuple[str, ...]
    position: tuple[float, ...] | None  # LPS mm of the first pixel's center
    orientation: tuple[float, ...] | None  # direction cosines of a row, then of a column
    pixel_spacing: tuple[float, ...] | None  # mm between rows, between columns
    rows: int | None
    columns: int | None
    frame_count: int
    samples_per_pixel: int | None
    bits_allocated: int | None
    bits_stored: int | None
    signed: bool
    lossy: bool
    burned_in: bool  # text drawn into the pixels
    slope: float | None
    intercept: float | None
    kernel: str
    series_date: str
    series_time: str
    series_slice_count: int | None  # NumberOfSlices (0054,0081)
    gantry_tilt_deg: float | None
    patient: PatientHeaders
    pet: PetHeaders | None  # only for modality PT
    timing: FrameTiming
    pixel_offset: int | None = field(default=None, compare=False)  # of the PixelData element; None: there is none
    file_size: int = field(default=0, compare=False)


def looks_like_dicom(start: bytes) -> bool:
    """True for DICOM by its first bytes: the preamble, or a bare data set that starts with group 0002 or 0008."""
    if start[128:132] == b"DICM":
        return True
    group, element = start[0:2], start[2:4]
    return group in (b"\x08\x00", b"\x02\x00") and element[1:2] == b"\x00"


def read_header(path: Path, content: bytes, file_size: int) -> SliceHeader:
    """The header of the file `path`, of which `content` are all bytes up to the pixel data at least.

    Raises:
        ValueError: the bytes are not a readable DICOM data set (with the reason).
    """
    from pydicom.filereader import read_partial

    stream = io.BytesIO(content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # values are checked by our own rules
        try:
            dataset = read_partial(stream, stop_when=_stops_header, force=True)
        except Exception as error:  # pydicom raises many types on damaged bytes; all mean "unreadable"
            raise ValueError(f"damaged DICOM header: {error}") from error
        return _slice_header(Elements(dataset), path, _pixel_offset(stream, content), file_size)


def _stops_header(tag: int, _vr: str | None, _length: int) -> bool:
    return tag >> 16 == _PIXEL_GROUP or tag >> 16 in _LONG_GROUPS


def _pixel_offset(stream: io.BytesIO, content: bytes) -> int | None:
    """Where the PixelData element starts: there pydicom stopped; None when the data set ended before."""
    offset = stream.tell()
    return offset if content[offset : offset + 4] in (b"\xe0\x7f\x10\x00", b"\x7f\xe0\x00\x10") else None


def _slice_header(v: Elements, path: Path, pixel_offset: int | None, file_size: int) -> SliceHeader:
    modality = v.text(0x00080060)
    return SliceHeader(
        path=path,
        sop_class_uid=v.text(0x00080016) or v.file_meta.text(0x00020002),
        sop_instance_uid=v.text(0x00080018),
        transfer_syntax_uid=v.file_meta.text(0x00020010) or IMPLICIT_LITTLE_ENDIAN,
        modality=modality,
        study_uid=v.text(0x0020000D),
        series_uid=v.text(0x0020000E),
        frame_of_reference_uid=v.text(0x00200052),
        description=v.text(0x0008103E),
        series_number=v.integer(0x00200011),
        acquisition_number=v.integer(0x00200012),
        image_type=v.texts(0x00080008),
        position=v.numbers(0x00200032, 3),
        orientation=v.numbers(0x00200037, 6),
        pixel_spacing=v.numbers(0x00280030, 2),
        rows=v.integer(0x00280010),
        columns=v.integer(0x00280011),
        frame_count=v.integer(0x00280008) or 1,
        samples_per_pixel=v.integer(0x00280002),
        bits_allocated=v.integer(0x00280100),
        bits_stored=v.integer(0x00280101),
        signed=v.integer(0x00280103) == 1,
        lossy=v.text(0x00282110) == "01",
        burned_in=v.text(0x00280301) == "YES",
        slope=v.number(0x00281053),
        intercept=v.number(0x00281052),
        kernel=" ".join(v.texts(0x00181210)),
        series_date=v.text(0x00080021),
        series_time=v.text(0x00080031),
        series_slice_count=v.integer(0x00540081),
        gantry_tilt_deg=v.number(0x00181120),
        patient=_patient_headers(v),
        pet=_pet_headers(v) if modality == "PT" else None,
        timing=_frame_timing(v),
        pixel_offset=pixel_offset,
        file_size=file_size,
    )


def _patient_headers(v: Elements) -> PatientHeaders:
    return PatientHeaders(
        patient_id=v.text(0x00100020),
        patient_name=v.text(0x00100010),
        birth_date=v.text(0x00100030),
        age=v.text(0x00101010),
        sex=v.text(0x00100040),
        weight=v.text(0x00101030),
        size=v.text(0x00101020),
        study_date=v.text(0x00080020),
        study_description=v.text(0x00081030),
        manufacturer=v.text(0x00080070),
        model=v.text(0x00081090),
    )


def _frame_timing(v: Elements) -> FrameTiming:
    return FrameTiming(
        acquisition_date=v.text(0x00080022),
        acquisition_time=v.text(0x00080032),
        frame_reference_time_ms=v.number(0x00541300),
        frame_duration_ms=v.number(0x00181242),
    )


def _pet_headers(v: Elements) -> PetHeaders:
    items = v.items(0x00540016)
    item = items[0] if items else Elements.empty()
    nuclide, pharmaceutical = item.first_item(0x00540300), item.first_item(0x00540304)
    return PetHeaders(
        units=v.text(0x00541001),
        suv_type=v.text(0x00541006),
        decay_correction=v.text(0x00541102),
        corrected_image=v.texts(0x00280051),
        series_type=v.texts(0x00541000),
        description=v.text(0x0008103E),
        manufacturer=v.text(0x00080070),
        patient_weight=v.text(0x00101030),
        patient_size=v.text(0x00101020),
        patient_sex=v.text(0x00100040),
        radiopharmaceutical_items=len(items),
        radiopharmaceutical=item.text(0x00180031) or pharmaceutical.text(0x00080104),
        radiopharmaceutical_code=pharmaceutical.text(0x00080100),
        radionuclide=nuclide.text(0x00080104),
        radionuclide_code=nuclide.text(0x00080100),
        total_dose=item.text(0x00181074),
        half_life=item.text(0x00181075),
        start_time=item.text(0x00181072),
        start_datetime=item.text(0x00181078),
        series_date=v.text(0x00080021),
        series_time=v.text(0x00080031),
        timezone_offset=v.text(0x00080201),
        ge_scan_datetime=v.private(0x0009, 0x0D, "GEMS_PETD_01"),
        siemens_decay_datetime=v.private(0x0071, 0x22, "SIEMENS MED PT"),
        philips_suv_factor=v.private(0x7053, 0x00, "Philips PET Private Group"),
        philips_activity_factor=v.private(0x7053, 0x09, "Philips PET Private Group"),
        frames=(_frame_timing(v),),
    )
