"""The report: whole in one file, honest about its state, legible for machines and people, safe with hostile headers."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import builders_result as builders
import pytest
from CLIPSLib.errors import Caution, Refusal, UsageError
from CLIPSLib.report import write_report
from CLIPSLib.report.text import _LANGUAGES, language
from CLIPSLib.study.types import StudyIdentity, SuvFactor

VOID = {"meta", "br", "image", "use", "path"}


class Page(HTMLParser):
    """Tags, attributes and visible text; fails on tags that are not closed in order."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.visible, self._open = [], [], []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self._open.pop() == tag

    def handle_data(self, data):
        if not {"style", "script"} & set(self._open):
            self.visible.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.visible).replace("\u202f", " ").split())


def report(tmp_path, study=None, segmentation=None, measures=None, **options):
    path = write_report(
        tmp_path / "report.html",
        study or builders.study(),
        segmentation or builders.segmentation(),
        measures or builders.measures(),
        overwrite=True,
        **options,
    )
    source = path.read_text(encoding="utf-8")
    return source, Page(source)


def test_the_file_needs_no_network_and_no_script(tmp_path):
    source, page = report(tmp_path)
    for _, attributes in page.tags:
        for name in ("src", "href", "action"):
            assert re.match(r"(data:image/png|#)", attributes.get(name) or "#")
    outside = set(re.findall(r"https?://[^\s\"']+", source)) - {"http://www.w3.org/2000/svg"}
    assert outside == set()
    assert "url(" not in source and "@import" not in source and "script" not in [tag for tag, _ in page.tags]


def test_an_unreviewed_result_says_so_before_its_first_number(tmp_path):
    _, page = report(tmp_path)
    assert page.text.index("Candidate volume, unreviewed") < page.text.index("0.03 mL")
    _, page = report(
        tmp_path, segmentation=builders.segmentation(reviewed=True), measures=builders.measures(reviewed=True)
    )
    assert "unreviewed" not in page.text and "Reviewed" in page.text


def test_patient_measures_and_the_method_come_first(tmp_path):
    _, page = report(tmp_path)
    for words in ("TMTV 0.03 mL", "TLG 0.2 g", "Lesions 1 0 of at least 3 mL", "Dmax 0 mm", "SDmax 0.000 m⁻¹"):
        assert words in page.text
        assert page.text.index(words) < page.text.index("Maximum intensity projections")
    assert "SUV ≥ 4.0 · SUVmax 7.00 · SUVmean 6.00 · SUVpeak –" in page.text


def test_the_table_has_a_row_per_lesion_with_position_in_words(tmp_path):
    _, page = report(tmp_path)
    assert "Lésion 1: cou | gauche 0.03 7.00 6.00 – 0.2 5 6 R, 28 P, 630 S" in page.text
    assert page.text.index("Total 0.03") < page.text.index("Physiological uptake, not counted")
    assert page.text.index("Physiological uptake, not counted") < page.text.index("Bladder")


def test_thresholds_are_a_column_only_when_lesions_differ_in_them(tmp_path):
    def with_thresholds(*values, fallback=""):
        rows = [
            {"lesion_id": i, "threshold_suv": v, "fallback": fallback}
            for i, v in zip(("lesion-a3f1", "uptake-77c0"), values, strict=True)
        ]
        return replace(builders.segmentation(), provenance={"thresholds": rows})

    assert "Threshold" not in report(tmp_path, segmentation=with_thresholds(4.0, 4.0))[1].text
    _, page = report(tmp_path, segmentation=with_thresholds(2.87, 12.3, fallback="leak"))
    assert "Threshold SUV" in page.text and "2.87*" in page.text and "could not be applied (leak)" in page.text


def test_the_suv_can_be_checked_by_hand(tmp_path):
    _, page = report(tmp_path)
    assert "C * 72000 g / 171158250 Bq" in page.text
    assert "PatientWeight 72 kg entered by the user" in page.text
    assert "RadionuclideTotalDose 250000000 Bq (0018,1074)" in page.text
    # 72000/250e6 over 72000/171158250 = 0.684633, the decay of F-18 in an hour
    assert "decay corrected to injection (ADMIN): would give 68.5 % of the SUV used" in page.text
    assert "slices disagree by 1215 s" in page.text


def test_slices_with_their_own_factor_are_told(tmp_path):
    suv = SuvFactor(factor=None, formula="per slice", slice_factors=(0.5, 0.25, 0.75))
    _, page = report(tmp_path, study=replace(builders.study(), suv=suv))
    assert "one factor per slice, 0.25 to 0.75" in page.text


def test_images_that_were_suv_already_are_told(tmp_path):
    _, page = report(tmp_path, study=replace(builders.study(), suv=None))
    assert "held SUV already" in page.text


def test_what_was_left_out_is_told(tmp_path):
    facts = {"min_volume_ml": 3.0, "discarded": {"components": 46, "volume_ml": 19.5}}
    _, page = report(tmp_path, segmentation=replace(builders.segmentation(), provenance=facts))
    assert "Smallest candidate 3.0 mL" in page.text and "46 regions, 19.5 mL in all" in page.text


