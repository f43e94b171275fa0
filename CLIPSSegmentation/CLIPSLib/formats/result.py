"""`write_result` and `read_result`: everything that one study gave, as a folder of open formats (docs/formats.md)."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from CLIPSLib.errors import Failure, Refusal
from CLIPSLib.files import sha256_file
from CLIPSLib.formats.anonymous import anonymous_measures, anonymous_segmentation, anonymous_study
from CLIPSLib.formats.documents import (
    SegmentationFacts,
    StudyFacts,
    grid_of,
    read_measures_json,
    read_segmentation_json,
    read_study_json,
    write_measures_json,
    write_segmentation_json,
    write_study_json,
)
from CLIPSLib.formats.nifti import read_image, read_labels, write_image, write_labels
from CLIPSLib.formats.seg_nrrd import write_seg_nrrd
from CLIPSLib.formats.staging import together
from CLIPSLib.formats.tables import write_lesions_csv
from CLIPSLib.imaging.geometry import array_view, same_grid
from CLIPSLib.measures.types import Measures
from CLIPSLib.progress import SILENT, Reporter
from CLIPSLib.segmentation.types import Segmentation
from CLIPSLib.study.types import PetCtStudy

if TYPE_CHECKING:
    import SimpleITK as sitk

LABELS, PROBABILITY, SEGMENTS = "labels.nii.gz", "probability.nii.gz", "lesions.seg.nrrd"
PET, CT = "pet_suv.nii.gz", "ct_hu.nii.gz"
TABLE, MEASURES, STUDY, SEGMENTATION = "lesions.csv", "measures.json", "study.json", "segmentation.json"
# segmentation.json vouches for the set and comes last (see `together`)
RESULT_FILES = (LABELS, PROBABILITY, SEGMENTS, PET, CT, TABLE, MEASURES, STUDY, SEGMENTATION)


@dataclass(frozen=True, kw_only=True)
class StoredResult:
    """A result read back: the segmentation on its grid, what is known of the study, the measures as written."""

    folder: Path
    segmentation: Segmentation
    study: StudyFacts
    measures: Measures


def write_result(
    folder: str | os.PathLike,
    study: PetCtStudy,
    segmentation: Segmentation,
    measures: Measures,
    *,
    overwrite: bool = False,
    save_images: bool = False,
    anonymous: bool = False,
    extras: Mapping[str, Callable[[Path], object]] | None = None,
    reporter: Reporter = SILENT,
) -> dict[str, Path]:
    """Write a result into `folder`: all of its files, or none. Other files in the folder are left alone.

    save_images: also the SUV and CT images. anonymous: without names, ids, dates, UIDs and paths.
    extras: more files of the set, by name, each with the function that writes it (the report).
    Returns file name -> path.

    Raises:
        Refusal: the folder holds a result and `overwrite` is False, or segments that a person corrected; labels and
            PET are on different grids.
        Failure: disk full, folder not writable; nothing was changed. Cancelled: `reporter` said so; as before.
    """
    if not same_grid(segmentation.labels, study.pet):
        raise Refusal("grid-differs", "The labels are not on the grid of the PET", study.identity.pet_series_uid)
    if anonymous:
        segmentation = anonymous_segmentation(segmentation, study.identity)
        measures = anonymous_measures(measures, study.identity)
        study = anonymous_study(study)
    images = _image_writers(study, segmentation, save_images=save_images)
    if overwrite and (corrected := corrected_segments(folder)) is not None:
        raise _corrected(corrected)
    images.update(extras or {})
    names = (*(extras or {}), *RESULT_FILES)
    with together(folder, names, overwrite=overwrite) as temporary:
        for done, (name, write) in enumerate(images.items()):
            reporter.check()
            reporter.progress("Writing results", done / len(images))
            write(temporary / name)
        write_lesions_csv(temporary / TABLE, study, segmentation, measures)
        write_measures_json(temporary / MEASURES, measures, user_entered=study.identity.user_entered)
        write_study_json(temporary / STUDY, study, anonymous=anonymous)
        described = (temporary / name for name in (LABELS, SEGMENTS, MEASURES))
        write_segmentation_json(temporary / SEGMENTATION, segmentation, *described)
        reporter.check()
    reporter.progress("Writing results", 1.0)
    return {name: Path(folder) / name for name in names if (Path(folder) / name).exists()}


def corrected_segments(folder: str | os.PathLike) -> Path | None:
    """The segments of a result if somebody changed them since (saving in Slicer goes there by default), else None."""
    segments = Path(folder) / SEGMENTS
    if not segments.is_file() or not (Path(folder) / SEGMENTATION).is_file():
        return None
    written = read_segmentation_json(Path(folder) / SEGMENTATION).segments_sha256
    return None if sha256_file(segments) == written else segments


def read_result(folder: str | os.PathLike) -> StoredResult:
    """Read a result and check that it is whole: hash of the labels, their grid, a name for every label.

    Raises:
        Failure: no result there, a file missing, damaged or changed. Refusal: written by a newer version.
    """
    root = Path(folder)
    if not (root / SEGMENTATION).is_file():
        what = f"The folder is no result of 'clips segment': {SEGMENTATION} is not in it"
        raise Failure("no-result", what, str(root), "Name the folder of one study's result, or a mask file.")
    facts = read_segmentation_json(root / SEGMENTATION)
    labels_path = root / Path(facts.labels_file).name
    if not labels_path.is_file():
        raise _damaged("The label map that segmentation.json names is missing", labels_path)
    if sha256_file(labels_path) != facts.labels_sha256:
        raise _damaged("The label map is not the one that was measured: its SHA-256 differs", labels_path)
    measures = read_measures_json(root / MEASURES)
    if sha256_file(root / MEASURES) != facts.measures_sha256:
        raise _damaged("The measures are not those that were written: their SHA-256 differs", root / MEASURES)
    labels = read_labels(labels_path)
    _check_labels(labels, facts, labels_path)
    probability = read_image(root / PROBABILITY) if (root / PROBABILITY).exists() else None
    return StoredResult(
        folder=root,
        segmentation=Segmentation(
            labels=labels,
            lesions=facts.lesions,
            probability=probability,
            provenance=facts.provenance,
            valid_for=facts.valid_for,
            reviewed=facts.reviewed,
            cautions=facts.cautions,
        ),
        study=read_study_json(root / STUDY),
        measures=measures,
    )


def read_saved_study(folder: str | os.PathLike) -> PetCtStudy:
    """The study of a result that was written with its images (compressed or not), to use it again without DICOM.

    Raises:
        Refusal: the images were not saved. Failure: a file is missing or damaged.
    """
    root = Path(folder)
    facts = read_study_json(root / STUDY)
    pet, ct = _saved_image(root, PET), _saved_image(root, CT)
    if pet is None:
        raise Refusal(
            "images-not-saved",
            f"The result holds no {PET}",
            str(root),
            "Read the DICOM study, or make the result again with its images saved.",
        )
    return PetCtStudy(
        pet=read_image(pet),
        ct=read_image(ct) if ct else None,
        identity=facts.identity,
        suv=facts.suv,
        cautions=facts.cautions,
    )


def _saved_image(root: Path, name: str) -> Path | None:
    return next((path for path in (root / name, root / name.removesuffix(".gz")) if path.exists()), None)


def _image_writers(
    study: PetCtStudy, segmentation: Segmentation, *, save_images: bool
) -> dict[str, Callable[[Path], Path]]:
    """The image files of a result: name -> how it is written."""
    writers: dict[str, Callable[[Path], Path]] = {
        LABELS: lambda path: write_labels(segmentation.labels, path),
        SEGMENTS: lambda path: write_seg_nrrd(segmentation, path),
    }
    if segmentation.probability is not None:
        writers[PROBABILITY] = lambda path: write_image(segmentation.probability, path)
    if save_images:
        writers[PET] = lambda path: write_image(study.pet, path)
        if study.ct is not None:
            writers[CT] = lambda path: write_image(study.ct, path)
    return writers


def _check_labels(labels: sitk.Image, facts: SegmentationFacts, path: Path) -> None:
    from scipy import ndimage

    grid = grid_of(labels)
    if set(facts.grid) != set(grid) or any(
        not np.allclose(grid[key], facts.grid[key], rtol=0.0, atol=1e-3) for key in grid
    ):
        raise _damaged("The grid of the label map is not the one that segmentation.json states", path)
    present = {label for label, box in enumerate(ndimage.find_objects(array_view(labels)), start=1) if box}
    unknown = present - {lesion.label for lesion in facts.lesions}
    if unknown:
        raise _damaged(f"The label map holds values without a lesion: {sorted(unknown)}", path)


def _corrected(segments: Path) -> Refusal:
    return Refusal(
        "corrected",
        "The segments were saved again since the result was written, and are not overwritten",
        str(segments),
        "Move or rename this file first, or choose another folder for the results.",
    )


def _damaged(what: str, path: Path) -> Failure:
    return Failure("damaged-result", what, str(path), "Make the result again, or restore its folder as a whole.")
