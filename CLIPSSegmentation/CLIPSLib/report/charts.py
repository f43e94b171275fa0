"""Plain charts as inline SVG: histogram, bars, points. Used by `cohort` and `evaluation_page`; nothing but numpy, so
that any panel may show them. Colors come from classes in the style sheet of the page."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from types import MappingProxyType

import numpy as np

from CLIPSLib.report.cohort_text import cohort_language, number
from CLIPSLib.report.text import Language

ENGLISH = cohort_language("en")
WIDTH, HEIGHT = 420.0, 230.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 46.0, 24.0, 10.0, 40.0
_MOST_BARS = 12
_BINS_PER_DECADE = 4
_MOST_WHOLE = 30  # so many different counts are shown one by one


@dataclass(frozen=True)
class Axis:
    """From values to positions. ticks: values to write; place: value -> share of the axis from 0 to 1."""

    title: str
    ticks: tuple[float, ...]
    place: Callable[[float], float]


def linear_axis(title: str, low: float, high: float, *, least_step: float = 0.0) -> Axis:
    """An axis from a round number at or below `low` to one at or above `high`, with round ticks."""
    step = _round_step(max((high - low) / 5 or 1.0, least_step))
    first, last = math.floor(low / step), math.ceil(high / step)
    last = max(last, first + 1)
    span = (last - first) * step
    return Axis(title, tuple(i * step for i in range(first, last + 1)), lambda value: (value - first * step) / span)


def log_axis(title: str, low: float, high: float) -> Axis:
    """An axis in decades from the power of ten at or below `low`; both above 0."""
    first = math.floor(math.log10(low))
    last = max(math.ceil(math.log10(high)), first + 1)
    ticks = tuple(10.0**power for power in range(first, last + 1))
    return Axis(title, ticks, lambda value: (math.log10(value) - first) / (last - first))


def histogram(values: Sequence[float], title: str, *, log: bool = False, say: Language = ENGLISH) -> str:
    """How many cases have which value. log: bins of equal ratio; values of 0 then stand in a bar of their own."""
    log = log and any(value > 0 for value in values)
    zeros = sum(value <= 0 for value in values) if log else 0
    shown = np.array([value for value in values if not log or value > 0], dtype=float)
    if not len(shown):
        return _figure(title, _note(say["no_values"]))
    axis, edges = _bins(title, shown, log)
    counts, _ = np.histogram(shown, edges)
    vertical = linear_axis(say["axis_cases"], 0.0, float(max(counts.max(), zeros, 1)), least_step=1.0)
    start = 26.0 if zeros else 0.0  # room for the bar of zeros
    bars = [
        _bar(start, axis.place(low), axis.place(high), vertical.place(count), _bin_text(low, high, count, say))
        for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
        if count
    ]
    if zeros:
        bars.append(_zero_bar(vertical.place(zeros), zeros))
    return _figure(title, _horizontal_axis(axis, start, say) + _vertical_axis(vertical, say) + "".join(bars))


def bars(counts: Mapping[str, int], title: str, *, say: Language = ENGLISH) -> str:
    """Cases by name, most frequent first; what does not fit is put together as "others"."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    if len(ordered) > _MOST_BARS:
        rest = sum(count for _, count in ordered[_MOST_BARS - 1 :])
        ordered = [*ordered[: _MOST_BARS - 1], (say["others"].format(count=len(ordered) - _MOST_BARS + 1), rest)]
    if not ordered:
        return _figure(title, _note(say["no_values"]))
    row, label = 21.0, 172.0
    longest = max(count for _, count in ordered)
    lines = []
    for place, (given, count) in enumerate(ordered):
        name = given or say["not_stated"]
        y = 8.0 + place * row
        width = (WIDTH - label - 50.0) * count / max(longest, 1)
        lines.append(
            f'<text class="tick" x="{label - 8:.0f}" y="{y + 12:.1f}" text-anchor="end">{escape(_shortened(name))}'
            f"<title>{escape(name or say['not_stated'])}</title></text>"
            f'<rect class="bar" x="{label:.0f}" y="{y:.1f}" width="{width:.1f}" height="15" rx="1.5"/>'
            f'<text class="count" x="{label + width + 6:.1f}" y="{y + 12:.1f}">{count}</text>'
        )
    return _figure(title, "".join(lines), height=16.0 + row * len(ordered))


def points(
    values: Mapping[str, tuple[float, float]],
    x_title: str,
    y_title: str,
    *,
    title: str,
    log: bool = False,
    levels: Mapping[str, float] = MappingProxyType({}),
    identity: bool = False,
    say: Language = ENGLISH,
) -> str:
    """A point per case (its id is the tooltip) at (x, y). log: both axes in decades; values of 0 are left out.

    levels: horizontal lines with their names. identity: the line x = y, and both axes alike.
    """
    shown = {name: pair for name, pair in values.items() if not log or min(pair) > 0}
    if not shown:
        return _figure(title, _note(say["no_values"]))
    make = log_axis if log else linear_axis
    across, down = ([pair[i] for pair in shown.values()] for i in (0, 1))
    down += levels.values()
    if identity:
        across = down = across + down
    x, y = make(x_title, min(across), max(across)), make(y_title, min(down), max(down))
    lines = [
        _line(y.place(level), y.place(level), _named(name, number(level, say), say)) for name, level in levels.items()
    ]
    lines += [_line(0.0, 1.0, "x = y")] if identity else []
    dots = [
        f'<circle class="dot" cx="{_across(x.place(first), 0.0):.1f}" cy="{_down(y.place(second)):.1f}" r="4">'
        f"<title>{escape(_named(name, f'{number(first, say)}; {number(second, say)}', say))}</title></circle>"
        for name, (first, second) in shown.items()
    ]
    return _figure(title, _horizontal_axis(x, 0.0, say) + _vertical_axis(y, say) + "".join((*lines, *dots)))


