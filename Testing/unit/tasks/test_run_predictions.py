"""What a run's model finds in a case is kept beside the run, made once, and only of finished runs."""

import builders_run
import pytest
from builders_train_panel import case_list, finished_run
from CLIPSLib.errors import Refusal, UsageError
from CLIPSLib.formats import read_image, read_labels
from CLIPSLib.imaging import array_view, same_grid
from CLIPSLib.tasks.run_predictions import is_predicted, predict_case, prediction_path


def test_a_run_without_a_model_predicts_nothing(tmp_path):
    made = builders_run.run(tmp_path / "run")
    with pytest.raises(Refusal, match="only a finished run can predict"):
        predict_case(made.path, "case-0")


def test_a_mask_whose_model_is_gone_counts_as_not_predicted(tmp_path):
    made = builders_run.run(tmp_path / "run")
    path = prediction_path(made.path, "case-0")
    path.parent.mkdir()
    path.touch()
    assert not is_predicted(made.path, "case-0")


@pytest.mark.slow
def test_a_mask_is_made_once_on_the_grid_of_the_pet(tmp_path):
    cases = case_list(tmp_path / "images", train=2, validate=1)
    run = finished_run(tmp_path / "run", cases, training__steps=1)
    path = predict_case(run, "case-2")
    assert path == prediction_path(run, "case-2") == run / "predictions" / "case-2.nii.gz"
    mask = read_labels(path)
    assert same_grid(mask, read_image(tmp_path / "images" / "case-2_pet.nii.gz"))
    assert set(array_view(mask).ravel().tolist()) <= {0, 1}
    made = path.stat().st_mtime_ns
    predict_case(run, "case-2")
    assert path.stat().st_mtime_ns == made
    with pytest.raises(UsageError, match="no case 'case-9'"):
        predict_case(run, "case-9")
