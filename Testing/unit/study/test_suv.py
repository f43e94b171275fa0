"""SUV factors against hand calculations and against factors published for real headers."""

from dataclasses import replace

import pytest
from CLIPSLib.study import Answers, FrameTiming, PetHeaders, derive_suv, explain_suv

PET = PetHeaders(
    units="BQML",
    decay_correction="START",
    corrected_image=("DECY", "ATTN"),
    series_type=("WHOLE BODY", "IMAGE"),
    manufacturer="SIEMENS",
    patient_weight="70",
    patient_size="1.75",
    patient_sex="M",
    radiopharmaceutical_items=1,
    radiopharmaceutical="FDG",
    total_dose="370000000",
    half_life="6586.2",
    start_time="100000",
    series_date="20240305",
    series_time="110000",
    frames=(FrameTiming(acquisition_date="20240305", acquisition_time="110000", frame_duration_ms=120000.0),),
)
# 70000 g / (370e6 Bq * 2^(-3600/6586.2)) = 70000 / (370e6 * 0.684636) = 2.763367e-4
START_FACTOR = 2.763367e-4


def outcome(answers=None, **changes):
    return derive_suv(replace(PET, **changes), answers or Answers())


def factor(answers=None, **changes):
    found = outcome(answers, **changes)
    assert found.factor is not None, (found.questions, found.refusals)
    return found.factor


def codes(found):
    return [caution.code for caution in found.cautions]


def test_activity_decay_corrected_to_the_start():
    found = factor()
    assert found.factor == pytest.approx(START_FACTOR, rel=1e-6)
    assert found.cautions == ()


def test_activity_decay_corrected_to_the_injection_uses_the_dose_as_it_is():
    assert factor(decay_correction="ADMIN").factor == pytest.approx(70000 / 370e6)


def test_the_uptake_time_is_told_also_where_the_factor_does_not_need_it():
    assert outcome(units="GML").uptake_min == 60.0
    assert outcome(decay_correction="ADMIN").uptake_min == 60.0
    assert outcome(units="GML", start_time="").uptake_min is None


def test_suv_by_body_weight_is_taken_as_it_is_without_dose_times_or_weight():
    found = factor(units="GML", suv_type="BW", total_dose="", start_time="", patient_weight="", half_life="")
    assert found.factor == 1.0


@pytest.mark.parametrize(
    ("suv_type", "sex", "kilograms"),
    [
        ("LBM", "M", 57.80),  # 1.10 * 70 - 120 * 0.16
        ("LBMJAMES128", "M", 56.52),  # 1.10 * 70 - 128 * 0.16
        ("LBMJANMA", "F", 45.1972),  # 9270 * 70 / (8780 + 244 * 22.857)
        ("IBW", "O", (48.0 + 1.06 * 23 + 45.5 + 0.91 * 23) / 2),
    ],
)
def test_other_norms_are_converted_to_body_weight_and_said(suv_type, sex, kilograms):
    found = factor(units="GML", suv_type=suv_type, patient_sex=sex)
    assert found.factor == pytest.approx(70.0 / kilograms, rel=1e-5)
    assert codes(found) == ["suv-renormalized"]


def test_surface_norm_is_converted_without_sex():
    # 70000 g / (1.8481 m2 * 1e4 cm2/m2)
    assert factor(units="CM2ML", patient_sex="").factor == pytest.approx(70000 / 18481, rel=2e-4)


@pytest.mark.parametrize(("missing", "key"), [("patient_size", "height_m"), ("patient_sex", "sex")])
def test_a_norm_without_body_size_is_refused_and_an_answer_helps(missing, key):
    (refusal,) = outcome(units="GML", suv_type="LBM", **{missing: ""}).refusals
    assert key in refusal.remedy
    answer = {"height_m": 1.75, "sex": "M"}[key]
    found = factor(Answers(**{key: answer}), units="GML", suv_type="LBM", **{missing: ""})
    assert found.factor == pytest.approx(70.0 / 57.80)


