"""A program that works on a registry and is made to fail on the way: `python -m registry_program VERB FOLDER ...`.

`everywhere` forks before anything heavy is loaded: a child per step, which dies or meets a full disk at that step of
its work. Only POSIX can fork and send SIGKILL; SQLite and renaming are what other systems share.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from CLIPSLib.cases import Registry
from CLIPSLib.errors import ClipsError, Failure, Refusal

ACTIONS: dict[str, Callable[[Registry], object]] = {}


def action(function: Callable[[Registry], object]) -> Callable[[Registry], object]:
    ACTIONS[function.__name__] = function
    return function


@action
def add_case(registry: Registry) -> None:
    import builders_registry as builders

    registry.add_case(builders.study(2), source="test")


@action
def add_mask(registry: Registry) -> None:

    registry.add_mask("C0001", _other_mask(), origin="corrected", author="GW", parent="C0001-m1")


@action
def save_draft(registry: Registry) -> None:
    registry.save_draft("C0001", "GW", _other_mask())


@action
def save_correction(registry: Registry) -> None:
    with registry.together():
        mask = registry.add_mask("C0001", _other_mask(), origin="corrected", author="GW", parent="C0001-m1")
        registry.review("C0001", status="corrected", reader="GW", mask_id=mask.id)
        registry.set_reference("C0001", mask.id, author="GW")
        registry.discard_draft("C0001", "GW")


@action
def remove_case(registry: Registry) -> None:
    registry.remove_case("C0001", reason="consent withdrawn", author="GW", discard_drafts=True)


def _other_mask():
    import builders_registry as builders

    return builders.mask(builders.study(1), (slice(0, 2), slice(0, 2), slice(0, 2)))


def everywhere(base: str, work: str, name: str, fault: str) -> None:
    """Do an action on a fresh copy of `base` once per step, with a fault at that step; a JSON line for each.

    fault: "killed" (SIGKILL) or "full" (no space left on device).
    """
    for step in range(1, 1000):
        folder = Path(work) / f"{name}-{fault}-{step}"
        shutil.copytree(base, folder)
        status = _in_child(lambda folder=folder, step=step: _act_with_fault(folder, ACTIONS[name], fault, step))
        where = (folder / "step").read_text() if (folder / "step").exists() else ""
        (folder / "step").unlink(missing_ok=True)
        result = {"step": step, "where": where, "status": status, **_state(folder)}
        again = _in_child(lambda folder=folder: _act_with_fault(folder, ACTIONS[name], fault, step=0))
        print(json.dumps({**result, "again": again}), flush=True)
        shutil.rmtree(folder)
        if not where:
            return
    raise AssertionError("the action has no end")


def _in_child(work: Callable[[], None]) -> int:
    """Exit status of a forked child that did the work: 0 done, 3 refused or failed with a sentence, -9 killed."""
    child = os.fork()
    if not child:
        try:
            work()
        except ClipsError:
            os._exit(3)
        except BaseException:
            import traceback

            traceback.print_exc()
            os._exit(70)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _act_with_fault(folder: Path, act: Callable[[Registry], object], fault: str, step: int) -> None:
    with Registry.open(folder) as registry:
        if step:
            _Steps(folder, fault, step).count_writes()
        act(registry)


class _Steps:
    """Counts everything that writes, and fails at one of them."""

    def __init__(self, folder: Path, fault: str, step: int) -> None:
        self._note = os.open(folder / "step", os.O_CREAT | os.O_WRONLY)
        self._fault = fault
        self._left = step

    def count_writes(self) -> None:
        import SimpleITK
        from CLIPSLib.cases.database import Database

        need_space = (
            (os, ("link", "rename", "replace", "fsync", "mkdir")),
            (SimpleITK, ("WriteImage",)),
            (Database, ("execute", "insert")),
        )
        need_none = ((os, ("unlink", "chmod")), (shutil, ("rmtree",)))
        for owner, names in (*need_space, *(need_none if self._fault == "killed" else ())):
            for name in names:
                setattr(owner, name, self._counted(name, getattr(owner, name)))

    def _counted(self, name: str, function: Callable) -> Callable:
        def counted(*arguments, **options):
            self._reach(f"before {name}", arguments)
            result = function(*arguments, **options)
            if self._fault == "killed":  # a disk is full before something is written, not after
                self._reach(f"after {name}", arguments)
            return result

        return counted

    def _reach(self, where: str, arguments: tuple) -> None:
        self._left -= 1
        if self._left:
            return
        os.write(self._note, f"{where} {arguments[-1]!s}".encode())
        if self._fault == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if where.endswith(("execute", "insert")):
            raise Failure("disk-full", "The disk is full; nothing was written")  # as `Database` says it
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _state(folder: Path) -> dict[str, object]:
    """What is there after the fault: rows, whether all files are whole, and whether leftovers can be taken away."""
    long_ago = time.time() - 7200
    for path in folder.rglob(".writing-*"):
        os.utime(path, (long_ago, long_ago))
        for part in path.rglob("*"):
            os.utime(part, (long_ago, long_ago))
    with Registry.open(folder) as registry:
        report = registry.check(remove_orphans=True)
        again = registry.check()
        cases = [row.case_id for row in registry.cases()]
        draft = registry._database.row("SELECT COUNT(*) FROM drafts")[0]
        return {
            "whole": report.whole,
            "clean": again.orphans == () and again.cautions == (),
            "traces": _traces(folder) if not cases else [],
            "rows": {
                "cases": cases,
                "masks": [mask.id for case in cases for mask in registry.masks(case)],
                "reviews": sum(len(registry.reviews(case)) for case in cases),
                "references": [choice.mask_id for case in cases for choice in registry.reference_history(case)],
                "drafts": draft,
            },
        }


def _traces(folder: Path) -> list[str]:
    """Files that hold something of the case that was removed: its id, its series, its patient."""
    telling = (b"C0001", b"1.2.826.0.1.3680043.8.498.1.2", b"PAT-00001", b"MARTIN1", b"P0001")
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [
        path.name for path in files if any(word in path.read_bytes() or word in str(path).encode() for word in telling)
    ]


def work_on(folder: str, name: str, first: str, count: str) -> None:
    """Add cases, masks and reviews, and say what was kept. Patients are those of every other writer."""
    import builders_registry as builders

    with Registry.open(folder) as registry:
        for number in range(int(first), int(first) + int(count)):
            study = builders.study(number, patient=f"PAT-{number % 4}")
            case = registry.add_case(study, source=name)
            mask = registry.add_mask(case.case_id, builders.mask(study), origin="imported", author=name)
            registry.review(case.case_id, status="accepted", reader=name, mask_id=mask.id)
            print(json.dumps([case.case_id, case.pet_series_uid, mask.id]), flush=True)
            try:  # the same for all writers: whoever comes first adds it
                registry.add_case(builders.study(100_000 + number - int(first)), source=name)
            except Refusal as refused:
                assert refused.code == "duplicate-case"


def review_without_end(folder: str) -> None:
    """Add masks and reviews until killed, and say what was kept."""
    import builders_registry as builders

    study = builders.study(1)
    with Registry.open(folder) as registry:
        for number in range(1, 100_000):
            z = number % 5
            box = (slice(z, z + 1), slice(0, 1 + number % 7), slice(0, 3))
            mask = registry.add_mask("C0001", builders.mask(study, box), origin="corrected", author="GW")
            registry.review("C0001", status="corrected", reader="GW", mask_id=mask.id, edit_count=number)
            print(mask.id, flush=True)


def with_small_files(folder: str, limit: str) -> None:
    """Add a case while no file may grow beyond `limit` bytes, which is how a full disk looks from here."""
    import resource

    with Registry.open(folder) as registry:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), resource.RLIM_INFINITY))
        try:
            add_case(registry)
        except ClipsError as error:
            print(json.dumps({"code": error.code, "what": str(error)}))
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        add_case(registry)
        print(json.dumps([row.case_id for row in registry.cases()]))


def as_nobody(folder: str) -> None:
    """Read and try to write a folder that belongs to somebody else."""
    with Registry.open(folder, read_only=True) as registry:
        registry.read_study("C0001")  # loads all libraries, which may lie where nobody may read
    if os.getuid() == 0:
        os.setuid(65534)
    with Registry.open(folder) as registry:
        study = registry.read_study("C0001")
        print(json.dumps([registry.read_only, study.identity.patient_id, len(registry.cases())]))
        try:
            registry.review("C0001", status="skipped", reader="GW")
        except ClipsError as error:
            print(json.dumps({"code": error.code, "what": str(error)}))


VERBS = {f.__name__: f for f in (everywhere, work_on, review_without_end, with_small_files, as_nobody)}

if __name__ == "__main__":
    VERBS[sys.argv[1]](*sys.argv[2:])
