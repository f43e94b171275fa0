"""Works the truth of a phantom out, and keeps it in `truth/` beside the series. Called by the generator and by tests.

Nothing here uses a reader or a segmenter of CLIPS: thresholds are applied in double precision to the stored integers,
components are counted by scipy.
"""

from __future__ import annotations

import math
from dataclasses import asdict, fields
from pathlib import Path

import numpy as np

from CLIPSLib.files import read_json, write_json
from CLIPSLib.phantom.grid import Grid
from CLIPSLib.phantom.rendering import FWHM_PER_SIGMA, Part, coverage, label_voxels
from CLIPSLib.phantom.types import OTHER_LABEL, ObjectTruth, PhantomTruth, ThresholdTruth

FORMAT_NAME, FORMAT_VERSION = "clips-phantom-truth", 1
THRESHOLDS_SUV = (4.0, 2.5)
PRESELECTION_ML = 3.0
_TOLERANCE_SUV = 1e-6  # SUV thresholds are inclusive: SUV >= T - 1e-6


def number_objects(parts: list[Part]) -> dict[str, int]:
    """Labels from 1 for all tumors, then all organs, each in painting order."""
    names = [p.name for kind in ("tumor", "physiological") for p in parts if p.kind == kind]
    return {name: label for label, name in enumerate(dict.fromkeys(names), start=1)}


def threshold_map(suv: np.ndarray, threshold: float, grid: Grid, parts: list[Part], psf_fwhm_mm: float) -> np.ndarray:
    """The mask `suv >= threshold` with each voxel labeled by the object that contributes most to it.

    An object contributes suv * Phi(-d / sigma): the blurred edge of a half space at signed distance d. Where nothing
    contributes a quarter of the threshold, the voxel is noise and gets `OTHER_LABEL`.
    """
    from scipy.special import erfc

    labels, sigma = number_objects(parts), psf_fwhm_mm / FWHM_PER_SIGMA
    mask = suv >= threshold - _TOLERANCE_SUV
    owner = np.zeros(suv.shape, dtype=np.uint16)
    owner[mask] = OTHER_LABEL
    best = np.full(suv.shape, threshold / 4.0, dtype=np.float32)
    for part in parts:
        low, high = part.shape.bounds_mm()
        box = grid.box(low - 3.0 * sigma, high + 3.0 * sigma) if part.name in labels else None
        if box is None or not mask[box].any():
            continue
        hits = np.nonzero(mask[box])
        points = [np.broadcast_to(c, mask[box].shape)[hits] for c in grid.coordinates_mm(box)]
        share = part.suv * 0.5 * erfc(part.shape.distance_mm(*points) / (math.sqrt(2.0) * sigma))
        wins = share > best[box][hits]
        won = tuple(index[wins] for index in hits)
        best[box][won], owner[box][won] = share[wins], labels[part.name]
    return owner


def describe_threshold(owner: np.ndarray, image: str, threshold: float, grid: Grid, tumor_count: int) -> ThresholdTruth:
    """Count a labeled threshold mask; tumors are labels 1 to `tumor_count`."""
    from scipy import ndimage

    components, count = ndimage.label(owner, structure=np.ones((3, 3, 3)))
    sizes = np.bincount(components[owner > 0], minlength=count + 1)[1:]
    kept = sizes[sizes * grid.voxel_ml >= PRESELECTION_ML - 1e-9]
    voxels, tumor = int(sizes.sum()), int(np.count_nonzero((owner > 0) & (owner <= tumor_count)))
    return ThresholdTruth(
        image=image,
        threshold_suv=threshold,
        label_map=f"suv{threshold:.1f}_{image}.nii.gz",
        voxel_count=voxels,
        volume_ml=voxels * grid.voxel_ml,
        tumor_voxel_count=tumor,
        tumor_volume_ml=tumor * grid.voxel_ml,
        component_count=count,
        preselected_component_count=len(kept),
        preselected_voxel_count=int(kept.sum()),
        preselected_volume_ml=float(kept.sum()) * grid.voxel_ml,
    )