def test_a_norm_with_an_impossible_height_is_refused_with_it():
    (refusal,) = outcome(units="GML", suv_type="LBM", patient_size="17.4").refusals
    assert "PatientSize (0010,1020), needed to convert, is '17.4'" in refusal.what


def test_a_norm_whose_formula_fails_is_refused():
    # women of 300 kg and 1.50 m: 1.07 * 300 - 148 * 4 = -271 kg
    (refusal,) = outcome(
        units="GML", suv_type="LBM", patient_weight="300", patient_size="1.5", patient_sex="F"
    ).refusals
    assert "not positive" in refusal.what


def test_frames_without_decay_correction_each_have_their_own_factor():
    # The moment of average activity of a 120 s frame is 59.97 s after its start.
    beds = tuple(replace(PET.frames[0], acquisition_time=time) for time in ("110000", "110200"))
    changes = {"decay_correction": "NONE", "corrected_image": ("ATTN",), "frames": beds}
    assert "convert_undecayed" in outcome(**changes).refusals[0].remedy
    found = factor(Answers(convert_undecayed="yes"), **changes)
    expected = [70000 / (370e6 * 2 ** (-(3600 + start + 59.9368) / 6586.2)) for start in (0, 120)]
    assert found.factor is None
    assert found.slice_factors == pytest.approx(expected, rel=1e-6)
    assert "frames-not-decay-corrected" in codes(found)


def test_all_problems_are_told_at_once():
    found = outcome(patient_weight="", total_dose="", start_time="")
    assert [question.key for question in found.questions] == ["weight_kg", "injection_time"]
    assert [refusal.code for refusal in found.refusals] == ["dose-missing"]
    assert found.factor is None


def test_typed_values_are_marked_in_the_inputs():
    found = factor(Answers(weight_kg=70.0, injection_time="100000"), patient_weight="", start_time="")
    sources = {used.name: used.source for used in found.inputs}
    assert sources["PatientWeight"] == sources["injection"] == "user-entered"
    assert found.factor == pytest.approx(START_FACTOR, rel=1e-6)


def test_philips_own_ratio_is_compared_with_the_computed_factor():
    agreeing = factor(philips_suv_factor="0.0013", philips_activity_factor=f"{0.0013 / START_FACTOR:.8g}")
    assert codes(agreeing) == []
    assert agreeing.alternatives[0].factor == pytest.approx(START_FACTOR, rel=1e-5)
    assert codes(factor(philips_suv_factor="0.0013", philips_activity_factor="1.0")) == ["vendor-factor-disagrees"]


def test_philips_counts_are_compared_with_dose_and_times():
    counts = {"units": "CNTS", "philips_activity_factor": "2.0"}
    assert factor(**counts).factor == pytest.approx(2 * START_FACTOR, rel=1e-6)
    agreeing = factor(**counts, philips_suv_factor=f"{2 * START_FACTOR}")
    assert agreeing.factor == pytest.approx(2 * START_FACTOR)
    assert codes(agreeing) == []
    wrong = factor(**counts, philips_suv_factor="0.9")
    assert (wrong.factor, codes(wrong)) == (0.9, ["vendor-factor-disagrees"])


def test_the_rejected_series_time_is_shown_as_an_alternative():
    found = factor(series_time="120000")
    assert found.factor == pytest.approx(START_FACTOR, rel=1e-6)
    later = next(other for other in found.alternatives if "SeriesTime" in other.description)
    assert later.factor == pytest.approx(START_FACTOR * 2 ** (3600 / 6586.2), rel=1e-6)


def test_the_first_acquisition_time_is_shown_with_its_factor():
    frames = (replace(PET.frames[0], acquisition_time="110300"),)
    (first,) = factor(frames=frames).alternatives
    assert first.factor == pytest.approx(START_FACTOR * 2 ** (180 / 6586.2), rel=1e-6)
    assert "first AcquisitionTime" in first.description


