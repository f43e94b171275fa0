"""Training without the panel: from the console, and in a Slicer that has no window. The example of the docs is run."""

import sys

import builders_train_panel
import pytest
from builders_training_panel import MODULE_FILE, READER, REPOSITORY, SEGMENTATION_FILE

TINY = {
    "training.steps": 2,
    "training.device": "cpu",
    "data.use": "pet",
    "data.patch": [16, 16, 16],
    "data.spacing_mm": [8.0, 8.0, 8.0],
    "data.workers": 0,
    "network.options": {"filters": 8},
    "validation.every": 0,
    "checkpoint.minutes": 0.0,
}


@pytest.fixture
def logic(host, own_data_folder, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    host.load_module(SEGMENTATION_FILE)
    host.load_module(MODULE_FILE)
    with sys.modules["CLIPSTraining"].CLIPSTrainingLogic() as logic:
        yield logic


def test_without_cases_or_a_registry_it_says_what_is_missing(logic):
    from CLIPSTrainingLib.CaseChoice import CaseChoice

    with pytest.raises(ValueError, match="Choose the cases"):
        logic.train("quick")
    with pytest.raises(ValueError, match="Open a registry first"):
        logic.train("quick", CaseChoice(split="main"))
    assert logic.runs() == []


@pytest.mark.slow
def test_a_network_is_trained_from_the_console_resumed_and_chosen(logic, tmp_path):
    from CLIPSLib.errors import Failure, Refusal
    from CLIPSTrainingLib.CaseChoice import CaseChoice

    from CLIPSSegmentation import CLIPSSegmentationLogic

    choice = CaseChoice(file=str(builders_train_panel.case_list(tmp_path / "images")))
    run = logic.train("quick", choice, values={**TINY, "training.steps": 100000}, wait=False)
    assert [each.folder for each in logic.runs()] == [run.folder]
    run.job.end()
    with pytest.raises(Failure, match="ended without a word"):
        logic.waitFor(run)
    (tmp_path / "images" / "recipe.toml").write_text('name = "file"\n[data]\ncases = "cases.json"\n')
    second = logic.train(str(tmp_path / "images" / "recipe.toml"), values=TINY)
    assert second.status.result["state"] == "finished"
    assert logic.useModel(second) == second.status.result["model"]
    assert CLIPSSegmentationLogic().getParameterNode().model == second.status.result["model"]
    with pytest.raises(Refusal, match="finished"):
        logic.resume(second)


@pytest.mark.slow
def test_the_example_of_the_docs_trains_every_fold_without_a_window(host, logic, registry_folder, monkeypatch):
    import slicer
    from CLIPSLib.cases import Registry, make_split
    from CLIPSLib.training.run_folder import RunFolder
    from CLIPSTrainingLib.TrainingRuns import TrainingRuns

    with Registry.open(registry_folder) as registry:
        for row in registry.cases():
            mask = registry.masks(row.case_id)[0]
            registry.set_reference(row.case_id, mask.id, author=READER)
            registry.review(row.case_id, status="accepted", reader=READER, mask_id=mask.id)
        registry.save_split("three", make_split(registry.cases(), folds=3, seed=0))
    text = (REPOSITORY / "docs" / "training-panel.md").read_text(encoding="utf-8")
    script = text.split("```python\n# train_folds.py")[1].split("```")[0]
    script = script.replace("CHANGES = {}", f"CHANGES = {TINY!r}")  # the example's own steps would take hours
    codes = []
    monkeypatch.setattr(slicer.util, "exit", codes.append)
    monkeypatch.setattr(sys, "argv", ["train_folds.py", str(registry_folder), "three"])
    exec(compile("#" + script, "train_folds.py", "exec"), {})
    assert codes == [0]
    runs = TrainingRuns().jobs()
    assert [run.status.result["state"] for run in runs] == ["finished"] * 3
    held = [case.case_id for run in runs for case in RunFolder(run.folder).cases().of_role("validate")]
    assert sorted(held) == ["C0001", "C0002", "C0003"]
