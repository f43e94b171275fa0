"""What the results keep true over time: undo after coming back, the right PET, a review of what is there now."""

import pytest


@pytest.fixture
def shown(opened, phantom_study):
    """The panel with the lesions of the phantom, made without a job."""
    from CLIPSLib import segment_study
    from CLIPSLib.scene import add_segmentation

    opened.pet, _ct = opened.show(phantom_study)
    opened.node = add_segmentation(segment_study(phantom_study, "suv4"), phantom_study, opened.pet)
    opened.panel.showResult(opened.node, None)
    return opened


def come_back(opened) -> None:
    opened.panel.exit()
    opened.panel.enter()


def test_undo_works_after_the_panel_was_left_and_opened_again(shown):
    come_back(shown)
    before = shown.live.measures
    shown.select(0)
    shown.ui.deleteButton.click()
    assert len(shown.rows()) == len(before.lesions) - 1
    shown.ui.undoButton.click()
    shown.settle(lambda: shown.live.measures == before)


def test_undo_works_in_the_next_scene(shown, phantom_study):
    import slicer
    from CLIPSLib import segment_study
    from CLIPSLib.scene import add_segmentation

    slicer.mrmlScene.Clear(0)
    pet, _ct = shown.show(phantom_study)
    shown.panel.showResult(add_segmentation(segment_study(phantom_study, "suv4"), phantom_study, pet), None)
    before = shown.live.measures
    shown.select(0)
    shown.ui.kindButton.click()
    assert shown.live.measures != before
    shown.ui.undoButton.click()
    shown.settle(lambda: shown.live.measures == before)
