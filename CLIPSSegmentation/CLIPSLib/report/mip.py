"""Maximum intensity projections in patient space, as physicians look at them. Used by `figure`.

Anterior view: patient's left on the viewer's right. Left lateral view: face to the viewer's left. Head up in both.
Whatever the direction cosines of the PET, the projections look the same; values are not interpolated unless the
grid is oblique.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from CLIPSLib.imaging.geometry import array_view
from CLIPSLib.segmentation.types import Lesion, Segmentation

if TYPE_CHECKING:
    import SimpleITK as sitk

ANTERIOR, LEFT_LATERAL = "anterior", "left-lateral"
_BODY_SUV = 0.3  # above air and scatter, below fat: where the picture is cut
_MARGIN_MM = 15.0
_ALIGNED = 1e-4  # largest deviation of a direction cosine that counts as axis-aligned


@dataclass(frozen=True, kw_only=True)
class ProjectedLesion:
    """The shadow of a lesion: `mask` (rows from the head down, columns as seen) at `row`, `column` of the picture."""

    lesion: Lesion
    row: int
    column: int
    mask: np.ndarray

    @property
    def center(self) -> tuple[float, float]:
        """Center of the shadow in pixels of the picture (row, column)."""
        rows, columns = np.nonzero(self.mask)
        return self.row + float(rows.mean()) + 0.5, self.column + float(columns.mean()) + 0.5


@dataclass(frozen=True, kw_only=True)
class Projection:
    """One view: highest SUVbw (g/mL) along each ray, `[row, column]` with row 0 at the head, and lesion shadows."""

    view: str
    suv: np.ndarray
    pixel_mm: tuple[float, float]  # height, width of a pixel
    lesions: tuple[ProjectedLesion, ...]

    @property
    def size_mm(self) -> tuple[float, float]:
        """Height and width of the picture."""
        return self.suv.shape[0] * self.pixel_mm[0], self.suv.shape[1] * self.pixel_mm[1]


def project(pet: sitk.Image, segmentation: Segmentation) -> tuple[Projection, Projection]:
    """The anterior and the left lateral view of a PET (SUVbw) and the lesions on it, cut to the body."""
    upright_pet = in_patient_axes(pet)
    upright_labels = in_patient_axes(segmentation.labels, labels=True)
    suv, labels = array_view(upright_pet), array_view(upright_labels)  # [superior, posterior, left]
    x_mm, y_mm, z_mm = upright_pet.GetSpacing()
    shadows = list(_shadows(labels, segmentation.lesions))
    anterior = _view(ANTERIOR, suv, shadows, axis=1, pixel_mm=(z_mm, x_mm))
    lateral = _view(LEFT_LATERAL, suv, shadows, axis=2, pixel_mm=(z_mm, y_mm))
    return anterior, lateral


def in_patient_axes(image: sitk.Image, *, labels: bool = False) -> sitk.Image:
    """The image with its axes along left, posterior, superior: permuted and flipped, or resampled when oblique."""
    import SimpleITK as sitk

    turned = sitk.DICOMOrient(image, "LPS")
    direction = np.array(turned.GetDirection()).reshape(3, 3)
    if np.abs(direction - np.eye(3)).max() <= _ALIGNED:
        return turned
    size, spacing = np.array(turned.GetSize()), np.array(turned.GetSpacing())
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in size])).reshape(3, -1).T * spacing
    corners = corners @ direction.T + np.array(turned.GetOrigin())
    low, high = corners.min(axis=0), corners.max(axis=0)
    resampler = sitk.ResampleImageFilter()
    resampler.SetSize([int(n) for n in np.ceil((high - low) / spacing) + 1])
    resampler.SetOutputSpacing(spacing.tolist())
    resampler.SetOutputOrigin(low.tolist())
    resampler.SetInterpolator(sitk.sitkNearestNeighbor if labels else sitk.sitkLinear)
    return resampler.Execute(turned)


def _shadows(labels: np.ndarray, lesions: Sequence[Lesion]) -> Iterator[tuple[Lesion, tuple[slice, ...], np.ndarray]]:
    """Each lesion with its box and mask, largest first, so that small ones are drawn on top."""
    from scipy import ndimage

    boxes = ndimage.find_objects(labels)
    found = []
    for lesion in lesions:
        box = boxes[lesion.label - 1] if lesion.label <= len(boxes) else None
        if box is not None:
            found.append((lesion, box, labels[box] == lesion.label))
    yield from sorted(found, key=lambda item: -int(np.count_nonzero(item[2])))


def _view(view: str, suv: np.ndarray, shadows: Sequence, *, axis: int, pixel_mm: tuple[float, float]) -> Projection:
    """Project along array axis 1 (front to back) or 2 (side to side); both leave columns as the viewer sees them."""
    picture = suv.max(axis=axis)[::-1]
    height = picture.shape[0]
    across = 2 if axis == 1 else 1
    lesions = [
        ProjectedLesion(
            lesion=lesion,
            row=height - box[0].stop,
            column=box[across].start,
            mask=mask.any(axis=axis)[::-1],
        )
        for lesion, box, mask in shadows
    ]
    rows, columns = _body(picture, lesions, pixel_mm)
    moved = tuple(
        ProjectedLesion(lesion=s.lesion, row=s.row - rows.start, column=s.column - columns.start, mask=s.mask)
        for s in lesions
    )
    return Projection(view=view, suv=picture[rows, columns], pixel_mm=pixel_mm, lesions=moved)


def _body(
    picture: np.ndarray, lesions: Sequence[ProjectedLesion], pixel_mm: tuple[float, float]
) -> tuple[slice, slice]:
    """The rows and columns that hold the body and every lesion, with a margin; all of them in an empty picture."""
    shown = picture > _BODY_SUV
    for shadow in lesions:
        height, width = shadow.mask.shape
        shown[shadow.row : shadow.row + height, shadow.column : shadow.column + width] |= shadow.mask
    window = []
    for axis, step_mm in ((1, pixel_mm[0]), (0, pixel_mm[1])):
        used = np.flatnonzero(shown.any(axis=axis))
        count = shown.shape[1 - axis]
        margin = round(_MARGIN_MM / step_mm)
        window.append(
            slice(max(0, used[0] - margin), min(count, used[-1] + 1 + margin)) if used.size else slice(0, count)
        )
    return window[0], window[1]
