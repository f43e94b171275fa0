"""Plots of curricula: the same picture every time, and lines where they belong."""

from __future__ import annotations

import re
import subprocess
import sys
from xml.etree import ElementTree

from CLIPSLib.curriculum import REGULARIZERS
from CLIPSLib.report import schedules
from CLIPSLib.report.schedules import regularizers_svg, schedules_svg
from CLIPSLib.tasks.curriculum import example_schedule


def test_a_plot_is_the_same_every_time():
    plots = {schedules_svg([example_schedule("root-p"), example_schedule("anti")]) for _ in range(2)}
    (svg,) = plots
    ElementTree.fromstring(svg)
    assert "<dc:date>" not in svg


def test_the_pool_of_one_pass_moves_and_that_of_baby_step_grows():
    one_pass, baby_step = example_schedule("one-pass").exposure, example_schedule("baby-step").exposure
    assert {share for _, share in one_pass.pool} == {0.2}
    assert [share for _, share in baby_step.pool] == [0.2, 0.4, 0.6, 0.8, 1.0]


def test_options_are_named_in_the_legend():
    assert "root-p, power 3" in schedules_svg([example_schedule("root-p", {"power": 3})])


def test_the_weights_of_regularizers_are_drawn_up_to_one_and_a_half_lambda():
    svg = regularizers_svg({name: kind() for name, kind in REGULARIZERS.items()})
    assert len(re.findall(r'id="line2d_\d+"', svg)) >= len(REGULARIZERS)
    assert "lambda = 0.8" in svg


def test_matplotlib_is_imported_only_when_a_plot_is_drawn():
    code = "import sys, CLIPSLib.report.schedules, CLIPSLib.tasks.curriculum; print('matplotlib' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"


def test_equal_curves_take_turns_along_the_line_so_that_each_is_seen():
    styles = schedules._told_apart(["grows", "full", "grows", "grows"])
    assert styles[1] == {}
    (first, on), (second, _), (third, _) = (styles[number]["linestyle"] for number in (0, 2, 3))
    length, gap = on
    period = length + gap
    assert gap == 2 * length
    assert sorted(offset % period for offset in (first, second, third)) == [0.0, length, 2 * length]
