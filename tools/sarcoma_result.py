"""The held-out patients of the runs of docs/training/sarcoma: every network against what needs no network.

    python tools/sarcoma_result.py added.csv OUT RUN [RUN ...]

added.csv is what `clips cases add --report` wrote; a RUN is the finished run of one fold, of which the *last* step is
judged. Writes scores.csv, curves.svg and patients.svg into the new folder OUT, and prints the tables as Markdown.
"""

from __future__ import annotations

import csv
import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY / "CLIPSSegmentation"))

import numpy as np  # noqa: E402
from CLIPSLib.evaluation import dice  # noqa: E402
from CLIPSLib.experiments import FAILURE_DICE, CaseScore, Contrast, PlannedRun, case_scores, endpoint  # noqa: E402
from CLIPSLib.experiments import compare as contrast  # noqa: E402
from CLIPSLib.files import write_text  # noqa: E402
from CLIPSLib.formats import read_image, read_labels  # noqa: E402
from CLIPSLib.imaging import array_view, spacing_zyx_mm  # noqa: E402
from CLIPSLib.models import InstalledModel  # noqa: E402
from CLIPSLib.progress import SILENT  # noqa: E402
from CLIPSLib.report.experiment_figures import score_against_score  # noqa: E402
from CLIPSLib.report.plots import figure_svg, label_axes, new_figure  # noqa: E402
from CLIPSLib.report.run_curves import read_run_curves, run_curves_svg  # noqa: E402
from CLIPSLib.segmentation.installed.segmenter import segmenter_of  # noqa: E402
from CLIPSLib.study import PetCtStudy  # noqa: E402
from CLIPSLib.training import TrainingCase  # noqa: E402
from CLIPSLib.training.export import export_model  # noqa: E402
from CLIPSLib.training.run_folder import RunFolder  # noqa: E402
from CLIPSLib.training.tables import read_table  # noqa: E402
from sarcoma_baselines import Tumor, baselines, cut, dice_by_threshold, ellipsoid_dice, uneven_cut  # noqa: E402

NETWORK = "network"
TITLES = {
    NETWORK: "network, 5 mm",
    "suv_4": "SUV ≥ 4",
    "suv_2.5": "SUV ≥ 2.5",
    "41_percent": "41 % of SUVmax, grown from the hottest voxel of the true tumor",
    "chosen_threshold": "the fixed SUV that did best in the patients trained with",
    "best_threshold": "the best SUV of each patient, chosen *by his reference*",
    "ellipsoid": "an ellipsoid 5 cm inside the image, without looking at it",
    "cut_network": "network, images cut unevenly",
    "cut_ellipsoid": "that ellipsoid, images cut unevenly",
}
_DRAWN = {
    "suv_4": "SUV ≥ 4",
    "suv_2.5": "SUV ≥ 2.5",
    "chosen_threshold": "SUV chosen in other patients",
    "ellipsoid": "ellipsoid, image not looked at",
}
_RULES = ("suv_4", "suv_2.5", "41_percent", "chosen_threshold", "best_threshold", "ellipsoid")
_COMPARED = (*((NETWORK, rule) for rule in _RULES), ("cut_network", "cut_ellipsoid"), ("cut_network", NETWORK))


@dataclass(frozen=True)
class Patient:
    """A held-out patient. dice: by the names of `TITLES`."""

    name: str
    case_id: str
    fold: int
    volume_ml: float
    dice: dict[str, float]


def main(added: Path, out: Path, runs: Sequence[Path]) -> None:
    """Judge all runs, write the files, print the tables."""
    out.mkdir(parents=True)
    names = patient_names(added)
    patients = [patient for fold, run in enumerate(runs) for patient in judged(RunFolder(run), fold, names)]
    patients.sort(key=lambda patient: patient.name)
    write_text(out / "scores.csv", scores_csv(patients))
    write_text(out / "curves.svg", run_curves_svg([read_run_curves(run) for run in runs]))
    scores = [score for patient in patients for score in as_scores(patient)]
    write_text(out / "patients.svg", patients_svg([compare(scores, NETWORK, name) for name in _DRAWN]))
    print(summary(patients))
    print(comparison([compare(scores, arm, control) for arm, control in _COMPARED]))


def patient_names(added: Path) -> dict[str, str]:
    """Case id -> the patient's name in the collection, by the folder that it came from."""
    with open(added, encoding="utf-8", newline="") as stream:
        return {row["case"]: re.search(r"STS_\d+", row["source"]).group() for row in csv.DictReader(stream)}


