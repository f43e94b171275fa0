"""The page of an evaluation: self-contained, volumes and agreement drawn, failures and missing cases named."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from builders_volume import image_of
from CLIPSLib.errors import Caution, Refusal
from CLIPSLib.evaluation import CaseEvaluation, evaluate, evaluate_cohort
from CLIPSLib.report import charts
from CLIPSLib.report.evaluation_page import write_evaluation_page


def a_case(**changes) -> CaseEvaluation:
    mask = np.zeros((4, 4, 9), np.uint8)
    mask[1:3, 1:3, 1:5] = 1
    return replace(evaluate(image_of(mask), image_of(mask)), **changes)


@pytest.fixture
def cases() -> dict[str, CaseEvaluation]:
    rng = np.random.default_rng(2)
    volumes = rng.lognormal(4, 1.2, 20)
    found = {
        f"C{i:03}": a_case(reference_ml=v, prediction_ml=v * rng.uniform(0.6, 1.2), dice=float(rng.uniform(0.55, 0.95)))
        for i, v in enumerate(volumes)
    }
    found["<poor>"] = a_case(reference_ml=50.0, prediction_ml=5.0, dice=0.18)
    found["empty"] = evaluate(image_of(np.zeros((3, 3, 3), np.uint8)), image_of(np.zeros((3, 3, 3), np.uint8)))
    return found


def page_of(cases, path, **arguments) -> str:
    cohort = evaluate_cohort(cases, cutoff_ml=60.0)
    return write_evaluation_page(path, cases, cohort, **{"not_evaluated": {}, **arguments}).read_text(encoding="utf-8")


def test_the_page_needs_nothing_else_and_holds_every_case(cases, tmp_path):
    page = page_of(cases, tmp_path / "evaluation.html")
    assert not re.search(r"<script|<link|src=|@import", page)
    assert not re.search(r"https?://(?!www\.w3\.org)", page)
    for case_id in cases:
        assert case_id.replace("<", "&lt;").replace(">", "&gt;") in page
    assert "found by one shared voxel" in page
    assert "nan" not in re.sub(r"<style>.*?</style>", "", page, flags=re.S).lower()


def test_failures_and_missing_cases_say_why(cases, tmp_path):
    page = page_of(cases, tmp_path / "evaluation.html", not_evaluated={"C999": "There is no prediction of this case"})
    assert '&lt;poor&gt;</th><td class="problem">Dice 0.18' in page
    assert "not evaluated: There is no prediction of this case" in page
    assert "Dice &lt; 0.5" in page


def test_cautions_stand_above_the_pictures(cases, tmp_path):
    caution = Caution("x", "Half of the references are predictions", "C001")
    page = page_of(cases, tmp_path / "evaluation.html", cautions=[caution])
    assert 0 < page.index("Half of the references are predictions (C001)") < page.index("<figure>")


def test_the_lowest_dice_comes_first_after_cases_without(cases, tmp_path):
    page = page_of(cases, tmp_path / "evaluation.html")
    table = page[page.index("Cases, lowest Dice first") :]
    assert table.index("empty") < table.index("&lt;poor&gt;") < table.index("C000")


def test_bland_altman_is_drawn_with_its_three_lines(cases, tmp_path):
    page = page_of(cases, tmp_path / "evaluation.html")
    figure = page[page.index("<figcaption>Bland-Altman</figcaption>") :].split("</figure>")[0]
    svg = ElementTree.fromstring(figure[figure.index("<svg") :])
    space = {"s": "http://www.w3.org/2000/svg"}
    lines = [path.find("s:title", space).text for path in svg.findall("s:path[@class='line']", space)]
    assert [line.split(":")[0] for line in lines] == ["lower limit", "bias", "upper limit"]
    bias = evaluate_cohort(cases).tmtv.difference.bias
    assert lines[1] == f"bias: {bias:.4g}"
    assert len(svg.findall("s:circle", space)) == len(cases)


def test_no_case_at_all_and_a_page_that_exists(tmp_path):
    page = page_of({}, tmp_path / "evaluation.html", not_evaluated={"1": "The mask is damaged"})
    assert "The mask is damaged" in page
    with pytest.raises(Refusal):
        page_of({}, tmp_path / "evaluation.html")


def test_the_line_of_identity_goes_from_corner_to_corner_of_equal_axes():
    svg = charts.points({"a": (1.0, 900.0)}, "x", "y", title="t", log=True, identity=True)
    (ends,) = re.findall(r'class="line" d="M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)"', svg)
    x1, y1, x2, y2 = map(float, ends)
    (cx, cy), *_ = ((float(a), float(b)) for a, b in re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', svg))
    assert (x1, y2) < (x2, y1)
    assert cx == pytest.approx(x1, abs=0.1)  # 1 is the first tick of both axes
    assert cy == pytest.approx(y1 + np.log10(900) / 3 * (y2 - y1), abs=0.1)


def test_the_page_speaks_french_with_decimal_commas(cases, tmp_path):
    page = page_of(cases, tmp_path / "evaluation.html", language="fr", not_evaluated={"C999": "There is no prediction"})
    assert '<html lang="fr">' in page
    for text in (
        "les lésions sont les composantes connexes (26 voisins), trouvées dès un voxel commun ; NSD à 5 mm près",
        "Échecs (Dice &lt; 0,5, ou rappel par lésion &lt; 0,5",
        '&lt;poor&gt;</th><td class="problem">Dice 0,18',
        "non évalué : There is no prediction",
        "biais : ",
        "Même côté de 60 mL",
    ):
        assert text in page, text
    shown = re.sub(r"<style>.*?</style>|<svg.*?</svg>|<footer>.*?</footer>", "", page, flags=re.S)
    assert not re.search(r"\d\.\d", shown)
    for word in ("Cases", "Missing", "lower limit", "Lesion ", "reference,", "median"):
        assert word not in shown
    ticks = re.findall(r'<text class="tick"[^>]*>([^<]*)<', page)
    assert "0,2" in ticks and not any("." in tick for tick in ticks)


def test_both_languages_say_the_same_things():
    from CLIPSLib.report.cohort_text import cohort_language

    english, french = cohort_language("en").texts, cohort_language("fr").texts
    assert set(english) <= set(french)
    for key, text in english.items():
        assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", french[key])), key
