"""The page of an experiment: the verdict first, in both languages, whole by itself, honest about first looks."""

from __future__ import annotations

import re
from dataclasses import replace

import builders_experiment as simulated
import builders_run
import numpy as np
import pytest
from CLIPSLib.curriculum import TraceRow
from CLIPSLib.experiments import Deviation, Frozen, analyze, check_fairness, endpoint
from CLIPSLib.report.experiment import ExperimentPage, write_experiment_page
from CLIPSLib.report.experiment_figures import effects_svg
from CLIPSLib.report.experiment_parts import arms_table
from CLIPSLib.report.experiment_patients import PatientPictures, View, views_of
from CLIPSLib.report.experiment_subgroups import CaseFacts, difficulty_percentiles, subgroups, third_of
from CLIPSLib.report.experiment_text import deviation_text, experiment_language, signed
from CLIPSLib.report.experiment_verdict import margin_text
from CLIPSLib.training.traces import RunTrace

pytest.importorskip("matplotlib")

ENDS = {"vanilla": 0.7, "random-order": 0.7, "boot": 0.75}
FACTS = {f"case-{n:02d}": CaseFacts(difficulty=float(n), lesion_count=1 + n % 7) for n in range(60)}


def page_of(design=simulated.DESIGN, effects=None) -> ExperimentPage:
    scores, curves = simulated.scores(design, effects or {}), simulated.curves(design, ENDS)
    hard = tuple(sorted(FACTS))[40:]
    analysis = analyze(design, scores, curves, hard_cases=frozenset(hard), costs=simulated.costs(design))
    row = TraceRow(
        first_step=0, last_step=9, draws=20, pool_size=48, entropy=1.0, mean_difficulty=0.5, lesion_free=0, strata={}
    )
    trace = RunTrace(pool_sizes=((0, 10), (400, 48)), draws=dict.fromkeys(FACTS, 5), rows=(row,))
    square = np.zeros((20, 24), bool)
    square[5:12, 6:14] = True
    view = View(
        suv=np.random.default_rng(0).random((20, 24)) * 8,
        pixel_mm=(4.0, 4.0),
        masks={"reference": square, "vanilla": square, "boot": ~square},
    )
    patient = PatientPictures(
        case_id="case-59 <script>",
        seed=0,
        views=(view, view),
        dice={"reference": 1.0, "vanilla": 0.9, "boot": None},
    )
    frozen = Frozen(
        design=design,
        recipe=builders_run.TINY,
        folds={},
        hard_cases=hard,
        files={"cases.json": "ab" * 32},
        created_utc="2026-01-02T03:04:05Z",
        software={"clips": "1", "libraries": {"torch": "2"}},
        sha256="cd" * 32,
    )
    return ExperimentPage(
        design=design,
        frozen=frozen,
        analysis=analysis,
        scores=scores,
        curves=curves,
        traces={("boot", 0, 0): trace, ("vanilla", 0, 0): trace},
        facts=FACTS,
        patients=(patient,),
        tables={"scores.csv": "case,dice\n"},
        source="phantoms",
        environment={"torch": "2.9"},
        deviations=(Deviation(code="few-seeds", what="Told to the reader.", values={"seeds": 2}),),
    )


def written(tmp_path, page: ExperimentPage, language: str = "en") -> str:
    path = write_experiment_page(tmp_path / f"{language}.html", page, language=language)
    return path.read_text(encoding="utf-8")


def test_the_verdict_stands_before_any_picture(tmp_path):
    text = written(tmp_path, page_of(effects={"boot": 0.05}))
    assert text.index("<h2>boot helps</h2>") < text.index("<svg")
    assert re.search(
        r"Dice \+0\.0[45]\d against no curriculum \(95\u00a0% interval \+0\.0\d\d to \+0\.0\d\d, p &lt; 0\.001\)", text
    )
    assert "60 patients, 15 runs per arm (5 folds × 3 seeds), 1\u202f000 steps each" in text