def judged(run: RunFolder, fold: int, names: dict[str, str]) -> list[Patient]:
    """The patients that the run never saw."""
    cases = run.cases()
    last = run.recipe().training.steps
    scores = case_scores(PlannedRun(arm=NETWORK, fold=fold, seed=0), read_table(run.validation), last)
    found = {score.case_id: score.scores["dice"] for score in scores}
    others = {case.case_id: dice_by_threshold(_tumor(case)) for case in cases.of_role("train")}
    patients = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "model"
        model = InstalledModel(description=export_model([run.path], folder, which="last"), folder=folder)
        for case in cases.of_role("validate"):
            tumor = _tumor(case)
            box = uneven_cut(tumor, seed=int(names[case.case_id].removeprefix("STS_")))
            scores = {NETWORK: found[case.case_id], **baselines(tumor, others)}
            scores["cut_network"] = dice(_segmented(model, case, box), tumor.mask[box])
            scores["cut_ellipsoid"] = ellipsoid_dice(cut(tumor, box))
            volume = float(tumor.mask.sum() * np.prod(tumor.spacing_mm) / 1000)
            patients.append(Patient(names[case.case_id], case.case_id, fold, volume, scores))
    return patients


def _tumor(case: TrainingCase) -> Tumor:
    pet = read_image(case.pet)
    return Tumor(array_view(pet), array_view(read_labels(case.mask)) > 0, spacing_zyx_mm(pet))


def _segmented(model: InstalledModel, case: TrainingCase, box: tuple[slice, slice, slice]) -> np.ndarray:
    """What the network finds when it gets only this part of the PET, bool [z, y, x]."""
    z, y, x = box
    study = PetCtStudy(pet=read_image(case.pet)[x, y, z], ct=read_image(case.ct))
    return array_view(segmenter_of(model).segment(study, {}, SILENT).labels) > 0


def as_scores(patient: Patient) -> list[CaseScore]:
    """As arms of an experiment, which the project's own statistics compare."""
    where = {"case_id": patient.name, "fold": patient.fold, "seed": 0}
    return [CaseScore(arm=name, scores={"dice": value}, **where) for name, value in patient.dice.items()]


def compare(scores: Sequence[CaseScore], arm: str, control: str) -> Contrast:
    """Paired by patient."""
    return contrast(scores, arm, control, endpoint("dice"), role=control)


def scores_csv(patients: Sequence[Patient]) -> str:
    """A row per patient."""
    names = list(patients[0].dice)
    lines = [",".join(["patient", "case", "fold", "reference_ml", *(f"dice_{name}" for name in names)])]
    for patient in patients:
        values = [f"{patient.dice[name]:.6f}" for name in names]
        lines.append(",".join([patient.name, patient.case_id, str(patient.fold), f"{patient.volume_ml:.2f}", *values]))
    return "\n".join(lines) + "\n"


def patients_svg(contrasts: Sequence[Contrast]) -> str:
    """Dice of the network against that of each rule, a point per patient."""
    figure = new_figure(3.3 * len(contrasts), 3.6)
    for axes, each in zip(figure.subplots(1, len(contrasts)), contrasts, strict=True):
        score_against_score(axes, each.paired)
        label_axes(axes, _DRAWN[each.paired.control], "Dice of the network" if each is contrasts[0] else "")
        axes.set(xlim=(-0.04, 1.0), ylim=(-0.04, 1.0))
    return figure_svg(figure)


def summary(patients: Sequence[Patient]) -> str:
    """How each method does over all patients."""
    lines = [f"| | mean Dice | median | SD | Dice < {FAILURE_DICE:g} |", "|---|---|---|---|---|"]
    for name, title in TITLES.items():
        values = np.array([patient.dice[name] for patient in patients])
        failed = f"{(values < FAILURE_DICE).sum()} of {len(values)}"
        lines.append(
            f"| {title} | {values.mean():.3f} | {np.median(values):.3f} | {values.std(ddof=1):.3f} | {failed} |"
        )
    return "\n".join(lines) + "\n"


def comparison(contrasts: Sequence[Contrast]) -> str:
    """The paired differences with their intervals."""
    heads = ("", "minus", "mean difference", "95 %, over folds", "95 %, over patients", "better in")
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for each in contrasts:
        cells = [TITLES[each.paired.arm], TITLES[each.paired.control], f"{each.effect.mean:+.3f}"]
        cells += [f"{effect.low:+.3f} to {effect.high:+.3f}" for effect in (each.effect, each.bootstrap)]
        cells.append(f"{(each.paired.differences > 0).sum()} of {each.effect.case_count}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), [Path(each) for each in sys.argv[3:]])
