"""Segmentations as background jobs of this user: ordered from nodes, kept in one queue, brought back into the scene.

A job's folder holds all it needs, so that neither closing the scene nor Slicer loses anything (docs/jobs.md).
"""

from __future__ import annotations

import contextlib
import shutil
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import slicer
from slicer.i18n import tr as _

from CLIPSSegmentationLib.SegmentationJob import IMAGES, ORIGIN, ORIGIN_FORMAT, RESULT, SegmentationJob

if TYPE_CHECKING:
    import SimpleITK as sitk
    from CLIPSLib import PetCtStudy

_TOKEN_ATTRIBUTE = "CLIPS.JobToken"  # PET node: drawn when its first job is ordered; saved with the scene
_IMAGES_KEPT_S = 24 * 3600.0  # after a job has ended and its result was shown: a crash, a second look, another run
_ROOM_FACTOR = 1.5  # the images once more at most, for masks, probabilities and temporary files
_ROOM_BYTES = 200_000_000


class SegmentationJobs:
    """The queue of this user's segmentations: at most one runs at a time, the others wait in their order.

    root: by default `jobs` in the folder of user data that Slicer and the command share.
    """

    def __init__(self, root: str | Path | None = None) -> None:
        from CLIPSLib.jobs import JobQueue
        from CLIPSLib.models import user_folder

        self._queue = JobQueue(root or user_folder() / "jobs")
        self._makeRoot()

    @property
    def root(self) -> Path:
        return self._queue.root

    def add(
        self,
        study: PetCtStudy,
        petNode,
        ctNode=None,
        *,
        model: str,
        options: Mapping[str, Any] | None = None,
        answers: Mapping[str, Any] | None = None,
    ) -> SegmentationJob:
        """Hand a study over and put its segmentation at the end of the queue. `advance` starts it.

        Raises:
            Refusal: the disk has no room for it. Failure: it cannot be written.
        """
        from CLIPSLib.files import write_json
        from CLIPSLib.tasks.segment_job import save_study

        self._makeRoot()
        self.tidy()
        self._requireRoom(study)
        folder = self._newFolder()
        try:
            save_study(study, folder / IMAGES)
            write_json(folder / ORIGIN, _origin(study, petNode, ctNode), **ORIGIN_FORMAT)
            arguments = {"images": IMAGES, "out": RESULT, "model": model}
            arguments |= {"options": dict(options or {}), "answers": dict(answers or {})}
            return SegmentationJob(self._queue.add("segment", arguments, folder=folder))
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def again(self, job: SegmentationJob, answers: Mapping[str, Any] | None = None) -> SegmentationJob:
        """Order a job that has ended anew, with answers to what it asked; the old one goes.

        Raises:
            Refusal: its images were deleted.
        """
        if not job.hasImages:
            raise _imagesGone(job, _("Load the study again and apply the method."))
        folder = self._newFolder()
        for name in (IMAGES, ORIGIN):
            (job.folder / name).rename(folder / name)
        arguments = dict(job.job.arguments)
        arguments["answers"] = {**arguments.get("answers", {}), **(answers or {})}
        ordered = SegmentationJob(self._queue.add("segment", arguments, folder=folder))
        self.remove(job)
        return ordered

    def advance(self) -> None:
        """Start what there is room for. Called by a timer, or by who waits."""
        self._queue.advance()

    def jobs(self) -> list[SegmentationJob]:
        """All jobs that came from a panel or its logic, oldest first."""
        return [SegmentationJob(job) for job in self._queue.jobs() if (job.folder / ORIGIN).exists()]

    def remove(self, job: SegmentationJob) -> None:
        """Delete a job with its images and its result. One that runs is ended first."""
        job.job.delete()

    def tidy(self) -> None:
        """Delete the images of jobs that ended a day ago; results that were in no scene yet keep theirs."""
        for job in self.jobs():
            waits = job.status.state == "done" and not job.shown
            with contextlib.suppress(OSError):  # somebody reads or removes them right now: another time
                if job.hasImages and job.status.ended and not waits and time.time() - job.lastChanged > _IMAGES_KEPT_S:
                    job.dropImages()

    def study(self, job: SegmentationJob) -> PetCtStudy:
        """The study that was handed over, as it was. Raises `Failure` when its images are gone."""
        from CLIPSLib.formats import read_saved_study

        return read_saved_study(job.folder / IMAGES)

    def petNode(self, job: SegmentationJob):
        """The volume in the scene that a job was ordered for, None when it is gone.

        Only the token counts. Names are changed, two studies of one patient share them, a series UID is not always
        known, and after a scene is closed a node's id is given to another volume.
        """
        token = job.origin["petToken"]
        nodes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
        found = [node for node in nodes if node.GetAttribute(_TOKEN_ATTRIBUTE) == token]
        # a clone carries the token too, under another id
        return min(found, key=lambda node: node.GetID() != job.origin["petNodeId"], default=None)

    def show(self, job: SegmentationJob):
        """Bring the result of a job into the scene: beside its PET, which is loaded again when it is gone.

        Returns:
            (segmentation node, table node of the measures).

        Raises:
            ClipsError: what stopped the job; its result is damaged; its PET is gone and so are its images.
        """
        from CLIPSLib.formats import read_result
        from CLIPSLib.scene import add_measures_table, add_segmentation

        job.status.raise_for_error()
        result = read_result(job.folder / RESULT)
        petNode = self._petFor(job, result)
        segmentationNode = add_segmentation(result.segmentation, result.study, petNode)
        tableNode = add_measures_table(result.measures, segmentationNode)
        job.markShown()
        return segmentationNode, tableNode

    def _petFor(self, job: SegmentationJob, result):
        """The volume that a result belongs to, from the scene or from the images that were handed over."""
        from CLIPSLib.scene import add_study_volumes, lies_on_grid

        petNode = self.petNode(job)
        if petNode is not None and lies_on_grid(result.segmentation.labels, petNode):
            return petNode
        if job.hasImages:
            petNode, _ctNode = add_study_volumes(self.study(job))
        else:
            volumes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
            petNode = next((node for node in volumes if _showsStudyOf(node, result)), None)
        if petNode is None:
            raise _imagesGone(job, _("Load the study again, then show the result."))
        if not petNode.GetAttribute(_TOKEN_ATTRIBUTE):  # jobs of its own find it by the one it has
            petNode.SetAttribute(_TOKEN_ATTRIBUTE, job.origin["petToken"])
        return petNode

    def _makeRoot(self) -> None:
        """A folder that only its owner can open."""
        self.root.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(OSError):  # it may be another user's, who has set who may read it
            self.root.chmod(0o700)

    def _newFolder(self) -> Path:
        """Its name says when and nothing else: names of folders are seen by backups and other users."""
        folder = self._queue.new_folder("segment")
        folder.mkdir(parents=True)
        return folder

    def _requireRoom(self, study: PetCtStudy) -> None:
        from CLIPSLib import Refusal

        images = [image for image in (study.pet, study.ct) if image is not None]
        needed = sum(_sizeBytes(image) for image in images) * _ROOM_FACTOR + _ROOM_BYTES
        free = shutil.disk_usage(self.root).free
        if free < needed:
            raise Refusal(
                "disk-full",
                _("The segmentation needs {needed:.1f} GB on the disk, {free:.1f} GB are free").format(
                    needed=needed / 1e9, free=free / 1e9
                ),
                str(self.root),
                _("Remove segmentations that are not needed any more from the list of jobs, or choose another folder."),
            )


