"""Training from the panel: real runs in processes of their own, seen, stopped, resumed and used."""

import builders_train_panel
import builders_training_panel
import pytest
from builders_train_panel import RUN_S


@pytest.fixture
def sections(host, own_data_folder):
    """The panel without a registry, as somebody sees it who trains with a list of cases."""
    return builders_train_panel.TrainSections(builders_training_panel.TrainingPanel(host))


@pytest.fixture
def cases(tmp_path):
    return builders_train_panel.case_list(tmp_path / "images")


@pytest.mark.slow
def test_a_run_is_followed_from_start_to_finish(sections, cases):
    sections.open(cases)
    run = sections.start()
    assert sections.state(run) in ("waiting", "preparing")
    sections.wait_for(run, "finished")
    name, state, step, loss, dice, *_rest = sections.row(run)
    assert (name, state, step) == ("tiny · vanilla", "finished", "6 of 6")
    assert float(loss) > 0
    assert 0 <= float(dice) <= 1
    table = sections.runs._loss.chartNode.GetNthPlotSeriesNode(0).GetTableNode()
    assert table.GetNumberOfRows() == 6
    assert "Finished after 6 steps" in sections.runs.ui.runStage.text
