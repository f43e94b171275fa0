"""A chart's axes keep the range that was asked for, although a plot view that fits its content writes its own."""

import numpy as np
import pytest


@pytest.fixture
def chart(host):
    import qt
    from builders_training_panel import MODULE_FILE, SEGMENTATION_FILE

    host.load_module(SEGMENTATION_FILE)
    host.load_module(MODULE_FILE)
    from CLIPSTrainingLib.Chart import Chart

    area = qt.QWidget()
    qt.QVBoxLayout(area)
    made = Chart(area, "Dice", "step")
    yield made
    made.forget()


def line(*values: float):
    from CLIPSTrainingLib.Chart import Line

    return Line("A", np.arange(1.0, len(values) + 1), np.array(values))


def test_an_axis_with_a_range_shows_it_also_when_the_values_cover_less(chart):
    """Dice of 0.61 to 0.63 on an axis of 0.61 to 0.63 would make noise look large."""
    for _again in range(2):
        chart.show([line(0.61, 0.63, np.nan)], (0, 1), (0, 4))
        assert (chart.chartNode.GetYAxisRange(), chart.chartNode.GetXAxisRange()) == ((0, 1), (0, 4))
        assert not chart.chartNode.GetYAxisRangeAuto() and not chart.chartNode.GetXAxisRangeAuto()


def test_an_axis_without_a_range_shows_what_fits(chart):
    chart.show([line(0.61, 0.63)], (0, 1), (0, 4))
    chart.show([line(2.0, 8.0, 4.0)])
    assert chart.chartNode.GetYAxisRangeAuto() and chart.chartNode.GetXAxisRangeAuto()
    assert (chart.chartNode.GetYAxisRange(), chart.chartNode.GetXAxisRange()) == ((2, 8), (1, 3))
