"""Only attenuation- and decay-corrected static series become SUV unasked."""

import pytest
from CLIPSLib.errors import Refusal
from CLIPSLib.study.answers import NO_ANSWERS, Answers
from CLIPSLib.study.corrections import check_attenuation, check_static, decay_mode
from CLIPSLib.study.headers import PetHeaders

CORRECTED = ("DECY", "ATTN")


@pytest.mark.parametrize("description", ["PET WB AC", "PET AC", "WB FDG PET Corrected", "Thorax", "NACHBAR", "Vacant"])
def test_attenuation_corrected_series_pass(description):
    check_attenuation(PetHeaders(corrected_image=CORRECTED, description=description))


@pytest.mark.parametrize("description", ["PET WB NAC", "WB_NAC", "PET Uncorrected", "PET NOAC", "non-AC", "PET no AC"])
def test_a_description_that_says_uncorrected_is_refused(description):
    with pytest.raises(Refusal, match="not attenuation-corrected"):
        check_attenuation(PetHeaders(corrected_image=CORRECTED, description=description))


def test_without_attn_the_series_is_refused():
    with pytest.raises(Refusal, match=r"CorrectedImage \(0028,0051\) = 'DECY' lacks ATTN"):
        check_attenuation(PetHeaders(corrected_image=("DECY",)))


@pytest.mark.parametrize("kind", ["DYNAMIC", "GATED"])
def test_dynamic_and_gated_series_are_refused(kind):
    with pytest.raises(Refusal, match=kind):
        check_static(PetHeaders(series_type=(kind, "IMAGE")))
    check_static(PetHeaders(series_type=("WHOLE BODY", "IMAGE")))


def mode(correction, corrected=CORRECTED, *, already_suv=False, answers=NO_ANSWERS):
    return decay_mode(
        PetHeaders(decay_correction=correction, corrected_image=corrected), already_suv=already_suv, answers=answers
    )


def test_start_and_admin():
    assert mode("START") == "START"
    assert mode("ADMIN") == "ADMIN"


def test_undecayed_frames_are_refused_unless_the_user_asks():
    with pytest.raises(Refusal, match="'NONE'") as refusal:
        mode("NONE", ("ATTN",))
    assert "convert_undecayed" in refusal.value.remedy
    assert mode("NONE", ("ATTN",), answers=Answers(convert_undecayed="yes")) == "NONE"


@pytest.mark.parametrize(("correction", "corrected"), [("NONE", CORRECTED), ("START", ("ATTN",)), ("", ("ATTN",))])
def test_contradictions_are_refused_whatever_the_user_says(correction, corrected):
    with pytest.raises(Refusal, match="DECY"):
        mode(correction, corrected, answers=Answers(convert_undecayed="yes"))


def test_an_absent_decay_correction_matters_for_activity_only():
    with pytest.raises(Refusal, match=r"DecayCorrection \(0054,1102\) is absent"):
        mode("")
    assert mode("", already_suv=True) == "START"


def test_suv_without_decay_correction_is_refused():
    with pytest.raises(Refusal, match="not decay-corrected"):
        mode("NONE", ("ATTN",), already_suv=True, answers=Answers(convert_undecayed="yes"))
