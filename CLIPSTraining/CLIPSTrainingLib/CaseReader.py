"""Reads the images and masks of cases, those of the neighbors in the list ahead of time in a thread. Made by Panel.

What is kept never changes in a registry (images of a case, a mask version), so it is never out of date; which masks
there are, who reviewed and what is unfinished is asked anew whenever a case is opened.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import qt

from CLIPSTrainingLib.CaseContent import CaseContent, firstMask, withoutLesions

if TYPE_CHECKING:
    from CLIPSLib import Segmentation
    from CLIPSLib.cases import Registry
    from CLIPSLib.study import PetCtStudy

_TURN_MS = 50
_TURN_S = 0.002


class CaseReader:
    """Reads from one registry; `stop()` before that is closed."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="clips-cases")
        self._ahead: dict[str, Future[tuple[PetCtStudy, dict[str, Segmentation]]]] = {}
        self._timer = qt.QTimer()
        self._timer.interval = _TURN_MS
        self._timer.connect("timeout()", self._giveTurn)

    def stop(self) -> None:
        """Read no more; what is being read is finished first, since the registry must stay open for it."""
        self._timer.stop()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._ahead.clear()

    def expect(self, caseIds: Sequence[str]) -> None:
        """Read these cases ahead of time; what was read of others is forgotten."""
        for caseId in [each for each in self._ahead if each not in caseIds]:
            self._ahead.pop(caseId).cancel()
        for caseId in caseIds:
            if caseId not in self._ahead:
                self._ahead[caseId] = self._pool.submit(self._images, caseId)
        self._timer.start()

    @property
    def busy(self) -> bool:
        """Whether something is being read ahead."""
        return any(not future.done() for future in self._ahead.values())

    def read(self, caseId: str, reader: str, maskId: str | None = None) -> CaseContent:
        """A case, at once where it was read ahead. reader: whose draft; maskId: the version to show, without a draft.

        Raises:
            ClipsError: an image is missing or damaged, the registry is not there.
        """
        registry = self._registry
        masks, reference = tuple(registry.masks(caseId)), registry.reference(caseId)
        wanted = bool(reader) and maskId is None
        draft, damaged = registry.read_or_set_aside_draft(caseId, reader) if wanted else (None, None)
        base = registry.mask(maskId) if maskId else firstMask(masks, reference)
        if draft is not None:
            base = registry.mask(draft.parent) if draft.parent else None
        study, known = self._taken(caseId)
        segmentation = withoutLesions(study) if base is None else known.get(base.id) or registry.read_mask(base.id)
        return CaseContent(
            record=registry.case(caseId),
            study=study,
            masks=masks,
            reference=reference,
            base=base,
            segmentation=segmentation,
            draft=draft,
            damaged=str(damaged) if damaged else "",
        )

    def giveBack(self, content: CaseContent) -> None:
        """A case is left: it is a neighbor of the next one, and need not be read again."""
        future: Future[tuple[PetCtStudy, dict[str, Segmentation]]] = Future()
        future.set_result((content.study, {content.base.id: content.segmentation} if content.base else {}))
        self._ahead[content.record.case_id] = future

    def _taken(self, caseId: str) -> tuple[PetCtStudy, dict[str, Segmentation]]:
        """What was read ahead, else read now; nobody waits for a neighbor that is read first."""
        future = self._ahead.pop(caseId, None)
        if future is not None and not future.cancel():
            with contextlib.suppress(Exception):  # what failed in the thread is tried, and told, here
                return future.result()
        return self._images(caseId)

    def _images(self, caseId: str) -> tuple[PetCtStudy, dict[str, Segmentation]]:
        registry = self._registry
        first = firstMask(registry.masks(caseId), registry.reference(caseId))
        masks = {first.id: registry.read_mask(first.id)} if first else {}
        return registry.read_study(caseId), masks

    def _giveTurn(self) -> None:
        """While Qt waits for events, Slicer's main thread keeps Python's lock: here it lets the reading thread on."""
        if self.busy:
            time.sleep(_TURN_S)
        else:
            self._timer.stop()
