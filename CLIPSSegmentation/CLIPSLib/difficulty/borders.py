"""How lesions stand out: background ring, contrast, sharpness of the border, shape. Called by `uptake`."""

from __future__ import annotations

import numpy as np

from CLIPSLib.difficulty.lesions import Found, Lesion, ReferenceCase, Undefined

MIN_RING_VOXELS = 10


def contrast(case: ReferenceCase) -> Found:
    """SUVmean over the median of the ring, and (SUVmean - mean of the ring) / its standard deviation.

    The ring holds the voxels whose distance from the lesion is above `ring_inner_mm` and at most `ring_outer_mm`
    (between voxel centers), without any tumor. Its median, since it may leak into bladder or heart.
    """
    rings = {id(lesion): _ring(case, lesion) for lesion in case.lesions}
    too_few = Undefined(f"fewer than {MIN_RING_VOXELS} background voxels around each lesion")
    flat = Undefined("the background around each lesion has no spread or no uptake")

    def to_background(lesion: Lesion) -> float | Undefined:
        ring = rings[id(lesion)]
        if len(ring) < MIN_RING_VOXELS:
            return too_few
        background = float(np.median(ring))
        return float(lesion.suv.mean()) / background if background > 0.0 else flat

    def to_noise(lesion: Lesion) -> float | Undefined:
        ring = rings[id(lesion)]
        if len(ring) < MIN_RING_VOXELS:
            return too_few
        sd = float(ring.std(ddof=1))
        return (float(lesion.suv.mean()) - float(ring.mean())) / sd if sd > 0.0 else flat

    return {
        "tumor_to_background": case.of_lesions(to_background, min),
        "contrast_to_noise": case.of_lesions(to_noise, min),
    }


def _ring(case: ReferenceCase, lesion: Lesion) -> np.ndarray:
    """SUV of the voxels of the ring, float64 `(n,)`."""
    from scipy import ndimage

    box, own = case.around(lesion, case.options.ring_outer_mm)
    distance = ndimage.distance_transform_edt(~own, sampling=case.spacing_mm)
    ring = (distance > case.options.ring_inner_mm + 1e-6) & (distance <= case.options.ring_outer_mm + 1e-6)
    return case.suv[box][ring & ~case.tumor[box]].astype(np.float64)


def sharpness(case: ReferenceCase) -> Found:
    """Mean gradient of SUV over the lesion's border voxels (face neighbor outside), divided by SUVmax, per mm."""

    def sharp(lesion: Lesion) -> float | Undefined:
        if _too_small(case, lesion):
            return _no_shape(case)
        box, own = case.around(lesion, max(case.spacing_mm))
        suv = case.suv[box].astype(np.float64)
        if min(suv.shape) < 2:
            return Undefined("the image is one voxel thick")
        gradient = np.sqrt(sum(g**2 for g in np.gradient(suv, *case.spacing_mm)))
        suv_max = float(lesion.suv.max())
        return float(gradient[border(own)].mean()) / suv_max if suv_max > 0.0 else Undefined("the lesion has no uptake")

    return {"boundary_sharpness": case.of_lesions(sharp, min)}


def shape(case: ReferenceCase) -> Found:
    """Sphericity (surface of the sphere of equal volume over the surface) and surface over volume, per mm.

    Surfaces are estimated by SimpleITK's LabelShapeStatistics (Crofton's formula), which voxel corners do not inflate.
    """
    shapes = {id(lesion): _roundness_and_surface(case, lesion) for lesion in case.lesions}

    def roundness(lesion: Lesion) -> float | Undefined:
        return _no_shape(case) if _too_small(case, lesion) else shapes[id(lesion)][0]

    def surface_to_volume(lesion: Lesion) -> float | Undefined:
        return _no_shape(case) if _too_small(case, lesion) else shapes[id(lesion)][1] / (1000.0 * lesion.volume_ml)

    return {
        "sphericity": case.of_lesions(roundness, min),
        "surface_to_volume": case.of_lesions(surface_to_volume, max),
    }


def border(mask: np.ndarray) -> np.ndarray:
    """The voxels of a mask that have a face neighbor outside it; beyond the array nothing is in it."""
    from scipy import ndimage

    return mask & ~ndimage.binary_erosion(mask, ndimage.generate_binary_structure(3, 1))


def _roundness_and_surface(case: ReferenceCase, lesion: Lesion) -> tuple[float, float]:
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(np.pad(lesion.mask, 1).astype(np.uint8))
    image.SetSpacing(case.spacing_mm[::-1])
    statistics = sitk.LabelShapeStatisticsImageFilter()
    statistics.ComputePerimeterOn()
    statistics.Execute(image)
    return statistics.GetRoundness(1), statistics.GetPerimeter(1)


def _too_small(case: ReferenceCase, lesion: Lesion) -> bool:
    return lesion.voxel_count < case.options.min_shape_voxels


def _no_shape(case: ReferenceCase) -> Undefined:
    return Undefined(f"no lesion has {case.options.min_shape_voxels} voxels")
