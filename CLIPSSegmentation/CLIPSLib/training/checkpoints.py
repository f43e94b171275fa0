"""Checkpoints of a run: written whole or not at all, each with its hash, the one before kept for when it is damaged.

A checkpoint is `step-00001200.pt` (tensors, and the state as JSON text: nothing in it can run code) and a small
`step-00001200.json` written after it, with its SHA-256. Called by the engine.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from CLIPSLib.errors import Caution, ClipsError, Failure
from CLIPSLib.files import atomic_path, read_json, sha256_file, write_json
from CLIPSLib.models.weights import DAMAGE
from CLIPSLib.progress import Reporter
from CLIPSLib.provenance import utc_now
from CLIPSLib.training.tensor_files import write_tensors

FORMAT, VERSION = "clips-checkpoint", 1
LAST, BEST = "step", "best"
_KEEP = 2


@dataclass(frozen=True)
class Saved:
    """What a checkpoint holds. tensors: nested as they were given, on the CPU; state: JSON values."""

    step: int
    tensors: Mapping[str, Any]
    state: Mapping[str, Any]


class Checkpoints:
    """The checkpoints in a folder, of two kinds: `LAST` (everything, to go on) and `BEST` (weights, to use)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(
        self, step: int, tensors: Mapping[str, Any], state: Mapping[str, Any], *, kind: str = LAST, keep: bool = False
    ) -> Path:
        """Write a checkpoint after `step` steps. keep: never remove it; of the others the newest two stay.

        Raises:
            Failure: the disk is full or cannot be written to; those before are as they were.
        """
        path = self.folder / f"{kind}-{step:08d}.pt"
        with atomic_path(path, overwrite=True) as temporary:
            write_tensors({"tensors": dict(tensors), "state": json.dumps(state, allow_nan=False)}, temporary)
            sha256, size = sha256_file(temporary), temporary.stat().st_size
            path.with_suffix(".json").unlink(missing_ok=True)  # of the same step before: its hash is not of this one
        note = {"step": step, "sha256": sha256, "size_bytes": size, "keep": keep, "created_utc": utc_now()}
        write_json(path.with_suffix(".json"), note, format_name=FORMAT, version=VERSION, overwrite=True)
        self._remove_old(kind)
        return path

    def newest(
        self, reporter: Reporter, *, kind: str = LAST, up_to: int | None = None, put_aside: bool = False
    ) -> Saved | None:
        """The newest checkpoint that is whole, not after step `up_to`; None when there never was one.

        A damaged one is passed over with a caution. put_aside: and renamed ("damaged-..."), which only the run itself
        may do: to others a checkpoint that is just being replaced looks damaged.

        Raises:
            Failure: there are checkpoints, and all are damaged.
        """
        notes = list(self._notes(kind))
        for note in notes:
            if up_to is not None and int(note.stem.rpartition("-")[2]) > up_to:
                continue
            try:
                return self._load(note)
            except ClipsError as error:
                what = f"A checkpoint is damaged and was passed over: {error.what}"
                reporter.caution(Caution("checkpoint-damaged", what, note.stem))
                if put_aside:
                    _put_aside(note)
        if notes and up_to is None:
            raise Failure(
                "no-checkpoint",
                f"All {len(notes)} checkpoints of the run are damaged",
                str(self.folder),
                "Start a new run; the damaged files are kept.",
            )
        return None

    def remove_after(self, step: int) -> None:
        """Remove checkpoints of later steps than one that a run goes on from: they belong to what is not repeated."""
        for kind in (LAST, BEST):
            for note in self._notes(kind):
                if int(note.stem.rpartition("-")[2]) > step:
                    _remove(note)

    def _load(self, note: Path) -> Saved:
        described = read_json(note, format_name=FORMAT, version=VERSION)
        path = note.with_suffix(".pt")
        try:
            if sha256_file(path) != described.get("sha256"):
                raise Failure("checkpoint-damaged", "The checkpoint is not the file that was written", str(path))
            content = torch.load(path, map_location="cpu", weights_only=True)
            return Saved(int(described["step"]), content["tensors"], json.loads(content["state"]))
        except OSError as error:
            raise Failure("cannot-read", f"The checkpoint cannot be read: {error.strerror}", str(path)) from error
        except (*DAMAGE, pickle.UnpicklingError) as error:
            what = "The checkpoint holds something else than tensors and numbers"
            raise Failure("checkpoint-damaged", what, str(path)) from error

    def _notes(self, kind: str) -> Iterator[Path]:
        """The small files, newest first. A checkpoint without one was never finished."""
        yield from sorted(self.folder.glob(f"{kind}-*.json"), reverse=True)

    def _remove_old(self, kind: str) -> None:
        passing = [note for note in self._notes(kind) if not _kept(note)]
        for note in passing[_KEEP:]:
            _remove(note)


def _put_aside(note: Path) -> None:
    for path in (note, note.with_suffix(".pt")):
        if path.exists():
            path.replace(path.with_name(f"damaged-{path.name}"))


def _kept(note: Path) -> bool:
    try:
        return bool(read_json(note, format_name=FORMAT, version=VERSION).get("keep"))
    except ClipsError:
        return False


def _remove(note: Path) -> None:
    note.unlink(missing_ok=True)  # first: without it the other one does not count
    note.with_suffix(".pt").unlink(missing_ok=True)
