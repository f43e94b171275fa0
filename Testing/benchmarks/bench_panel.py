"""How long the panel takes to open, and its table to follow an edit of a whole-body case with 60 lesions.

    python Testing/benchmarks/bench_panel.py

Runs on the Slicer host (Testing/slicer_host). The times do not hold the 0.15 s that the panel waits after an edit.
Medians; the time on the processor is what remains of them on a machine that does nothing else.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

REPOSITORY = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(REPOSITORY / "Testing"), str(REPOSITORY / "CLIPSSegmentation")]
SHAPE, SPACING_MM = (326, 400, 400), (2.036, 2.036, 3.0)
LESIONS, REPEATS, EDITS = 60, 6, 15


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        os.environ["CLIPS_HOME"] = home
        import builders_panel
        import slicer_host

        host = slicer_host.start()
        opening = []
        for _ in range(REPEATS):
            host.reset()
            module = host.load_module(builders_panel.MODULE_FILE)
            opening.append(timed(lambda module=module: module.widgetRepresentation().enter()))
        tell("open the panel, first time", opening[:1])
        tell("open it again", opening[1:])
        host.reset()
        opened = builders_panel.OpenPanel(host)
        node, pet = show_case(opened)
        tell(f"{LESIONS} lesions, measured as they are", [timed(opened.live.update)])
        tell("table after an edit of one lesion", [follow_edit(opened, node, pet, row) for row in range(EDITS)])


def timed(action) -> tuple[float, float]:
    """Seconds on the clock and on the processor."""
    started, began = time.perf_counter(), time.process_time()
    action()
    return time.perf_counter() - started, time.process_time() - began


def tell(what: str, times: list[tuple[float, float]]) -> None:
    """The medians, and the slowest."""
    clock, processor = zip(*times, strict=True)
    slowest = f" (slowest {max(clock):.2f})" if len(times) > 1 else ""
    print(f"{what}: {statistics.median(clock):.2f} s{slowest}, {statistics.median(processor):.2f} s on the processor")


def show_case(opened):
    """Random balls of SUV 7 in a noisy body of SUV 1 to 2."""
    import SimpleITK as sitk
    from CLIPSLib import measure_lesions
    from CLIPSLib.scene import add_measures_table, add_segmentation, add_study_volumes
    from CLIPSLib.segmentation import Segmentation, lesions_from_mask
    from CLIPSLib.study import PetCtStudy

    random = np.random.default_rng(1)
    suv = 1.0 + random.random(SHAPE, dtype=np.float32)
    mask = np.zeros(SHAPE, bool)
    axes = np.ogrid[-12:13, -12:13, -12:13]
    for _ in range(LESIONS):
        ball = sum(axis**2 for axis in axes) <= random.integers(4, 12) ** 2
        place = tuple(slice(center - 12, center + 13) for center in random.integers(20, 300, 3))
        mask[place] |= ball
        suv[place][ball] = 7.0
    image = sitk.GetImageFromArray(suv)
    image.SetSpacing(SPACING_MM)
    study = PetCtStudy(pet=image)
    pet, _ct = add_study_volumes(study)
    labels, lesions = lesions_from_mask(mask, study)
    segmentation = Segmentation(labels=labels, lesions=lesions)
    node = add_segmentation(segmentation, study, pet)
    opened.panel.showResult(node, add_measures_table(measure_lesions(segmentation, study), node))
    return node, pet


def follow_edit(opened, node, pet, row: int) -> tuple[float, float]:
    """Erase a slice of a lesion and measure: from the end of Slicer's edit to the new numbers on the screen."""
    from CLIPSLib.imaging import image_like
    from CLIPSLib.scene import segment_mask, set_segment_mask

    segment_id = opened.live.measures.lesions[row].lesion_id
    mask = segment_mask(node, segment_id, pet)
    mask[int(np.median(np.nonzero(mask)[0]))] = False
    set_segment_mask(node, segment_id, image_like(mask.astype(np.uint8), opened.live.study.pet), pet)
    return timed(lambda: (opened.live.update(), opened.host.process_events()))


if __name__ == "__main__":
    main()