def test_an_alternative_that_leads_to_no_factor_is_explained_by_its_reason():
    frames = tuple(replace(PET.frames[0], frame_reference_time_ms=ms) for ms in (60e3, 1275e3))
    found = factor(frames=frames)
    assert found.alternatives[0].factor is None
    text = "\n".join(explain_suv(found))
    assert "  not used: AcquisitionTime + time of average activity - FrameReferenceTime" in text
    assert "not usable: slices disagree by 1215 s" in text
    assert "  not used: 0.00027633668 (+0.00 %) by reference time" in text


def test_an_alternative_of_another_year_leads_to_no_factor():
    later = next(other for other in factor(series_date="20250305").alternatives if "SeriesTime" in other.description)
    assert later.factor is None
    assert "not usable: 8761 h after the injection" in later.description  # 365 days and an hour


def test_philips_activity_factor_without_a_dose_is_shown_with_what_is_missing():
    found = factor(units="CNTS", philips_suv_factor="0.0004", philips_activity_factor="2.0", total_dose="")
    (other,) = found.alternatives
    assert other.factor is None
    assert "(7053,1009)" in other.description and "RadionuclideTotalDose" in other.description


def test_the_explanation_can_be_checked_with_a_calculator():
    text = "\n".join(explain_suv(factor()))
    assert "value * 70000 g / (370000000 Bq * 2^(-3600 s / 6586.2 s)) = value * 0.00027633668" in text
    for line in ("PatientWeight = 70 kg   [(0010,1030)]", "injection = 2024-03-05 10:00:00", "uptake = 3600 s"):
        assert line in text


# Header values of real series and the factors that their publishers verified independently
# (test data of cornerstonejs/calculate-suv, MIT license).
REAL = {
    "Siemens": (
        "67 374000000 6586.2 083045.000000 104829.000000 104830.351370 38513.36 74324",
        {},
        0.00042748316187197236,
    ),
    "GE": (
        "52 152022720 6586.2001953125 084500.00 095621 095621 0 120000",
        {"manufacturer": "GE MEDICAL SYSTEMS"},
        0.0005367387681819742,
    ),
    "Philips BQML whose FrameReferenceTime misleads": (
        "64 126000000 6586.199707 100058 110155 110156 1328700 120700",
        {"philips_suv_factor": "0.003515736", "philips_activity_factor": "4.709921"},
        0.0007463747013889488,
    ),
    "SeriesTime rewritten by reprocessing": (
        "69 388000000 6586.2 120037.000000 134918.000000 130348.234000 0 180000",
        {},
        0.00026503312764157046,
    ),
    "SeriesTime 5 microseconds after AcquisitionTime": (
        "65 225000000 6586.2 114100.000000 123515.000000 123514.999995 59936.854672596 120000",
        {},
        0.0004069156854009332,
    ),
    "one of the last beds": (
        "102 412000000 6586.2 125000.000000 135431.843000 141555.687000 1372857.9232493 180000",
        {},
        0.0003721089202818729,
    ),
    "Philips counts": (
        "54 238000000 6588 083000 093556 095439 1183000 120000",
        {"units": "CNTS", "philips_suv_factor": "0.000551", "philips_activity_factor": "1.602563"},
        0.000551,
    ),
}


@pytest.mark.parametrize("name", REAL)
def test_real_headers_give_the_published_factor(name):
    values, changes, published = REAL[name]
    weight, dose, half_life, injection, series, acquisition, reference_ms, duration_ms = values.split()
    frame = FrameTiming(
        acquisition_date="20201217",
        acquisition_time=acquisition,
        frame_reference_time_ms=float(reference_ms),
        frame_duration_ms=float(duration_ms),
    )
    found = factor(
        patient_weight=weight,
        total_dose=dose,
        half_life=half_life,
        start_time=injection,
        series_date="20201217",
        series_time=series,
        frames=(frame,),
        **changes,
    )
    assert found.factor == pytest.approx(published, rel=1e-8)
