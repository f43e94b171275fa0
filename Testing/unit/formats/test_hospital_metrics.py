"""metriques.txt: every number where the hospital's scripts look for it, and read back, also from files of theirs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders_volume import image_of
from CLIPSLib.errors import Failure, Refusal, UsageError
from CLIPSLib.evaluation import HospitalMetrics, HospitalOptions, hospital_metrics
from CLIPSLib.formats import read_hospital_metrics, write_hospital_metrics
from CLIPSLib.formats.hospital_metrics import hospital_metrics_text

# Word (of a split at single blanks) and line that the hospital's scripts take each number from, both from 0.
PLACES = {
    (6, 3): "max_suv",
    (7, 3): "mean_distance_mm",
    (8, 4): "hausdorff_mm",
    (9, 2): "dice",
    (10, 4): "nsd",
    (11, 4): "bji",
    (14, 5): "tmtv_ml",
    (15, 5): "tmtv_reference_ml",
    (21, 2): "precision_percent",
    (22, 2): "recall_percent",
}


def metrics_of(*, prediction: bool = True, reference: bool = True, **options) -> HospitalMetrics:
    masks = [np.zeros((4, 5, 20), np.uint8) for _ in range(2)]
    if reference:
        masks[0][1, 1, 2:8] = masks[0][2, 3, 12:15] = 1
    if prediction:
        masks[1][1, 1, 4:9] = masks[1][1, 4, 17] = 1
    suv = np.full(masks[0].shape, 9.25, np.float32)
    images = [image_of(array) for array in (*masks, suv)]
    return hospital_metrics(*images, patient="0110101011", options=HospitalOptions(**options))


def test_every_number_is_the_word_that_the_hospitals_scripts_take():
    metrics = metrics_of()
    lines = hospital_metrics_text(metrics).splitlines()
    assert len(lines) == 33
    for (line, word), field in PLACES.items():
        assert float(lines[line].split(" ")[word]) == getattr(metrics, field), field
    assert lines[13].split(" ")[6] == f"{metrics.tmtv_raw_ml}ml"
    assert f":{metrics.fp_raw_ml}" in lines[17].split(" ")
    for line, field in ((18, "fp_ml"), (19, "fn_ml"), (20, "tp_ml")):
        assert str(getattr(metrics, field)) in lines[line].split(" ")
    assert lines[24].startswith("Approach 1 :")
    assert lines[29].startswith("Approach 2 :")
    for first, counts in ((25, metrics.strict), (30, metrics.union)):
        found, missed, in_vain = (lines[first + i].split(" ") for i in range(3))
        assert (int(found[5]), int(found[7])) == (counts.true_positive, counts.reference)
        assert (int(missed[5]), int(missed[7])) == (counts.false_negative, counts.reference)
        assert (int(in_vain[5]), int(in_vain[7])) == (counts.false_positive, counts.prediction)
    assert lines[2].split(" ")[-1] == "0110101011"
    assert lines[3].startswith("Tolerance") and lines[4].startswith("Lesionwise threshold")


@pytest.mark.parametrize("matching", ["dice", "nsd"])
def test_what_was_written_is_read_back_whole(tmp_path, matching):
    metrics = metrics_of(matching=matching, tolerance_mm=2.5, hausdorff_percentile=95.0, suv_threshold=2.5)
    path = write_hospital_metrics(tmp_path / "metriques.txt", metrics)
    assert read_hospital_metrics(path) == metrics
    with pytest.raises(Refusal):
        write_hospital_metrics(path, metrics)


@pytest.mark.parametrize(
    ("reference", "prediction", "distance"), [(True, False, "inf"), (False, True, "inf"), (False, False, "nan")]
)
def test_undefined_values_are_written_as_the_hospitals_python_prints_them(tmp_path, reference, prediction, distance):
    metrics = metrics_of(reference=reference, prediction=prediction)
    path = write_hospital_metrics(tmp_path / "metriques.txt", metrics)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[7].split(" ")[3] == lines[8].split(" ")[4] == distance
    found = read_hospital_metrics(path)
    assert found.undefined.keys() == metrics.undefined.keys()
    assert found.undefined["hausdorff_mm"] == f"'{distance}' in the file"
    assert replace(found, undefined=metrics.undefined) == metrics


def without_our_title(metrics: HospitalMetrics) -> str:
    return "\n".join(["Métriques", *hospital_metrics_text(metrics).splitlines()[1:]])


def test_a_file_of_the_hospital_does_not_say_how_lesions_were_matched(tmp_path):
    metrics = metrics_of(matching="dice")
    path = tmp_path / "metriques.txt"
    path.write_text(without_our_title(metrics), encoding="cp1252")  # accents as Windows writes them
    with pytest.raises(UsageError, match=r"script\.py"):
        read_hospital_metrics(path)
    assert read_hospital_metrics(path, matching="dice") == metrics


def test_other_words_before_the_colon_and_missing_blanks_do_no_harm(tmp_path):
    metrics = metrics_of()
    text = hospital_metrics_text(metrics).replace("Nombre de vrais positifs", "Lésions trouvées")
    text = text.replace("Dice : ", "Coefficient de Dice:").replace(" ml", "ml").replace("TMTV FN : ", "FN (mL) :   ")
    path = tmp_path / "metriques.txt"
    path.write_text(text.replace("\n", "\r\n"), encoding="utf-8")
    assert read_hospital_metrics(path) == metrics


def test_other_files_are_refused_with_the_line(tmp_path):
    path = tmp_path / "metriques.txt"
    path.write_text("a list\n")
    with pytest.raises(Failure, match="Line 2 of the file holds nothing"):
        read_hospital_metrics(path)
    lines = hospital_metrics_text(metrics_of()).splitlines()
    lines[9] = "Dice : good"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(Failure, match="Line 10 of the file holds 'Dice : good"):
        read_hospital_metrics(path)
    with pytest.raises(Failure, match="Cannot read"):
        read_hospital_metrics(tmp_path / "none.txt")
