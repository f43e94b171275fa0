"""A layered drawing of a directed graph without circles as SVG: boxes in rows, arrows pointing down.

Called by draw_rooms.py. Standard library only. An arrow that passes a row gets a gap of its own there, so that no
arrow runs behind a box.
"""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from html import escape

BOX_W, BOX_H = 190, 78  # px
GAP_X, GAP_Y = 26, 52
GAP_WIDTH = 14  # of an arrow that passes a row
MARGIN = 24
FONT = "font-family='Helvetica, Arial, sans-serif'"
STARTS, SWEEPS = 40, 6

Edges = dict[str, set[str]]


@dataclass(frozen=True)
class Cell:
    """One place in a row: the box `start`, or the gap through which the arrow from `start` to `end` passes."""

    row: int  # 0 is the lowest
    start: str
    end: str = ""

    @property
    def width(self) -> float:
        return GAP_WIDTH if self.end else BOX_W


def draw(edges: Edges, captions: dict[str, str], title: str, footer: str) -> str:
    """The SVG text. captions: a few words per box; footer: the text of the bar below everything."""
    chains, rows = arrange(edges)
    width = max(_row_width(row) for row in rows) + 2 * MARGIN
    height = len(rows) * (BOX_H + GAP_Y) + BOX_H / 2 + 2 * MARGIN
    centers = {cell: x + (width / 2) for row in rows for cell, x in _centers(row).items()}
    tops = {cell: MARGIN + (len(rows) - 1 - cell.row) * (BOX_H + GAP_Y) for cell in centers}
    arrows = [_arrow([(centers[cell], tops[cell]) for cell in chain]) for chain in chains]
    boxes = [_box(centers[c], tops[c], c.start, captions[c.start]) for row in rows for c in row if not c.end]
    return "\n".join([_head(width, height, title), *arrows, *boxes, _footer(width, height, footer), "</svg>", ""])


def arrange(edges: Edges) -> tuple[list[list[Cell]], list[list[Cell]]]:
    """A chain of cells per arrow, from top to bottom, and the rows, lowest first, ordered so that few arrows cross."""
    depth = {box: _depth(edges, box) for box in edges}
    chains = [
        [
            Cell(depth[start], start),
            *(Cell(row, start, end) for row in range(depth[start] - 1, depth[end], -1)),
            Cell(depth[end], end),
        ]
        for start in edges
        for end in sorted(edges[start])
    ]
    cells = dict.fromkeys([*(Cell(depth[box], box) for box in edges), *(cell for chain in chains for cell in chain)])
    rows = [[cell for cell in cells if cell.row == row] for row in range(max(depth.values()) + 1)]
    neighbors: dict[Cell, list[Cell]] = {cell: [] for cell in cells}
    for chain in chains:
        for upper, lower in itertools.pairwise(chain):
            neighbors[upper].append(lower)
            neighbors[lower].append(upper)
    return chains, _uncrossed(rows, neighbors)


def _uncrossed(rows: list[list[Cell]], neighbors: dict[Cell, list[Cell]]) -> list[list[Cell]]:
    """Sort each row by the mean place of its neighbors, sweeping up and down, from several orders; the best of all."""
    shuffle = random.Random(0).shuffle  # the same picture every time
    best, least = rows, _untidiness(rows, neighbors)
    for _ in range(STARTS):
        rows = [list(row) for row in rows]
        for sweep in range(SWEEPS):
            for row in rows if sweep % 2 == 0 else rows[::-1]:
                place = {cell: x for other in rows for cell, x in _centers(other).items()}
                row.sort(key=lambda cell: _mean([place[n] for n in neighbors[cell]], default=place[cell]))
            if (untidiness := _untidiness(rows, neighbors)) < least:
                best, least = [list(row) for row in rows], untidiness
        for row in rows:
            shuffle(row)
    return best


def _untidiness(rows: list[list[Cell]], neighbors: dict[Cell, list[Cell]]) -> tuple[int, float]:
    """Crossings first, then how far arrows go sideways."""
    place = {cell: x for row in rows for cell, x in _centers(row).items()}
    return _crossings(rows, neighbors), sum(abs(place[cell] - place[n]) for cell in place for n in neighbors[cell])


