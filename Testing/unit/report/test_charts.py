"""Charts: every case is drawn where its value is."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from CLIPSLib.report import charts
from hypothesis import given
from hypothesis import strategies as st

SVG = "{http://www.w3.org/2000/svg}"


def bar_counts(svg):
    """The counts that the tooltips of the bars tell."""
    found = [bar.find(f"{SVG}title").text for bar in ET.fromstring(svg).iter(f"{SVG}rect")]
    return [int(text.rpartition(":")[2]) for text in found]


@given(st.lists(st.just(0.0) | st.floats(1e-6, 1e5), min_size=1, max_size=60), st.booleans())
def test_every_value_is_in_one_bar(values, log):
    svg = charts.histogram(values, "TMTV", log=log)
    assert sum(bar_counts(svg)) == len(values)
    assert "nan" not in svg


@given(st.lists(st.integers(0, 40), min_size=1, max_size=60))
def test_whole_numbers_are_counted_one_by_one_or_in_bins(values):
    counts = bar_counts(charts.histogram([float(value) for value in values], "Lesions"))
    assert sum(counts) == len(values)
    if max(values) - min(values) < 30:
        assert sorted(counts) == sorted(np.unique(values, return_counts=True)[1].tolist())


def test_a_logarithmic_histogram_keeps_zeros_apart():
    svg = charts.histogram([0.0, 0.0, 10.0, 1000.0], "TMTV, mL", log=True)
    assert bar_counts(svg) == [1, 1, 2]
    assert "<title>0: 2</title>" in svg


@pytest.mark.parametrize(("low", "high"), [(3.2, 47.0), (0.0, 0.0), (0.0, 1.0), (0.11, 0.13), (1234.0, 98765.0)])
def test_axes_reach_from_round_number_to_round_number(low, high):
    axis = charts.linear_axis("x", low, high)
    assert axis.ticks[0] <= low
    assert axis.ticks[-1] >= high
    assert 2 <= len(axis.ticks) <= 8
    assert [axis.place(axis.ticks[0]), axis.place(axis.ticks[-1])] == pytest.approx([0.0, 1.0])


def test_a_decade_has_the_same_length_everywhere_on_a_logarithmic_axis():
    axis = charts.log_axis("x", 3.0, 700.0)
    assert axis.ticks == (1.0, 10.0, 100.0, 1000.0)
    assert np.diff([axis.place(tick) for tick in axis.ticks]) == pytest.approx([1 / 3] * 3)


def test_bars_are_ordered_and_the_rest_is_put_together():
    svg = charts.bars({f"scanner {i}": i for i in range(1, 21)}, "Scanners")
    counts = [int(text) for text in re.findall(r'class="count"[^>]*>(\d+)<', svg)]
    assert counts[:2] == [20, 19]
    assert counts[-1] == sum(range(1, 10))
    assert "9 others" in svg


def test_names_from_headers_are_escaped():
    assert "<script>" not in charts.bars({"<script>": 1}, "Scanners")
    assert "<script>" not in charts.points({"<script>": (1.0, 2.0)}, "x", "y", title="t")


def test_points_are_placed_and_named():
    svg = charts.points({"C1": (1.0, 10.0), "C2": (100.0, 20.0), "C3": (0.0, 5.0)}, "x", "y", title="t", log=True)
    dots = list(ET.fromstring(svg).iter(f"{SVG}circle"))
    assert [dot.find(f"{SVG}title").text.partition(":")[0] for dot in dots] == ["C1", "C2"]  # 0 has no logarithm
    assert float(dots[0].get("cx")) < float(dots[1].get("cx"))
    assert float(dots[0].get("cy")) > float(dots[1].get("cy"))  # down is up in SVG


def test_nothing_to_draw_is_said():
    drawn = (charts.histogram([], "x"), charts.bars({}, "x"), charts.points({}, "x", "y", title="t"))
    assert all("no values" in svg for svg in drawn)


def test_cases_are_counted_in_whole_numbers():
    svg = charts.histogram([1.5, 2.5, 9.5], "SUV")
    ticks = re.findall(r'text-anchor="end">([^<]*)<', svg)
    assert ticks == ["0", "1"]
