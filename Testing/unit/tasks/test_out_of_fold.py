"""Each run of a cross-validation predicts the cases it held back; together their masks are one model's."""

from types import SimpleNamespace

import builders_run
import pytest
from builders_registry import mask, registry, study
from CLIPSLib.cases import Fold, Registry, Split
from CLIPSLib.errors import Refusal
from CLIPSLib.models import ModelStore
from CLIPSLib.progress import RecordingReporter
from CLIPSLib.tasks.freeze_cases import FreezeOptions, freeze_cases
from CLIPSLib.tasks.out_of_fold import predict_out_of_fold
from CLIPSLib.training import read_cases

torch = pytest.importorskip("torch")
pytest.importorskip("monai")

from CLIPSLib.training.export import export_model  # noqa: E402
from CLIPSLib.training.run import train  # noqa: E402

pytestmark = pytest.mark.slow

FOLDS = (("C0001", "C0002"), ("C0003", "C0004"))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A registry of four cases, and a finished run for each of two folds."""
    root = tmp_path_factory.mktemp("out-of-fold")
    cases, records = registry(root / "registry", cases=4)
    for number, record in enumerate(records, start=1):
        version = cases.add_mask(record.case_id, mask(study(number)), origin="imported", author="GW")
        cases.set_reference(record.case_id, version.id, author="GW")
    first, second = FOLDS
    folds = (Fold(train=second, validation=first), Fold(train=first, validation=second))
    cases.save_split("two", Split(folds=folds))
    runs = []
    for fold in (0, 1):
        frozen = root / f"cases{fold}"
        freeze_cases(cases, frozen, split="two", fold=fold, options=FreezeOptions(unreviewed=True))
        listed = read_cases(frozen / "cases.json")
        run = builders_run.run(root / f"fold{fold}", case_list=listed, training__seed=fold, training__steps=2)
        train(run.path)
        runs.append(run)
    yield SimpleNamespace(registry=cases, runs=runs, root=root)
    cases.close()


def test_every_case_is_predicted_by_the_run_that_never_saw_it(made):
    outcomes = predict_out_of_fold(made.registry, [run.path for run in made.runs], author="GW")
    assert {outcome.case_id: outcome.state for outcome in outcomes} == dict.fromkeys(FOLDS[0] + FOLDS[1], "predicted")
    for run, held_back in zip(made.runs, FOLDS, strict=True):
        trained = {case.case_id for case in run.cases().of_role("train")}
        for case_id in held_back:
            (predicted,) = [m for m in made.registry.masks(case_id) if m.origin == "predicted"]
            told = predicted.provenance["out_of_fold"]
            assert told["run_id"] == run.identity().run_id
            assert (set(told["trained_with"]), told["complete"]) == (trained, True)
            assert case_id not in trained
    (model,) = made.registry.counts().masks_by_model.keys() - {""}
    assert model.startswith("tiny@out-of-fold-")
    assert made.registry.counts().masks_by_model[model] == 4
    again = predict_out_of_fold(made.registry, [run.path for run in reversed(made.runs)], author="GW")
    assert {outcome.state for outcome in again} == {"kept"}


def test_the_last_step_which_no_held_back_case_chose_gives_masks_of_another_model(made):
    runs = [run.path for run in made.runs]
    best = predict_out_of_fold(made.registry, runs, author="GW")
    last = predict_out_of_fold(made.registry, runs, author="GW", which="last")
    assert {outcome.state for outcome in last} == {"predicted"}
    assert {outcome.mask.model for outcome in last}.isdisjoint({outcome.mask.model for outcome in best})
    told = last[0].mask.provenance["out_of_fold"]
    assert told["model"] == f"tiny@{told['run_id']}-last"
    assert {o.state for o in predict_out_of_fold(made.registry, runs, author="GW", which="last")} == {"kept"}


def test_the_same_runs_install_as_one_ensemble(made):
    export_model([run.path for run in made.runs], made.root / "model", version="folds")
    model, cautions = ModelStore(made.root / "models").install(made.root / "model")
    assert (model.model_id, len(model.description.weight_files("fold")), cautions) == ("tiny@folds", 2, ())


def test_a_case_held_back_twice_is_refused(made):
    with pytest.raises(Refusal, match="held back by two"):
        predict_out_of_fold(made.registry, [made.runs[0].path, made.runs[0].path], author="GW")


def test_an_unfinished_run_is_refused(made, tmp_path):
    run = builders_run.run(tmp_path / "run", case_list=made.runs[0].cases())
    with pytest.raises(Refusal, match="no model yet"):
        predict_out_of_fold(made.registry, [run.path], author="GW")


def test_cases_of_another_registry_are_refused_although_their_ids_are_the_same(made, tmp_path):
    with Registry.create(tmp_path / "other") as other:
        for number in (11, 12, 13, 14):
            other.add_case(study(number), source="test")
        with pytest.raises(Refusal, match="another PET there"):
            predict_out_of_fold(other, [run.path for run in made.runs], author="GW")


def test_a_run_that_began_from_a_model_is_a_caution(made, tmp_path):
    weights = made.runs[0].model / "fold_0.pt"
    listed = made.runs[0].cases()
    run = builders_run.run(tmp_path / "run", case_list=listed, network__start=str(weights), training__steps=1)
    train(run.path)
    reporter = RecordingReporter()
    predict_out_of_fold(made.registry, [run.path], author="GW", reporter=reporter)
    assert "start-may-know" in {caution.code for caution in reporter.cautions}