def test_without_a_random_control_the_headline_does_not_credit_a_growing_pool(tmp_path):
    """There may be none: patches on lesions, hard cases more often."""
    arms = tuple(arm for arm in simulated.DESIGN.arms if arm.name != "random-order")
    page = page_of(replace(simulated.DESIGN, arms=arms), {"boot": 0.05})
    assert "<h2>boot helps; its order was not shown to</h2>" in written(tmp_path, page)
    assert "<h2>boot aide ; l’effet de l’ordre n’est pas démontré</h2>" in written(tmp_path, page, "fr")


@pytest.mark.parametrize(("language", "factor"), [("en", "×1.00"), ("fr", "×1,00")])
def test_where_false_positive_volume_decides_axes_show_factors_and_arms_are_told_in_milliliters(language, factor):
    design = replace(simulated.DESIGN, primary="fpv")
    made = [
        replace(score, scores={**score.scores, "fpv_ml": 10 * score.scores["dice"]})
        for score in simulated.scores(design, {})
    ]
    analysis = analyze(design, made, (), hard_cases=frozenset(), costs=simulated.costs(design))
    say = experiment_language(language)
    assert factor in effects_svg(analysis, say)
    name = {"en": "false positive volume, mL", "fr": "volume faussement positif, mL"}[language]
    assert name in arms_table(analysis, say)


@pytest.mark.filterwarnings("error")
def test_runs_that_all_found_the_same_are_drawn_without_a_warning():
    made = [replace(score, scores={**score.scores, "dice": 0.0}) for score in simulated.scores(simulated.DESIGN, {})]
    analysis = analyze(simulated.DESIGN, made, (), hard_cases=frozenset(), costs=simulated.costs(simulated.DESIGN))
    assert "<svg" in effects_svg(analysis, experiment_language("en"))


@pytest.mark.parametrize(
    ("name", "margin", "shown"),
    [
        ("dice", 0.01, "0.010"),
        ("failure_rate", 0.05, "5.0 % points"),
        ("fpv", 0.0953, "10\u202f%"),
        ("hd95", 2, "2.0 mm"),
    ],
)
def test_a_margin_is_told_in_the_unit_of_its_endpoint(name, margin, shown):
    assert margin_text(endpoint(name), margin, experiment_language("en")) == shown


def test_the_same_in_french_with_french_numbers(tmp_path):
    text = written(tmp_path, page_of(effects={"boot": 0.05}), "fr")
    assert '<html lang="fr">' in text
    assert "<h2>boot aide</h2>" in text
    assert "2 graine(s) par bras" in text
    assert re.search(r"Dice \+0,0[45]\d par rapport à l’absence de curriculum", text)


def test_an_exploratory_page_shows_no_p_value(tmp_path):
    text = written(tmp_path, page_of(replace(simulated.DESIGN, seeds=(0, 1)), {"boot": 0.05}))
    assert "boot: a first look, no conclusion" in text
    assert "p =" not in text and "p &lt;" not in text and "p (Holm)" not in text


def test_the_page_is_whole_by_itself_and_keeps_names_harmless(tmp_path):
    text = written(tmp_path, page_of())
    assert not re.search(r'(src|href)="(?!data:|#)', text)
    assert "<script" not in text
    assert "case-59 &lt;script&gt;" in text
    assert 'download="scores.csv"' in text


def test_what_deviates_and_what_was_frozen_is_told(tmp_path):
    text = written(tmp_path, page_of())
    assert "Told to the reader." in text
    assert "cd" * 32 in text and "ab" * 32 in text
    assert "torch 2.9" in text


def test_what_weakens_the_verdict_stands_beside_it(tmp_path):
    text = written(tmp_path, page_of(effects={"boot": 0.05}))
    assert text.index("Told to the reader.") < text.index("<svg")