def describe_objects(
    grid: Grid, parts: list[Part], true_labels: np.ndarray, maps: dict[tuple[str, float], np.ndarray]
) -> tuple[ObjectTruth, ...]:
    """Every lesion and organ that lies in the scanned range. `maps`: threshold maps by (image, threshold)."""
    labels = number_objects(parts)
    on_top = np.bincount(true_labels[true_labels > 0], minlength=len(labels) + 1)
    counts = {key: np.bincount(owner[owner > 0], minlength=OTHER_LABEL + 1) for key, owner in maps.items()}
    objects = []
    for name, label in labels.items():
        own = [p for p in parts if p.name == name]
        center, volume = _center_and_volume(own, grid, float(on_top[label]) * grid.voxel_ml)
        if volume == 0.0:
            continue
        found = {
            image: {f"{t:.1f}": int(n[label]) for (of, t), n in counts.items() if of == image}
            for image in ("as-written", "noise-free")
        }
        objects.append(
            ObjectTruth(
                name=name,
                label=label,
                kind=own[0].kind,
                center_lps_mm=center,
                suv=max(p.suv for p in own),
                object_volume_ml=volume,
                threshold_voxels=found["as-written"],
                threshold_voxels_noise_free=found["noise-free"],
            )
        )
    return tuple(objects)


def true_label_map(grid: Grid, parts: list[Part]) -> np.ndarray:
    """The object on top at each voxel center: uint16 `[z, y, x]`."""
    return label_voxels(grid, parts, number_objects(parts))


def write_truth(truth: PhantomTruth, folder: Path, grid: Grid, label_maps: dict[str, np.ndarray]) -> None:
    """Write `truth.json` and the label maps (file name -> array) to `folder`."""
    import SimpleITK as sitk

    folder.mkdir(parents=True)
    for name, array in label_maps.items():
        sitk.WriteImage(grid.image(array), str(folder / name), useCompression=True)
    content = asdict(truth)
    del content["folder"]
    write_json(folder / "truth.json", content, format_name=FORMAT_NAME, version=FORMAT_VERSION)


def read_truth(folder: str | Path) -> PhantomTruth:
    """Read what `write_phantom` knew about the phantom in `folder`.

    Raises:
        Failure: there is no truth to read. Refusal: it is of another format, or newer.
    """
    document = read_json(Path(folder) / "truth" / "truth.json", format_name=FORMAT_NAME, version=FORMAT_VERSION)
    values = {f.name: document[f.name] for f in fields(PhantomTruth) if f.name != "folder"}
    for name in ("liver_center_lps_mm", "pet_size"):
        values[name] = tuple(values[name])
    values["objects"] = tuple(
        ObjectTruth(**{**o, "center_lps_mm": tuple(o["center_lps_mm"])}) for o in values["objects"]
    )
    values["thresholds"] = tuple(ThresholdTruth(**t) for t in values["thresholds"])
    return PhantomTruth(folder=Path(folder), **values)


def _center_and_volume(own: list[Part], grid: Grid, on_top_ml: float) -> tuple[tuple[float, float, float], float]:
    """Centroid and volume: of a lesion from its partial volumes, of an organ from where it shows."""
    weights, moments = 0.0, np.zeros(3)
    for part in own:
        covered = coverage(part.shape, grid)
        if covered is None:
            continue
        box, fraction = covered
        weights += float(fraction.sum(dtype=np.float64))
        moments += [float((fraction * c).sum(dtype=np.float64)) for c in grid.coordinates_mm(box)]
    if weights == 0.0:
        return (0.0, 0.0, 0.0), 0.0
    center = tuple(round(float(v), 4) for v in moments / weights)
    return center, weights * grid.voxel_ml if own[0].kind == "tumor" else on_top_ml
