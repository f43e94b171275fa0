"""Sound PET header values, and ways to damage a value as files and people do. Used by the fuzz tests of `study`."""

from __future__ import annotations

import math

from CLIPSLib.study import FrameTiming, PetHeaders
from hypothesis import strategies as st

SOUND = PetHeaders(
    units="BQML",
    decay_correction="START",
    corrected_image=("DECY", "ATTN", "SCAT"),
    series_type=("WHOLE BODY", "IMAGE"),
    description="PET WB AC",
    manufacturer="SIEMENS",
    patient_weight="70",
    patient_size="1.75",
    patient_sex="F",
    radiopharmaceutical_items=1,
    radiopharmaceutical="FDG",
    radionuclide_code="C-111A1",
    total_dose="370000000",
    half_life="6586.2",
    start_time="100000",
    start_datetime="20240305100000",
    series_date="20240305",
    series_time="110000",
    siemens_decay_datetime="20240305110000.000000",
    frames=tuple(
        FrameTiming(
            acquisition_date="20240305",
            acquisition_time=f"11{2 * i:02d}00",
            frame_reference_time_ms=59936.85 + 120e3 * i,
            frame_duration_ms=120e3,
        )
        for i in range(6)
    ),
)

WORDS = (
    *("BQML", "CNTS", "GML", "CM2ML", "CPS", "PROPCPS", "NONE", "START", "ADMIN", "DECY", "ATTN\\DECY", "DYNAMIC"),
    *("GE MEDICAL SYSTEMS", "Philips", "0", "-1", "nan", "inf", "1e400", "70", "1.75", "370", "6588", "109.77"),
    *("20240305", "20240306100000", "110000", "11:00", "1100", "24", "240000", "+0100", "99991231235959", "00010101"),
)


def mutated(text: str) -> st.SearchStrategy[str]:
    """The value deleted, cut, with a wrong, doubled or swapped character, of another scale, or another value."""
    positions = st.integers(0, max(len(text) - 1, 0))
    printable = st.characters(min_codepoint=32, max_codepoint=126)
    scales = st.sampled_from((1e-9, 1e-6, 1e-3, 0.1, 0.5, 2.0, 10.0, 1e3, 1e6, -1.0))
    return st.one_of(
        st.sampled_from(("", *WORDS)),
        positions.map(lambda i: text[:i]),
        st.tuples(positions, printable).map(lambda c: text[: c[0]] + c[1] + text[c[0] + 1 :]),
        positions.map(lambda i: text[: i + 1] + text[i:]),
        positions.map(lambda i: text[:i] + text[i + 1 : i + 2] + text[i : i + 1] + text[i + 2 :]),
        scales.map(lambda scale: f"{read_number(text) * scale:.10g}"),
        st.text(printable, max_size=20),
    )


def read_number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
