"""Reporters for tasks that go through many studies: what a step says, as part of the whole."""

from __future__ import annotations

from dataclasses import replace

from CLIPSLib.errors import Caution
from CLIPSLib.progress import Reporter


class Prefixed:
    """Says which study of how many a stage or a caution belongs to."""

    def __init__(self, inner: Reporter, prefix: str) -> None:
        self._inner, self._prefix = inner, prefix

    def progress(self, stage: str, fraction: float) -> None:
        self._inner.progress(self._prefix + stage, fraction)

    def caution(self, caution: Caution) -> None:
        self._inner.caution(replace(caution, what=self._prefix + caution.what))

    def check(self) -> None:
        self._inner.check()


class Unheard:
    """Only passes cancelling on: stages and cautions of short steps would drown those of the whole."""

    def __init__(self, inner: Reporter) -> None:
        self._inner = inner

    def progress(self, stage: str, fraction: float) -> None:
        pass

    def caution(self, caution: Caution) -> None:
        pass

    def check(self) -> None:
        self._inner.check()
