"""docs/architecture.md shows the imports as they are."""

import draw_rooms

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
    assert draw_rooms.layered(draw_rooms.drawn_edges()) == [["report"], ["study"], ["imaging"]]