def test_cautions_stand_before_the_pictures_each_once(tmp_path):
    study = builders.study()
    study = replace(study, cautions=study.cautions * 2)
    _, page = report(tmp_path, study=study)
    assert page.text.count("The weight of DUPONT was typed in") == 1
    assert page.text.index("2 components below 3 mL") < page.text.index("Maximum intensity projections")


def test_hostile_headers_stay_text(tmp_path):
    evil = '<script>alert("x")</script>&amp;'
    identity = replace(
        builders.IDENTITY,
        **dict.fromkeys(
            ("patient_id", "patient_name", "study_description", "pet_description", "scanner", "tracer", "sex"), evil
        ),
    )
    suv = replace(
        builders.SUV, formula=evil, inputs=(replace(builders.SUV.inputs[0], name=evil, unit=evil, source=evil),)
    )
    study = replace(builders.study(), identity=identity, suv=suv, cautions=(Caution("c", evil, evil),))
    segmentation = builders.segmentation()
    segmentation = replace(segmentation, provenance={"model": evil, "parameters": {evil: evil}}, valid_for=evil)
    measures = builders.measures()
    measures = replace(
        measures,
        lesions=(replace(measures.lesions[0], name=evil),),
        patient=replace(measures.patient, method=evil),
    )
    source, page = report(tmp_path, study, segmentation, measures)
    assert "<script" not in source
    assert page.text.count("<script>alert(") >= 12


@pytest.mark.parametrize("code", ["en", "fr"])
def test_an_anonymous_report_names_nobody_and_no_date(tmp_path, code):
    source, page = report(tmp_path, anonymous=True, language=code)
    traces = (
        "DUPONT",
        "JEANNE",
        "HOP-00417",
        "1957",
        "2023",
        "1.2.826",
        "TEP TDM corps",
        "/data/",
        "66 years",
        "66 ans",
    )
    for trace in traces:
        assert trace not in re.sub(r"base64,[^\"]+", "", source), trace
    assert ("Anonymous report" if code == "en" else "Rapport anonyme") in page.text
    assert "72" in page.text  # the weight stays, or the SUV cannot be checked


def test_a_french_report_is_french_with_decimal_commas(tmp_path):
    source, page = report(tmp_path, language="fr")
    assert '<html lang="fr">' in source
    assert "Volume candidat, non relu" in page.text and "TMTV 0,03 mL" in page.text
    assert "examen du 11/06/2023" in page.text
    assert "N’est pas un dispositif médical" in page.text


def test_both_languages_say_everything():
    english, french = _LANGUAGES["en"], _LANGUAGES["fr"]
    assert english.keys() == french.keys()
    for key in english:
        assert re.findall(r"{\w+}", english[key]) == re.findall(r"{\w+}", french[key]), key
    assert [key for key in english if english[key] == french[key] and len(english[key]) > 12] == []


def test_an_unknown_language_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="'de'"):
        report(tmp_path, language="de")


def test_numbers_are_written_as_people_write_them():
    english, french = language("en"), language("fr")
    assert english.number(1234.56, 1, "mL") == "1\u202f234.6\u202fmL"
    assert french.number(1234.56, 1, "mL") == "1\u202f234,6\u202fmL"
    assert (english.volume(0.345), english.volume(12.345)) == ("0.34", "12.3")  # half to even: 0.345 is below
    assert english.number(None) == english.number(float("nan")) == "–"
    assert (english.date("20240229"), french.date("20240229"), french.date("2024")) == (
        "2024-02-29",
        "29/02/2024",
        "2024",
    )


def test_a_study_without_lesions_gets_a_report_that_says_so(tmp_path):
    full = builders.segmentation()
    measures = builders.measures()
    patient = replace(
        measures.patient,
        tmtv_ml=0.0,
        tlg_g=0.0,
        lesion_count=0,
        suv_max=None,
        suv_mean=None,
        d_max_mm=None,
        sd_max_per_m=None,
    )
    _, page = report(
        tmp_path,
        segmentation=replace(full, labels=full.labels * 0, lesions=()),
        measures=replace(measures, lesions=(), patient=patient),
    )
    assert "No lesion." in page.text and "TMTV 0.00 mL" in page.text and "Dmax – mm" in page.text


def test_a_study_of_which_nothing_is_known_gets_a_report(tmp_path):
    study = replace(builders.study(with_ct=False), identity=StudyIdentity(), suv=None, cautions=())
    _, page = report(tmp_path, study=study)
    assert "CT series none" in page.text


def test_tables_have_headers_for_screen_readers(tmp_path):
    _, page = report(tmp_path)
    scopes = [attributes.get("scope") for tag, attributes in page.tags if tag == "th"]
    assert scopes and None not in scopes


def test_an_existing_report_is_not_overwritten_unasked(tmp_path):
    path = tmp_path / "report.html"
    path.write_text("mine")
    with pytest.raises(Refusal, match="exists"):
        write_report(path, builders.study(), builders.segmentation(), builders.measures())
    assert path.read_text() == "mine"
