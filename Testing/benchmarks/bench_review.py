"""How long CLIPS Training takes to open the next case, of whole-body size: `python bench_review.py`.

Runs on the Slicer host (Testing/slicer_host). "Next case" is from the key to the views with the case, its images read
ahead; "until settled" also has what follows by itself (MIP, measures, table). Medians, in seconds;
the time on the processor is what remains of them on a machine that does nothing else.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

REPOSITORY = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(REPOSITORY / folder) for folder in ("Testing", "CLIPSSegmentation", "CLIPSTraining")]
PET_SHAPE, PET_SPACING_MM = (326, 168, 168), (4.07, 4.07, 3.0)
CT_SHAPE, CT_SPACING_MM = (328, 256, 256), (2.67, 2.67, 2.98)
CASES, LESIONS, ROUNDS, LIMIT_S = 3, 30, 4, 0.2


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        os.environ["CLIPS_HOME"] = place
        import builders_training_panel
        import slicer_host

        folder = builders_training_panel.make_registry(Path(place) / "cases", whole_body(), CASES)
        host = slicer_host.start()
        opened = builders_training_panel.TrainingPanel(host)
        opened.open_registry(folder)
        first = timed(lambda: opened.panel.openCase("C0001"))
        print(f"first case, with reading: {first:.2f} s")
        stepped, worked, settled = [], [], []
        for step in [1, 1, -1, -1] * ROUNDS:
            host.wait_until(lambda: not opened.panel.imageReader.busy, 60)
            host.process_events()
            go = opened.cases.openNext if step > 0 else opened.cases.openPrevious
            started, began = time.perf_counter(), time.thread_time()
            go()
            worked.append(time.thread_time() - began)
            stepped.append(time.perf_counter() - started)
            host.wait_until(lambda: not opened.live.pending, 60)
            settled.append(time.perf_counter() - started)
        host.check()
    print(f"next case: {statistics.median(stepped):.3f} s (slowest {max(stepped):.3f}; limit {LIMIT_S})")
    print(f"of that on the processor: {statistics.median(worked):.3f} s")
    print(f"until settled: {statistics.median(settled):.3f} s (slowest {max(settled):.3f})")
    sys.exit(statistics.median(stepped) > LIMIT_S)


def whole_body():
    """Random balls of SUV 7 in a noisy body of SUV 1 to 2, with a CT."""
    import SimpleITK as sitk
    from CLIPSLib.study import PetCtStudy, StudyIdentity

    random = np.random.default_rng(1)
    suv = 1.0 + random.random(PET_SHAPE, dtype=np.float32)
    axes = np.ogrid[-8:9, -8:9, -8:9]
    for _ in range(LESIONS):
        ball = sum(axis**2 for axis in axes) <= random.integers(3, 8) ** 2
        place = tuple(slice(center - 8, center + 9) for center in random.integers(10, 155, 3))
        suv[place][ball] = 7.0
    pet = sitk.GetImageFromArray(suv)
    pet.SetSpacing(PET_SPACING_MM)
    ct = sitk.GetImageFromArray(random.integers(-1000, 1000, CT_SHAPE, dtype=np.int16))
    ct.SetSpacing(CT_SPACING_MM)
    identity = replace(StudyIdentity(), frame_of_reference_uid="2.25.1", ct_series_uid="2.25.2")
    return PetCtStudy(pet=pet, ct=ct, identity=identity)


def timed(action) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
