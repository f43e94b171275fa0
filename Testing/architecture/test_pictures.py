"""docs/architecture.md shows the imports as they are."""

import draw_rooms
import picture

REMEDY = "out of date: run 'make docs' and commit the result"


def test_the_table_and_diagram_of_the_page_are_up_to_date():
    assert draw_rooms.PAGE.read_text(encoding="utf-8") == draw_rooms.new_page(), REMEDY


def test_the_picture_is_up_to_date():
    assert draw_rooms.PICTURE.read_text(encoding="utf-8") == draw_rooms.new_picture(), REMEDY


def test_an_arrow_that_a_longer_path_implies_is_left_out(monkeypatch):
    monkeypatch.setattr(
        draw_rooms.rooms,
        "room_imports",
        lambda: {"report": {"study", "imaging"}, "study": {"imaging"}, "imaging": set()},
    )
    assert draw_rooms.drawn_edges() == {"report": {"study"}, "study": {"imaging"}, "imaging": set()}


def test_boxes_stand_above_what_they_import_and_long_arrows_have_a_gap_in_each_row_they_pass():
    edges = {"tasks": {"report", "phantom"}, "report": {"study"}, "study": set(), "phantom": set()}
    chains, rows = picture.arrange(edges)
    assert [{cell.start for cell in row if not cell.end} for row in rows] == [
        {"study", "phantom"},
        {"report"},
        {"tasks"},
    ]
    gaps = [(cell.row, cell.start, cell.end) for row in rows for cell in row if cell.end]
    assert gaps == [(1, "tasks", "phantom")]
    assert [cell.row for cell in chains[0]] == [2, 1, 0]
