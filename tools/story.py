"""What `make story` runs: the work of a department on phantoms, from the first import to a model of its own.

Twelve patients, no two alike, are imported, segmented by a threshold, and reviewed by a scripted reader who knows the
truth; their difficulty is measured, two short arms are compared, the winner is installed and segments a new patient.
The networks are far too small to be of use: the story shows that every step hands over to the next.

    python tools/story.py [FOLDER]
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY / "CLIPSSegmentation"))

import numpy as np  # noqa: E402
from CLIPSLib.cases import Registry, make_split  # noqa: E402
from CLIPSLib.evaluation import dice  # noqa: E402
from CLIPSLib.experiments import Analysis, Arm, Design  # noqa: E402
from CLIPSLib.files import write_text  # noqa: E402
from CLIPSLib.formats import read_labels  # noqa: E402
from CLIPSLib.imaging import array_view  # noqa: E402
from CLIPSLib.phantom import PRESETS, Preset, read_truth, write_phantom  # noqa: E402
from CLIPSLib.progress import SILENT, ConsoleReporter, Reporter  # noqa: E402
from CLIPSLib.segmentation import PHYSIOLOGICAL, TUMOR, Segmentation  # noqa: E402
from CLIPSLib.tasks import AddRequest, SegmentRequest, add_studies, predict_masks, segment_folder  # noqa: E402
from CLIPSLib.tasks.difficulty import measure_tables, stored_table  # noqa: E402
from CLIPSLib.tasks.experiment import open_experiment  # noqa: E402
from CLIPSLib.tasks.experiment_new import design_toml  # noqa: E402
from CLIPSLib.tasks.experiment_result import analyze_experiment, collect, write_result  # noqa: E402
from CLIPSLib.tasks.experiment_runs import FINISHED, run_experiment  # noqa: E402
from CLIPSLib.tasks.experiment_winner import install_winner, winner  # noqa: E402
from CLIPSLib.tasks.freeze_cases import freeze_cases  # noqa: E402
from CLIPSLib.training import preset  # noqa: E402
from CLIPSLib.training.recipe_toml import recipe_toml  # noqa: E402

READER, MODEL, MEASURER = "story", "suv4", "tmtv"


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How the story ended. dice: of the installed model on the new patient; report: the page that compares the arms.

    scores: the reader's ratings, 1 to 5, by case; difficulty: the measured one.
    """

    cases: int
    scores: dict[str, int]
    difficulty: dict[str, float | None]
    winner: str
    model: str
    report: Path
    tmtv_ml: float
    dice: float | None
    seconds: float


def tell(
    folder: Path,
    *,
    patients: int = 12,
    steps: int = 60,
    say: Callable[[str], None] = print,
    reporter: Reporter = SILENT,
) -> Ending:
    """The whole story in an empty folder. reporter: follows the trainings, which take most of the time."""
    began = time.monotonic()
    studies = _write_patients(folder / "dicom", patients, say)
    with Registry.create(folder / "registry") as registry:
        truths = _import(registry, studies, say)
        predict_masks(registry, MODEL, author=READER)
        say(f"Segmented by {MODEL}: {len(truths)} masks")
        _review(registry, truths, say)
        experiment = _declare(registry, folder / "experiment", steps, say)
        ratings = {rating.case_id: rating.score for rating in registry.ratings()}
        difficulty = dict(stored_table(registry, MEASURER).scores)
    report, analysis = _compare(experiment, say, reporter)
    arm = winner(analysis, experiment.design)
    model = _install(experiment, arm, say)
    tmtv, score = _segment_new(folder, model, patients + 1, say)
    return Ending(
        cases=len(truths),
        scores=ratings,
        difficulty=difficulty,
        winner=arm,
        model=model,
        report=report,
        tmtv_ml=tmtv,
        dice=score,
        seconds=time.monotonic() - began,
    )


def _write_patients(folder: Path, count: int, say: Callable[[str], None]) -> list[Path]:
    for seed in range(1, count + 1):
        write_phantom(folder / f"patient-{seed:02d}", preset=_patient(seed), seed=seed)
    say(f"{count} patients as DICOM in {folder}")
    return sorted(folder.iterdir())


def _patient(seed: int) -> Preset:
    """Chest and upper abdomen with two to five tumors, other organs of other uptake in every patient."""
    small, random = PRESETS["small"], np.random.default_rng(seed)
    kept = sorted(random.permutation(len(small.lesions))[: random.integers(2, len(small.lesions) + 1)])
    hot = {name: getattr(small.uptake, name) * random.uniform(0.4, 1.4) for name in ("myocardium", "renal_pelvis")}
    return replace(
        small,
        lesions=tuple(small.lesions[each] for each in kept),
        scattered_lesions=int(random.integers(0, 5)),
        uptake=replace(small.uptake, **{name: round(suv, 1) for name, suv in hot.items()}),
    )


def _import(registry: Registry, studies: list[Path], say: Callable[[str], None]) -> dict[str, Path]:
    """Case id -> folder of its phantom."""
    found = {}
    for study in studies:
        (outcome,) = add_studies(registry, [study], AddRequest(author=READER, masks=False))
        if outcome.error is not None:
            raise outcome.error
        found[outcome.case_id] = study
    say(f"Imported: {len(found)} cases")
    return found


