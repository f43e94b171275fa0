"""Time of evaluating a whole body: 400 x 400 x 326 voxels, 41 reference lesions, 35 predicted ones.

Run it directly: `python Testing/benchmarks/bench_evaluation.py`. The first line is the floor: both masks read once.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import SimpleITK as sitk
from CLIPSLib.evaluation import EvaluationOptions, evaluate, hospital_metrics
from CLIPSLib.imaging import array_view

SHAPE = (326, 400, 400)
SPACING_ZYX = np.array([3.0, 2.036, 2.036])
LESIONS, FOUND = 41, 35
RUNS = 5


def main() -> None:
    reference, prediction, pet = whole_body()
    union_nsd = EvaluationOptions(matching="union-nsd")
    stages: dict[str, Callable[[], object]] = {
        "read both masks once": lambda: np.count_nonzero((array_view(reference) > 0) & (array_view(prediction) > 0)),
        "evaluate": lambda: evaluate(reference, prediction, pet=pet),
        "evaluate, union-nsd": lambda: evaluate(reference, prediction, pet=pet, options=union_nsd),
        "hospital metrics": lambda: hospital_metrics(reference, prediction, pet),
    }
    for name, work in stages.items():
        times = []
        for _ in range(RUNS):
            start = time.perf_counter()
            work()
            times.append(time.perf_counter() - start)
        print(f"{name:24}{np.median(times):7.2f} s (median of {RUNS})")


def whole_body() -> tuple[sitk.Image, sitk.Image, sitk.Image]:
    """Balls of 4 to 25 mm all over the body; predictions are a little smaller and beside them, six are missed."""
    rng = np.random.default_rng(0)
    reference, prediction = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.uint8)
    for number in range(LESIONS):
        center, radius_mm = rng.integers((30, 110, 110), (296, 290, 290)), rng.uniform(4, 25)
        draw_ball(reference, center, radius_mm)
        if number < FOUND:
            draw_ball(prediction, center + rng.integers(-2, 3, 3), 0.9 * radius_mm)
    suv = rng.random(SHAPE, dtype=np.float32) * 3 + 4 * reference
    return image(reference), image(prediction), image(suv)


def draw_ball(mask: np.ndarray, center: np.ndarray, radius_mm: float) -> None:
    reach = np.ceil(radius_mm / SPACING_ZYX).astype(int)
    grid = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in reach), indexing="ij"), axis=-1)
    ball = np.linalg.norm(grid * SPACING_ZYX, axis=-1) <= radius_mm
    mask[tuple(slice(c - n, c + n + 1) for c, n in zip(center, reach, strict=True))] |= ball


def image(array: np.ndarray) -> sitk.Image:
    made = sitk.GetImageFromArray(array)
    made.SetSpacing(SPACING_ZYX[::-1].tolist())
    return made


if __name__ == "__main__":
    main()
