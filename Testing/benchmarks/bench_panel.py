"""How long the panel takes to open, and its table to follow an edit of a whole-body case with 60 lesions.

    python Testing/benchmarks/bench_panel.py

Runs on the Slicer host (Testing/slicer_host). The times do not hold the 0.15 s that the panel waits after an edit.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

REPOSITORY = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(REPOSITORY / "Testing"), str(REPOSITORY / "CLIPSSegmentation")]
SHAPE, SPACING_MM = (326, 400, 400), (2.036, 2.036, 3.0)
LESIONS, REPEATS = 60, 5


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        os.environ["CLIPS_HOME"] = home
        import builders_panel
        import slicer_host

        host = slicer_host.start()
        seconds = []
        for _ in range(REPEATS):
            host.reset()
            module = host.load_module(builders_panel.MODULE_FILE)
            started = time.perf_counter()
            module.widgetRepresentation().enter()
            seconds.append(time.perf_counter() - started)
        print(f"open the panel: first {seconds[0]:.2f} s, again {min(seconds[1:]):.2f} s")
        host.reset()
        opened = builders_panel.OpenPanel(host)
        node, pet = show_case(opened)
        started = time.perf_counter()
        opened.live.update()
        print(f"{LESIONS} lesions, measured as they are: {time.perf_counter() - started:.2f} s")
        seconds = [follow_edit(opened, node, pet, row) for row in range(REPEATS)]
        print(f"table after an edit of one lesion: {min(seconds):.2f} to {max(seconds):.2f} s")


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


def follow_edit(opened, node, pet, row: int) -> float:
    """Erase a slice of a lesion and measure: from the end of Slicer's edit to the new numbers on the screen."""
    from CLIPSLib.imaging import image_like
    from CLIPSLib.scene import segment_mask, set_segment_mask

    segment_id = opened.live.measures.lesions[row].lesion_id
    mask = segment_mask(node, segment_id, pet)
    mask[int(np.median(np.nonzero(mask)[0]))] = False
    set_segment_mask(node, segment_id, image_like(mask.astype(np.uint8), opened.live.study.pet), pet)
    started = time.perf_counter()
    opened.live.update()
    opened.host.process_events()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
