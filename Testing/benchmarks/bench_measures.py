"""Time and peak memory of labelling, segmenting and measuring 400 x 400 x 326 voxels with 60 lesions.

Run it directly: `python Testing/benchmarks/bench_measures.py`. Each stage has a process of its own; the first line
is the floor: reading every voxel once.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SHAPE = (326, 400, 400)
SPACING_XYZ = (2.036, 2.036, 3.0)
LESIONS = 60


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        volume = Path(folder) / "suv.mha"
        write_whole_body(volume)
        print(f"{'stage':34}{'time':>9}{'peak above the volume':>24}")
        for stage in stages():
            subprocess.run([sys.executable, __file__, stage, str(volume)], check=True)


def stages() -> list[str]:
    from CLIPSLib.segmentation import list_segmenters

    models = [description.name for description in list_segmenters()]
    return ["read once", "label components", *(f"segment {m}" for m in models), *(f"measure {m}" for m in models[:2])]


def run_stage(stage: str, volume: Path) -> None:
    """Run one stage in this process and print its line. Imports and reading the file do not count."""
    import SimpleITK as sitk
    from CLIPSLib.imaging import array_view, at_least, label_components
    from CLIPSLib.measures import measure_lesions
    from CLIPSLib.segmentation import segment_study
    from CLIPSLib.study import PetCtStudy, StudyIdentity

    pet = sitk.ReadImage(str(volume))
    study = PetCtStudy(pet=pet, identity=StudyIdentity(weight_kg=70.0, height_m=1.75))
    suv = array_view(pet)
    verb, _, name = stage.partition(" ")
    segmentation = segment_study(study, name) if verb == "measure" else None
    mask = at_least(suv, 4.0) if verb == "label" else None
    work = {
        "read": lambda: f"maximum {suv.max():.1f}",
        "label": lambda: f"{label_components(mask).count} components",
        "segment": lambda: f"{len(segment_study(study, name).lesions)} lesions",
        "measure": lambda: f"TMTV {measure_lesions(segmentation, study).patient.tmtv_ml:.0f} mL",
    }[verb]
    forget_peak()
    before_mb, start = memory_mb("VmRSS"), time.perf_counter()
    result = work()
    seconds = time.perf_counter() - start
    peak_mb = memory_mb("VmHWM") - before_mb
    print(f"{stage:34}{seconds:7.2f} s{peak_mb:20.0f} MB   {result}", flush=True)


def forget_peak() -> None:
    """Let the kernel's record of this process's peak memory start again from now (Linux)."""
    Path("/proc/self/clear_refs").write_text("5")


def memory_mb(field: str) -> float:
    """VmRSS (resident now) or VmHWM (its peak) of this process, MB (Linux)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    raise KeyError(field)


def write_whole_body(path: Path) -> None:
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(whole_body())
    image.SetSpacing(SPACING_XYZ)
    sitk.WriteImage(image, str(path))


def whole_body() -> np.ndarray:
    """A body of SUV 0.7 with liver, hot brain and bladder, and 60 separate lesions of 20 to 36 mm, smooth and noisy."""
    from scipy import ndimage

    rng = np.random.default_rng(2024)
    suv = np.zeros(SHAPE, dtype=np.float32)
    _, y, x = np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    suv[np.broadcast_to(((y - 200) / 60) ** 2 + ((x - 200) / 95) ** 2 <= 1, SHAPE)] = 0.7
    organs = [
        ((160, 195, 150), (84, 76, 80), 2.1),
        ((310, 200, 200), (48, 76, 68), 9.0),
        ((30, 200, 200), (36, 32, 36), 20.0),
    ]
    for center, radii_mm, level in (*organs, *lesions(rng)):
        fill_ellipsoid(suv, np.array(center), np.array(radii_mm) / SPACING_XYZ[::-1], level)
    suv = ndimage.gaussian_filter(suv, 1.2)
    noise = ndimage.gaussian_filter(rng.standard_normal(SHAPE, dtype=np.float32), 1.0)
    return suv * (1.0 + 0.1 * noise / noise.std())


def lesions(rng: np.random.Generator) -> list[tuple]:
    """Center (voxels), radii (mm) and SUV of spheres that do not touch each other or an organ."""
    placed: list[tuple] = []
    while len(placed) < LESIONS:
        center = rng.integers((55, 155, 120), (280, 245, 280))
        radius_mm = rng.uniform(10.0, 18.0)
        in_liver = (((center - (160, 195, 150)) * SPACING_XYZ[::-1] / (84, 76, 80)) ** 2).sum() < 2.0
        gaps = [np.linalg.norm((center - c) * SPACING_XYZ[::-1]) - r[0] - radius_mm for c, r, _ in placed]
        if not in_liver and min(gaps, default=99.0) > 10.0:
            placed.append((center, (radius_mm,) * 3, rng.uniform(8.0, 25.0)))
    return placed


def fill_ellipsoid(suv: np.ndarray, center: np.ndarray, radii: np.ndarray, level: float) -> None:
    low, high = np.maximum(center - radii, 0).astype(int), np.minimum(center + radii + 1, SHAPE).astype(int)
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    distance = sum(((a - c) / r) ** 2 for a, c, r in zip(np.ogrid[box], center, radii, strict=True))
    suv[box][distance <= 1] = level


if __name__ == "__main__":
    if len(sys.argv) == 3:
        run_stage(sys.argv[1], Path(sys.argv[2]))
    else:
        main()
