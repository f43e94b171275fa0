"""What is known about a phantom: the true objects, and what every threshold finds. Handed out by the generator.

Plain frozen data; label maps stay in files and are read on demand.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import SimpleITK as sitk

OTHER_LABEL = 65535  # voxels at or above a threshold that no object accounts for (noise)


@dataclass(frozen=True, kw_only=True)
class ObjectTruth:
    """One lesion or organ.

    kind: "tumor" or "physiological"; label: in all label maps; suv: before blurring and noise, g/mL;
    object_volume_ml: supersampled volume inside the scanned range (organs: voxels in which they are on top);
    threshold_voxels: voxels attributed to it at or above each threshold in the image as written ({"4.0": 812, ...}).
    """

    name: str
    label: int
    kind: str
    center_lps_mm: tuple[float, float, float]
    suv: float
    object_volume_ml: float
    threshold_voxels: dict[str, int]
    threshold_voxels_noise_free: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class ThresholdTruth:
    """What `SUV >= threshold` finds in one image, "as-written" or "noise-free" (equal when made without noise).

    preselected_*: 26-connected components of at least 3 mL. tumor_*: voxels attributed to tumor lesions.
    label_map: file name in the truth folder; its voxels > 0 are the mask.
    """

    image: str
    threshold_suv: float
    label_map: str
    voxel_count: int
    volume_ml: float
    tumor_voxel_count: int
    tumor_volume_ml: float
    component_count: int
    preselected_component_count: int
    preselected_voxel_count: int
    preselected_volume_ml: float


@dataclass(frozen=True, kw_only=True)
class PhantomTruth:
    """A phantom on disk and all that is true of it.

    folder holds `pet/`, `ct/` (if made) and `truth/`. suv_factor: from rescaled PET values to SUVbw (g/mL).
    header: the patient, the injection and the timing that the factor follows from. pet_size: columns, rows, slices.
    """

    folder: Path
    preset: str
    vendor: str
    units: str
    orientation: str
    seed: int
    noise: bool
    psf_fwhm_mm: float
    liver_suv: float
    liver_center_lps_mm: tuple[float, float, float]
    voxel_volume_ml: float
    pet_size: tuple[int, int, int]
    suv_factor: float
    header: dict[str, object]
    mean_body_suv: float
    objects: tuple[ObjectTruth, ...]
    thresholds: tuple[ThresholdTruth, ...]

    @property
    def lesions(self) -> tuple[ObjectTruth, ...]:
        """The tumor lesions."""
        return tuple(o for o in self.objects if o.kind == "tumor")

    def object_named(self, name: str) -> ObjectTruth:
        """Raises KeyError when the phantom has no such object."""
        for candidate in self.objects:
            if candidate.name == name:
                return candidate
        raise KeyError(name)

    def threshold(self, suv: float, image: str = "as-written") -> ThresholdTruth:
        """What `SUV >= suv` finds. Raises KeyError for a threshold that was not prepared."""
        for truth in self.thresholds:
            if truth.threshold_suv == suv and truth.image == image:
                return truth
        raise KeyError((suv, image))

    def object_labels(self) -> sitk.Image:
        """True label of every voxel center (uint16, PET grid)."""
        return self._read("objects.nii.gz")

    def threshold_labels(self, suv: float, image: str = "as-written") -> sitk.Image:
        """Voxels at or above a threshold, by the object that accounts for them (uint16, PET grid)."""
        return self._read(self.threshold(suv, image).label_map)

    def _read(self, name: str) -> sitk.Image:
        import SimpleITK as sitk

        return sitk.ReadImage(str(self.folder / "truth" / name))