def _origin(study: PetCtStudy, petNode, ctNode) -> dict[str, Any]:
    identity = study.identity
    words = (identity.patient_id or identity.patient_name, identity.study_date, petNode.GetName())
    return {
        "title": " ".join(word for word in words if word),
        "petToken": _token(petNode),
        "petNodeId": petNode.GetID(),
        "ctNodeId": ctNode.GetID() if ctNode else "",
        "petSeriesUid": identity.pet_series_uid,
    }


def _token(petNode) -> str:
    """By which the jobs of a volume find it again; all jobs of one volume share it."""
    if not petNode.GetAttribute(_TOKEN_ATTRIBUTE):
        petNode.SetAttribute(_TOKEN_ATTRIBUTE, uuid.uuid4().hex)
    return petNode.GetAttribute(_TOKEN_ATTRIBUTE)


def _showsStudyOf(petNode, result) -> bool:
    """Whether a volume that was loaded anew is the one of a result: series, grid and SUV factor are the same."""
    from CLIPSLib import ClipsError
    from CLIPSLib.scene import SERIES_ATTRIBUTE, lies_on_grid, require_suvbw, study_facts

    series = result.study.identity.pet_series_uid
    if not series or petNode.GetAttribute(SERIES_ATTRIBUTE) != series:
        return False
    try:
        require_suvbw(petNode)
        suv = study_facts(petNode).suv
    except ClipsError:
        return False
    factors = [None if each is None else (each.factor, each.slice_factors) for each in (suv, result.study.suv)]
    return factors[0] == factors[1] and lies_on_grid(result.segmentation.labels, petNode)


def _imagesGone(job: SegmentationJob, remedy: str):
    from CLIPSLib import Refusal

    what = _("The images of this segmentation were deleted a day after it had ended")
    return Refusal("images-gone", what, job.origin["title"], remedy)


def _sizeBytes(image: sitk.Image) -> int:
    return image.GetNumberOfPixels() * image.GetSizeOfPixelComponent()
