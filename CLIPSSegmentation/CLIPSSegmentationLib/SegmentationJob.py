"""One background segmentation as the panel sees it: the job itself, whose study it works on, what it keeps on the disk.

Made by `Jobs.SegmentationJobs`. Beside the protocol's files (docs/jobs.md) a job's folder has `images/` (what was
handed over), `origin.json` (whose study it is), `result/` and two empty files: `panel` (a panel ordered it, and shows
what becomes of it where its PET is) and, once the result is in a scene, `shown`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from CLIPSLib.jobs import Job, JobStatus

IMAGES, RESULT, ORIGIN = "images", "result", "origin.json"
ORIGIN_FORMAT = {"format_name": "clips-panel-job", "version": 1}
_SHOWN, _FOR_PANEL = "shown", "panel"


class SegmentationJob:
    """A job and the study it was ordered for."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.folder: Path = job.folder
        self._size: tuple[object, int] | None = None

    @property
    def model(self) -> str:
        return self.job.arguments.get("model", "")

    @cached_property
    def origin(self) -> dict[str, Any]:
        """title: the study in words; petToken: what its PET node carries; petNodeId, ctNodeId, petSeriesUid.

        What a damaged or older file does not say is made up for, because one bad folder must not close the panel.
        """
        from CLIPSLib.errors import ClipsError
        from CLIPSLib.files import read_json

        unknown = {"title": self.folder.name, "petToken": self.folder.name, "petNodeId": "", "petSeriesUid": ""}
        try:
            return {**unknown, **read_json(self.folder / ORIGIN, **ORIGIN_FORMAT)}
        except ClipsError:
            return unknown

    @property
    def status(self) -> JobStatus:
        return self.job.status()

    @property
    def shown(self) -> bool:
        """Whether the result has been brought into a scene."""
        return (self.folder / _SHOWN).exists()

    def markShown(self) -> None:
        (self.folder / _SHOWN).touch()

    @property
    def forPanel(self) -> bool:
        """Whether a panel ordered it: who ordered it from a script brings the result into the scene himself."""
        return (self.folder / _FOR_PANEL).exists()

    def markForPanel(self) -> None:
        (self.folder / _FOR_PANEL).touch()

    @property
    def hasImages(self) -> bool:
        """Whether the images that were handed over are still there: to run again, or to load the PET again."""
        return (self.folder / IMAGES).is_dir()

    def dropImages(self) -> None:
        """Delete the images; protocol and result stay."""
        shutil.rmtree(self.folder / IMAGES)

    @property
    def lastChanged(self) -> float:
        """When something was last said or done, in seconds since the epoch."""
        return max(path.stat().st_mtime for path in self.folder.iterdir() if path.is_file())

    @property
    def sizeBytes(self) -> int:
        """What the folder takes on the disk; counted again only when it may have changed."""
        state = (self.status.state, self.shown, self.hasImages)
        if self._size is None or self._size[0] != state:
            self._size = (state, _sizeOf(self.folder))
        return self._size[1]

    def logText(self) -> str:
        """Everything that the process said, or nothing."""
        return self.job.log_path.read_text("utf-8", errors="replace") if self.job.log_path.exists() else ""


def _sizeOf(folder: Path) -> int:
    """Bytes of all files; those that a running job moves away meanwhile do not count."""
    size = 0
    for root, _folders, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                size += os.stat(os.path.join(root, name)).st_size
    return size