def count_axis(title: str, low: int, high: int) -> Axis:
    """An axis on which every whole number has the width of a bar, with a tick in its middle where there is room."""
    step = max(1, round(_round_step((high - low + 1) / 8)))
    ticks = tuple(float(number) for number in range(low, high + 1) if number % step == 0 or high == low)
    return Axis(title, ticks, lambda value: (value - low + 0.5) / (high - low + 1))


def _bins(title: str, shown: np.ndarray, log: bool) -> tuple[Axis, np.ndarray]:
    """The axis of a histogram and the edges of its bins: of equal ratio, one per whole number, or of equal width."""
    low, high = float(shown.min()), float(shown.max())
    if log:
        axis = log_axis(title, low, high)
        bins = (len(axis.ticks) - 1) * _BINS_PER_DECADE
        return axis, np.logspace(math.log10(axis.ticks[0]), math.log10(axis.ticks[-1]), bins + 1)
    if np.all(shown == np.rint(shown)) and high - low < _MOST_WHOLE:
        return count_axis(title, int(low), int(high)), np.arange(low, high + 2) - 0.5
    axis = linear_axis(title, low, high)
    bins = int(np.clip(2 * (len(axis.ticks) - 1), 6, 20))
    return axis, np.linspace(axis.ticks[0], axis.ticks[-1], bins + 1)


def _bar(start: float, low: float, high: float, share: float, tip: str) -> str:
    left, right = _across(max(low, 0.0), start), _across(min(high, 1.0), start)
    top = _down(share)
    return (
        f'<rect class="bar" x="{left + 0.6:.1f}" y="{top:.1f}" width="{max(right - left - 1.2, 1.0):.1f}" '
        f'height="{_down(0.0) - top:.1f}"><title>{escape(tip)}</title></rect>'
    )


def _line(left: float, right: float, tip: str) -> str:
    """A line over the whole width, from one share of the height to another."""
    return (
        f'<path class="line" d="M{_LEFT} {_down(left):.1f}L{WIDTH - _RIGHT} {_down(right):.1f}">'
        f"<title>{escape(tip)}</title></path>"
    )


def _zero_bar(share: float, count: int) -> str:
    top = _down(share)
    return (
        f'<rect class="bar zero" x="{_LEFT + 2:.1f}" y="{top:.1f}" width="16" height="{_down(0.0) - top:.1f}">'
        f"<title>0: {count}</title></rect>"
        f'<text class="tick" x="{_LEFT + 10:.1f}" y="{HEIGHT - _BOTTOM + 16:.1f}" text-anchor="middle">0</text>'
    )


def _horizontal_axis(axis: Axis, start: float, say: Language) -> str:
    y = _down(0.0)
    parts = [f'<path class="axis" d="M{_LEFT} {y:.1f}H{WIDTH - _RIGHT}"/>']
    for tick in axis.ticks:
        x = _across(axis.place(tick), start)
        parts.append(
            f'<path class="axis" d="M{x:.1f} {y:.1f}v4"/>'
            f'<text class="tick" x="{x:.1f}" y="{y + 16:.1f}" text-anchor="middle">{_tick(tick, say)}</text>'
        )
    middle = (_LEFT + WIDTH - _RIGHT) / 2
    parts.append(
        f'<text class="title" x="{middle:.1f}" y="{HEIGHT - 5:.1f}" text-anchor="middle">{escape(axis.title)}</text>'
    )
    return "".join(parts)


def _vertical_axis(axis: Axis, say: Language) -> str:
    parts = []
    for tick in axis.ticks:
        y = _down(axis.place(tick))
        parts.append(
            f'<path class="grid" d="M{_LEFT} {y:.1f}H{WIDTH - _RIGHT}"/>'
            f'<text class="tick" x="{_LEFT - 6:.1f}" y="{y + 4:.1f}" text-anchor="end">{_tick(tick, say)}</text>'
        )
    middle = (_TOP + HEIGHT - _BOTTOM) / 2
    parts.append(
        f'<text class="title" x="12" y="{middle:.1f}" text-anchor="middle" transform="rotate(-90 12 {middle:.1f})">'
        f"{escape(axis.title)}</text>"
    )
    return "".join(parts)


def _across(share: float, start: float) -> float:
    return _LEFT + start + share * (WIDTH - _LEFT - _RIGHT - start)


def _down(share: float) -> float:
    return HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM)


def _figure(title: str, body: str, *, height: float = HEIGHT) -> str:
    return (
        f'<svg class="chart" role="img" viewBox="0 0 {WIDTH:.0f} {height:.0f}" xmlns="http://www.w3.org/2000/svg">'
        f"<title>{escape(title)}</title>{body}</svg>"
    )


def _note(text: str) -> str:
    return f'<text class="tick" x="{WIDTH / 2:.0f}" y="{HEIGHT / 2:.0f}" text-anchor="middle">{escape(text)}</text>'


def _round_step(raw: float) -> float:
    """1, 2 or 5 times a power of ten, not below `raw`."""
    power = 10.0 ** math.floor(math.log10(raw))
    return next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= raw * (1 - 1e-9))


def _tick(value: float, say: Language) -> str:
    return say.number(value, 0) if abs(value) >= 1000 else say.plain(float(f"{value:.6g}"))


def _named(name: str, value: str, say: Language) -> str:
    return say["named"].format(name=name, value=value)


def _bin_text(low: float, high: float, count: int, say: Language) -> str:
    return say["bin"].format(low=number(low, say), high=number(high, say), count=count)


def _shortened(name: str) -> str:
    return name if len(name) <= 21 else name[:20] + "…"
