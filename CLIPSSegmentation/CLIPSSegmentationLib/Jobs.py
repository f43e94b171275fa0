"""Segmentations as background jobs of this user: ordered from nodes, kept in one queue, brought back into the scene.

A job's folder holds all it needs, so that neither closing the scene nor Slicer loses anything (docs/jobs.md). Beside
the protocol's files it has `images/` (what was handed over), `origin.json` (whose study it is) and, once the result
is in a scene, the empty file `shown`.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import slicer

if TYPE_CHECKING:
    from CLIPSLib import PetCtStudy
    from CLIPSLib.jobs import Job, JobStatus

_IMAGES, _RESULT, _ORIGIN, _SHOWN = "images", "result", "origin.json", "shown"
_TOKEN_ATTRIBUTE = "CLIPS.JobToken"  # PET node: drawn when its first job is ordered; saved with the scene
_FORMAT = {"format_name": "clips-panel-job", "version": 1}


class SegmentationJob:
    """A job as the panel sees it: the job itself, and whose study it works on."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.folder: Path = job.folder

    @property
    def model(self) -> str:
        return self.job.arguments.get("model", "")

    @cached_property
    def origin(self) -> dict[str, Any]:
        """title: the study in words; petToken: what its PET node carries; petNodeId, ctNodeId, petSeriesUid."""
        from CLIPSLib.files import read_json

        return read_json(self.folder / _ORIGIN, **_FORMAT)

    @property
    def status(self) -> JobStatus:
        return self.job.status()

    @property
    def shown(self) -> bool:
        """Whether the result has been brought into a scene."""
        return (self.folder / _SHOWN).exists()

    def logText(self) -> str:
        """Everything that the process said, or nothing."""
        return self.job.log_path.read_text("utf-8", errors="replace") if self.job.log_path.exists() else ""


class SegmentationJobs:
    """The queue of this user's segmentations: at most one runs at a time, the others wait in their order.

    root: by default `jobs` in the folder of user data that Slicer and the command share.
    """

    def __init__(self, root: str | Path | None = None) -> None:
        from CLIPSLib.jobs import JobQueue
        from CLIPSLib.models import user_folder

        self._queue = JobQueue(root or user_folder() / "jobs")

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
        """Hand a study over and put its segmentation at the end of the queue. `advance` starts it."""
        from CLIPSLib.files import write_json
        from CLIPSLib.tasks.segment_job import save_study

        folder = self._queue.new_folder(petNode.GetName())
        folder.mkdir(parents=True)
        try:
            save_study(study, folder / _IMAGES)
            write_json(folder / _ORIGIN, _origin(study, petNode, ctNode), **_FORMAT)
            arguments = {"images": _IMAGES, "out": _RESULT, "model": model}
            arguments |= {"options": dict(options or {}), "answers": dict(answers or {})}
            return SegmentationJob(self._queue.add("segment", arguments, folder=folder))
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def again(self, job: SegmentationJob, answers: Mapping[str, Any] | None = None) -> SegmentationJob:
        """Order a job that has ended anew, with answers to what it asked; the old one goes."""
        folder = self._queue.new_folder(job.origin["title"])
        folder.mkdir(parents=True)
        for name in (_IMAGES, _ORIGIN):
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
        return [SegmentationJob(job) for job in self._queue.jobs() if (job.folder / _ORIGIN).exists()]

    def remove(self, job: SegmentationJob) -> None:
        """Delete a job with its images and its result. One that runs is ended first."""
        if not job.status.ended:
            job.job.cancel(grace_s=2.0)
        shutil.rmtree(job.folder)

    def study(self, job: SegmentationJob) -> PetCtStudy:
        """The study that was handed over, as it was. Raises `Failure` when its images are gone."""
        from CLIPSLib.formats import read_saved_study

        return read_saved_study(job.folder / _IMAGES)

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
            ClipsError: what stopped the job, or its result is damaged.
        """
        from CLIPSLib.formats import read_result
        from CLIPSLib.scene import add_measures_table, add_segmentation, add_study_volumes, lies_on_grid

        job.status.raise_for_error()
        result = read_result(job.folder / _RESULT)
        petNode = self.petNode(job)
        if petNode is None or not lies_on_grid(result.segmentation.labels, petNode):
            petNode, _ctNode = add_study_volumes(self.study(job))
            petNode.SetAttribute(_TOKEN_ATTRIBUTE, job.origin["petToken"])
        segmentationNode = add_segmentation(result.segmentation, result.study, petNode)
        tableNode = add_measures_table(result.measures, segmentationNode)
        (job.folder / _SHOWN).touch()
        return segmentationNode, tableNode


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