def _crossings(rows: list[list[Cell]], neighbors: dict[Cell, list[Cell]]) -> int:
    total = 0
    for lower, upper in itertools.pairwise(rows):
        index = {cell: i for i, cell in enumerate(lower)}
        ends = [(i, index[n]) for i, cell in enumerate(upper) for n in neighbors[cell] if n in index]
        total += sum(a < c and b > d for a, b in ends for c, d in ends)
    return total


def _depth(edges: Edges, box: str) -> int:
    return 1 + max((_depth(edges, end) for end in edges[box]), default=-1)


def _mean(values: list[float], default: float) -> float:
    return sum(values) / len(values) if values else default


def _row_width(row: list[Cell]) -> float:
    return sum(cell.width + GAP_X for cell in row) - GAP_X


def _centers(row: list[Cell]) -> dict[Cell, float]:
    """The x of each cell's middle when the row is centered on 0."""
    centers, x = {}, -_row_width(row) / 2
    for cell in row:
        centers[cell] = x + cell.width / 2
        x += cell.width + GAP_X
    return centers


def _head(width: float, height: float, title: str) -> str:
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width:.0f} {height:.0f}' width='{width:.0f}'>"
        f"<title>{escape(title)}</title>"
        "<defs><marker id='tip' viewBox='0 0 8 8' refX='8' refY='4' markerWidth='7' markerHeight='7' orient='auto'>"
        "<path d='M0,0 L8,4 L0,8 z' fill='#54616e'/></marker></defs>"
        f"<rect width='{width:.0f}' height='{height:.0f}' fill='white'/>"
    )


def _arrow(points: list[tuple[float, float]]) -> str:
    """From the lower edge of the first cell through the gaps to the upper edge of the last; points: x, top."""
    path = f"M{points[0][0]:.0f},{points[0][1] + BOX_H:.0f}"
    for (x1, top1), (x2, top2) in itertools.pairwise(points):
        middle = (top1 + BOX_H + top2) / 2
        path += f" C{x1:.0f},{middle:.0f} {x2:.0f},{middle:.0f} {x2:.0f},{top2:.0f}"
        path += f" L{x2:.0f},{top2 + BOX_H:.0f}" if (x2, top2) != points[-1] else ""
    return f"<path d='{path}' fill='none' stroke='#54616e' stroke-width='1.5' marker-end='url(#tip)'/>"


def _box(x: float, top: float, name: str, caption: str) -> str:
    lines = _wrapped(caption, limit=32)
    top_of_text = top + (BOX_H - 14 * len(lines)) / 2
    words = "".join(
        f"<text x='{x:.0f}' y='{top_of_text + 20 + 14 * i:.0f}' {FONT} font-size='11' fill='#33404d' "
        f"text-anchor='middle'>{escape(line)}</text>"
        for i, line in enumerate(lines)
    )
    return (
        f"<rect x='{x - BOX_W / 2:.0f}' y='{top:.0f}' width='{BOX_W}' height='{BOX_H}' rx='6' "
        "fill='#e8f0f7' stroke='#2c5f8a'/>"
        f"<text x='{x:.0f}' y='{top_of_text + 3:.0f}' {FONT} font-size='15' font-weight='bold' fill='#16324a' "
        f"text-anchor='middle'>{escape(name)}</text>{words}"
    )


def _footer(width: float, height: float, text: str) -> str:
    top = height - MARGIN - BOX_H / 2
    return (
        f"<rect x='{MARGIN}' y='{top:.0f}' width='{width - 2 * MARGIN:.0f}' height='{BOX_H / 2:.0f}' rx='6' "
        "fill='#f3efe6' stroke='#8a7440'/>"
        f"<text x='{width / 2:.0f}' y='{top + BOX_H / 4 + 5:.0f}' {FONT} font-size='13' fill='#4a3f22' "
        f"text-anchor='middle'>{escape(text)}</text>"
    )


def _wrapped(text: str, limit: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > limit:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
