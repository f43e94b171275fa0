"""What is shown while a mask cannot be measured as a whole, and when another module changes the PET."""

import numpy as np
import pytest


@pytest.fixture
def shown(opened, phantom_study):
    """The panel with the lesions of the phantom and their table node, made without a job."""
    from CLIPSLib import measure_lesions, segment_study
    from CLIPSLib.scene import add_measures_table, add_segmentation

    opened.pet, opened.ct = opened.show(phantom_study)
    segmentation = segment_study(phantom_study, "suv4")
    opened.node = add_segmentation(segmentation, phantom_study, opened.pet)
    opened.tableNode = add_measures_table(measure_lesions(segmentation, phantom_study), opened.node)
    opened.panel.showResult(opened.node, opened.tableNode)
    return opened


def restrict(opened) -> None:
    """As the mask of a network that holds for SUV >= 4 only."""
    opened.node.SetAttribute("CLIPS.ValidFor", "suv >= 4")
    for segment_id in opened.node.GetSegmentation().GetSegmentIDs():
        opened.node.GetSegmentation().GetSegment(segment_id).SetTag("CLIPS.ValidFor", "suv >= 4")


def paint_below(opened, row: int, *, settle: bool = True) -> None:
    """Add the coldest voxel of the PET to a lesion."""
    from CLIPSLib.imaging import image_like
    from CLIPSLib.scene import segment_mask, set_segment_mask

    suv = opened.live.study.pet
    import SimpleITK as sitk

    segment_id = opened.live.rows[row].lesion_id
    mask = segment_mask(opened.node, segment_id, opened.pet)
    mask[np.unravel_index(sitk.GetArrayViewFromImage(suv).argmin(), mask.shape)] = True
    set_segment_mask(opened.node, segment_id, image_like(mask.astype(np.uint8), suv), opened.pet)
    if settle:
        opened.settle(lambda: opened.live.error is not None)


def test_one_voxel_below_the_condition_withholds_its_lesion_and_the_totals_only(shown):
    restrict(shown)
    shown.settle(lambda: shown.live.segmentation.valid_for == "suv >= 4")
    before = shown.rows()
    paint_below(shown, 1)
    name = before[1][0]
    assert [row for row in shown.rows() if row[0] != name] == [row for row in before if row[0] != name]
    assert shown.rows()[1] == [name, "tumor", *["withheld"] * 4, ""]
    assert shown.ui.tmtvLabel.text == "TMTV withheld" and name in shown.ui.totalsLabel.text
    assert f"1 in '{name}'" in shown.ui.problemLabel.text
    assert not shown.ui.reportButton.enabled and not shown.ui.reviewedCheckBox.enabled
    shown.ui.undoButton.click()  # nothing was saved by this brush: deleting the lesion helps as well
    shown.panel.results.table.select([shown.live.rows[1].lesion_id])
    shown.ui.deleteButton.click()
    assert len(shown.rows()) == len(before) - 1 and shown.ui.tmtvLabel.text != "TMTV withheld"


@pytest.mark.parametrize("button", ["copyButton", "csvButton", "reportButton", "reviewedCheckBox"])
def test_nothing_is_kept_or_reviewed_of_a_stroke_that_cannot_be_measured(shown, button):
    """Pressed before the table has followed; no file dialog is opened."""
    import qt
    from CLIPSLib.scene import is_reviewed

    restrict(shown)
    shown.settle(lambda: shown.live.segmentation.valid_for == "suv >= 4")
    qt.QApplication.clipboard().setText("as before")
    paint_below(shown, 1, settle=False)
    assert shown.live.pending
    getattr(shown.ui, button).click()
    assert qt.QApplication.clipboard().text() == "as before"
    assert not is_reviewed(shown.node) and not shown.ui.reviewedCheckBox.checked
    assert "suv >= 4" in shown.ui.problemLabel.text


def test_physiological_uptake_below_the_condition_leaves_the_totals(shown):
    restrict(shown)
    shown.select(1)
    shown.ui.kindButton.click()
    before = shown.ui.tmtvLabel.text
    paint_below(shown, 1)
    assert shown.ui.tmtvLabel.text == before and "1 in" in shown.ui.problemLabel.text


def test_the_table_in_the_scene_keeps_no_rows_of_an_earlier_mask(shown):
    restrict(shown)
    count = shown.tableNode.GetNumberOfRows()
    paint_below(shown, 0)
    assert shown.tableNode.GetNumberOfRows() == 0
    assert "suv >= 4" in shown.tableNode.GetAttribute("CLIPS.Problem")
    shown.panel.results.table.select([shown.live.rows[0].lesion_id])
    shown.ui.deleteButton.click()
    assert shown.tableNode.GetNumberOfRows() == count - 1 and shown.tableNode.GetAttribute("CLIPS.Problem") is None
    shown.panel.exit()
    assert shown.tableNode.GetNumberOfRows() == count - 1  # leaving is no failure


def test_units_that_change_after_loading_end_the_measures(shown):
    import slicer

    becquerel, suv = slicer.vtkCodedEntry(), slicer.vtkCodedEntry()
    becquerel.SetValueSchemeMeaning("Bq/ml", "UCUM", "Becquerels/milliliter")
    suv.Copy(shown.pet.GetVoxelValueUnits())
    before = shown.live.measures
    shown.pet.SetVoxelValueUnits(becquerel)
    shown.settle(lambda: shown.live.error is not None)
    assert "Bq/ml" in shown.ui.problemLabel.text and shown.ui.tmtvLabel.text == "" and shown.rows() == []
    shown.pet.SetVoxelValueUnits(suv)
    shown.settle(lambda: shown.live.measures == before)


def test_a_pet_that_is_placed_elsewhere_is_measured_where_it_is(shown):
    origin, before = shown.pet.GetOrigin(), shown.live.measures
    step = shown.pet.GetSpacing()[2]
    shown.pet.SetOrigin(origin[0], origin[1], origin[2] + 2 * step)
    shown.settle(lambda: shown.live.measures is not None and shown.live.measures != before)
    assert shown.live.error is None
    shown.pet.SetOrigin(origin)
    shown.settle(lambda: shown.live.measures == before)


def test_values_that_another_module_changes_are_measured_anew(shown):
    import slicer

    before = shown.live.measures.patient
    slicer.util.arrayFromVolume(shown.pet)[:] *= 2
    slicer.util.arrayFromVolumeModified(shown.pet)
    shown.settle(lambda: shown.live.measures.patient.suv_max == pytest.approx(2 * before.suv_max))
    assert shown.live.measures.patient.tlg_g == pytest.approx(2 * before.tlg_g)


@pytest.mark.parametrize("chosen", [True, False])
def test_the_report_knows_the_ct_when_it_is_in_the_scene(host, shown, tmp_path, chosen):
    if not chosen:
        shown.parameters.ctVolume = None
    with host.answering(str(tmp_path / "report.html")):
        shown.ui.reportButton.click()
    uid = shown.ct.GetAttribute("CLIPS.SeriesInstanceUID")
    assert uid in (tmp_path / "report.html").read_text(encoding="utf-8")