def test_the_first_screen_tells_the_control_in_random_order_and_the_failures(tmp_path):
    text = written(tmp_path, page_of(effects={"boot": 0.05}))
    first = text[: text.index("<svg")]
    assert "against random order with the same pacing" in first
    assert "Failures (Dice &lt; 0.3): 0" in first


def test_axes_of_the_french_page_have_decimal_commas(tmp_path):
    text = written(tmp_path, page_of(), "fr")
    ticks = re.findall(r">(−?\d+[.,]\d+)</text>", text)
    assert ticks and not [tick for tick in ticks if "." in tick]


def test_a_look_before_the_end_says_so_and_tests_nothing(tmp_path):
    page = page_of(effects={"boot": 0.05})
    costs, hard = simulated.costs(page.design), frozenset(page.frozen.hard_cases)
    early = analyze(page.design, page.scores, page.curves, hard_cases=hard, costs=costs, finished=False)
    text = written(tmp_path, replace(page, analysis=early))
    assert "boot: not finished, no conclusion" in text
    assert "p =" not in text and "p &lt;" not in text


def test_the_slice_through_the_reference_with_the_most_disagreement_is_shown_and_all_else_on_the_projection():
    import SimpleITK as sitk

    suv = np.zeros((6, 40, 40), np.float32)
    reference, found = np.zeros(suv.shape, np.uint8), np.zeros(suv.shape, np.uint8)
    reference[0:2, 10:14, 10:14] = found[0, 10:14, 10:14] = found[1, 10:14, 10:12] = 1
    found[4, 20:30, 20:30] = 1  # wrong, and higher up
    pet, *masks = (sitk.GetImageFromArray(array) for array in (suv, reference, found))
    for image in (pet, *masks):
        image.SetSpacing((5.0, 5.0, 5.0))
    front, axial = views_of(pet, {"reference": masks[0], "vanilla": masks[1]})
    assert front.masks["vanilla"][1].any() and not front.masks["vanilla"][2].any()  # rows from the head down
    # the wrong one is on the projection; the slice goes through the reference, where half of it was missed
    assert axial.masks["reference"].sum() == 16 and axial.masks["vanilla"].sum() == 8
    assert axial.suv.shape == (22, 22)  # 4 voxels and 45 mm on each side


@pytest.mark.parametrize("language", ["en", "fr"])
def test_both_languages_say_the_same_things(language):
    assert set(experiment_language(language).texts) == set(experiment_language("en").texts)


def test_thirds_hold_a_third_of_the_cases_each():
    percentiles = difficulty_percentiles(FACTS)
    thirds = [third_of(value) for value in percentiles.values()]
    assert [thirds.count(name) for name in ("easy", "middle", "hard")] == [20, 20, 20]
    assert third_of(percentiles["case-59"]) == "hard"


def test_subgroups_count_their_cases():
    page = page_of()
    paired = page.analysis.families[0].primary["vanilla"].paired
    groups = {name: effect.case_count for name, effect in subgroups(paired, FACTS, experiment_language("en"))}
    assert groups["hard third"] == 20
    assert groups["1 lesion"] == 9  # of 60 cases with 1 to 7 lesions in turn
    assert "stratum" not in " ".join(groups)


@pytest.mark.parametrize(("value", "shown"), [(0.0312, "+0.031"), (-0.0312, "−0.031"), (0.0001, "0.000"), (None, "–")])
def test_differences_have_a_sign(value, shown):
    assert signed(experiment_language("en"), value) == shown


def test_every_deviation_that_the_check_can_find_has_its_french_sentence():
    arms = (*simulated.ARMS[:1], replace(simulated.ARMS[2], learning_rate=0.1))
    design = replace(simulated.DESIGN, arms=arms, seeds=(0,), use_folds=(0,), checkpoint="best")
    found = check_fairness(design, builders_run.TINY, {}, {})
    assert len(found) == 5
    say = experiment_language("fr")
    assert all(deviation_text(say, deviation) != deviation.what for deviation in found)