def _review(registry: Registry, truths: dict[str, Path], say: Callable[[str], None]) -> None:
    """The reader tells tumor from physiological uptake, accepts the result as the reference, and rates the case."""
    corrected = 0
    for case_id, phantom in truths.items():
        predicted = registry.masks(case_id)[-1]
        checked = _corrected(registry.read_mask(predicted.id), phantom)
        version = registry.add_mask(case_id, checked, origin="corrected", author=READER, parent=predicted.id)
        registry.set_reference(case_id, version.id, author=READER)
        edits = sum(lesion.kind == PHYSIOLOGICAL for lesion in checked.lesions)
        registry.review(case_id, status="corrected", reader=READER, mask_id=version.id, edit_count=edits)
        registry.rate(case_id, rater=READER, score=_rating(checked))
        corrected += edits
    say(f"Reviewed: {len(truths)} cases, {corrected} regions are no tumor")


def _corrected(predicted: Segmentation, phantom: Path) -> Segmentation:
    """Each region is tumor if most of its voxels belong to a tumor of the phantom."""
    labels = array_view(predicted.labels)
    tumor = _tumor(phantom)

    def kind(label: int) -> str:
        return TUMOR if tumor[labels == label].mean() > 0.5 else PHYSIOLOGICAL

    lesions = tuple(replace(lesion, kind=kind(lesion.label)) for lesion in predicted.lesions)
    return replace(predicted, lesions=lesions, reviewed=True)


def _rating(checked: Segmentation) -> int:
    """1 (nothing to correct) to 5, by the share of the volume that had to be taken out."""
    labels = array_view(checked.labels)
    removed = np.isin(labels, [each.label for each in checked.lesions if each.kind == PHYSIOLOGICAL])
    return 1 + min(4, int(5 * removed.sum() / max(1, (labels > 0).sum())))


def _tumor(phantom: Path) -> np.ndarray:
    """Where SUV is 4 or more because of a tumor, bool [z, y, x]."""
    truth = read_truth(phantom)
    labels = array_view(read_labels(phantom / "truth" / "suv4.0_as-written.nii.gz"))
    return np.isin(labels, [each.label for each in truth.lesions if each.kind == TUMOR])


def _declare(registry: Registry, folder: Path, steps: int, say: Callable[[str], None]):
    measure_tables(registry, [MEASURER])
    rows = registry.cases()
    registry.save_split("story", make_split(rows, folds=2, seed=0))
    freeze_cases(registry, folder / "cases", split="story")
    options = {"full_at": 0.5, "minimum_pool": 3}
    design = Design(
        name="story",
        question="Does it matter that large tumors come first?",
        cases="cases/cases.json",
        folds=2,
        seeds=(0,),
        steps=steps,
        at_once=2,
        arms=(
            Arm(name="vanilla", curriculum="vanilla"),
            Arm(
                name="large-first",
                curriculum="curriculum",
                difficulty="table",
                table=f"../registry/difficulty/{MEASURER}.json",
                options=options,
            ),
        ),
    )
    write_text(folder / "experiment.toml", design_toml(design))
    write_text(folder / "recipe.toml", recipe_toml(_recipe(steps)))
    say(f"Difficulty measured by {MEASURER}; experiment declared in {folder}")
    return open_experiment(folder)


def _recipe(steps: int):
    quick = preset("quick")
    return replace(
        quick,
        name="story",
        data=replace(quick.data, use="pet", spacing_mm=(6.0, 6.0, 6.0), patch=(32, 32, 32), workers=0),
        optimizer=replace(quick.optimizer, learning_rate=3e-3),
        training=replace(quick.training, device="cpu"),
        validation=replace(quick.validation, every=max(1, steps // 2), cases=0, overlap=0.25),
    )


def _compare(experiment, say: Callable[[str], None], reporter: Reporter) -> tuple[Path, Analysis]:
    say("Training two arms in two folds, in the background: minutes")
    states = run_experiment(experiment, reporter)
    failed = [state.run.name for state in states if state.state != FINISHED]
    if failed:
        raise RuntimeError(f"not finished: {', '.join(failed)}")
    report = write_result(experiment)
    _, analysis = analyze_experiment(experiment, collect(experiment))
    for arm in analysis.arms:
        say(f"Arm {arm.arm}: Dice {arm.endpoints['dice'].mean:.3f}")
    say(f"Report: {report}")
    return report, analysis


def _install(experiment, arm: str, say: Callable[[str], None]) -> str:
    """Without a lead beyond luck, which two short runs cannot show, the winner is what needs no curriculum."""
    model = install_winner(experiment.folder)
    say(f"Installed {arm} (a curriculum wins by more than luck only): {model.model_id}, the networks of both folds")
    return model.model_id


def _segment_new(folder: Path, model: str, seed: int, say: Callable[[str], None]) -> tuple[float, float | None]:
    """A patient that nobody has seen; gives TMTV and the Dice with the truth."""
    phantom = folder / "new-patient"
    write_phantom(phantom, preset=_patient(seed), seed=seed)
    (outcome,) = segment_folder(phantom, folder / "result", SegmentRequest(model=model))
    if outcome.error is not None:
        raise outcome.error
    found = array_view(read_labels(outcome.folder / "labels.nii.gz")) > 0
    score = dice(_tumor(phantom), found)
    tmtv = outcome.measures.patient.tmtv_ml
    say(f"New patient: TMTV {tmtv:.1f} mL, Dice with the truth {score:.3f}: {outcome.folder}")
    return tmtv, score


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else REPOSITORY / "story").absolute()
    shutil.rmtree(folder, ignore_errors=True)
    os.environ["CLIPS_HOME"] = str(folder / "home")  # the models of the user stay as they are
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # networks this small: more threads only wait for each other
    ending = tell(folder, reporter=ConsoleReporter(sys.stdout))
    print(f"\nDone in {ending.seconds / 60:.1f} min. Open the report in a browser: {ending.report}")


if __name__ == "__main__":
    main()
