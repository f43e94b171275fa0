"""Cases of a registry frozen as a background job, and kept: hashing the images of a cohort takes minutes.

`run_job` is the verb "freeze-cases" (see `verbs`), ordered by the panel that trains. A list is kept until the registry
or the choice changes, under a name that follows from both: checking, starting and starting again read images once, and
two programs never write different lists into one folder.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CLIPSLib.errors import Caution
from CLIPSLib.files import read_json, write_json
from CLIPSLib.progress import SILENT, Reporter
from CLIPSLib.schema import from_document, to_document
from CLIPSLib.tasks.difficulty import stored_table
from CLIPSLib.tasks.freeze_cases import FreezeOptions, freeze_cases
from CLIPSLib.tasks.frozen import CASES_FILE, AboutCases

if TYPE_CHECKING:
    from CLIPSLib.cases import CaseRow, Registry

VERB = "freeze-cases"
_ABOUT, _FORMAT, _VERSION = "about.json", "clips-kept-cases", 1
_KEPT_S = 24 * 3600.0  # what nobody needed for a day goes when another list is made


@dataclass(frozen=True, kw_only=True)
class FreezeRequest:
    """registry: its folder; folder: below which lists are kept. table: the stored difficulty table that cases are
    ordered by, "" for none. unreviewed: also references that nobody accepted or corrected."""

    registry: str
    folder: str
    split: str
    fold: int = 0
    table: str = ""
    unreviewed: bool = False


def run_job(arguments: Mapping[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Freeze cases, unless that was done. arguments: those of `FreezeRequest`. Returns {"cases": path}.

    Raises:
        Refusal: arguments. Otherwise as `kept_cases`.
    """
    from CLIPSLib.cases import Registry

    request = from_document(FreezeRequest, arguments, where=VERB)
    with Registry.open(request.registry) as registry:
        return {"cases": str(kept_cases(registry, request, reporter))}


def kept_cases(registry: Registry, request: FreezeRequest, reporter: Reporter = SILENT) -> Path:
    """The `cases.json` of a request, frozen now unless it is kept; what there is to know about it goes to the reporter.

    Raises:
        ClipsError: as `freeze_cases`; no such table, or its makers learned from cases to validate with.
    """
    folder = Path(request.folder) / _state(registry, request)[:16]
    if not (folder / _ABOUT).exists():
        _forget_others(folder)
        table = stored_table(registry, request.table) if request.table else None
        options = FreezeOptions(unreviewed=request.unreviewed, about=AboutCases(difficulty=table))
        frozen = freeze_cases(
            registry,
            folder,
            split=request.split,
            fold=request.fold,
            options=options,
            overwrite=folder.exists(),
            reporter=reporter,
        )
        about = {"cautions": to_document(frozen.cautions)}
        write_json(folder / _ABOUT, about, format_name=_FORMAT, version=_VERSION, overwrite=True)
    about = read_json(folder / _ABOUT, format_name=_FORMAT, version=_VERSION)
    for caution in about["cautions"]:
        reporter.caution(Caution(**caution))
    (folder / _ABOUT).touch()
    return folder / CASES_FILE


def _forget_others(folder: Path) -> None:
    for about in folder.parent.glob(f"*/{_ABOUT}"):
        if time.time() - about.stat().st_mtime > _KEPT_S:
            shutil.rmtree(about.parent, ignore_errors=True)


def _state(registry: Registry, request: FreezeRequest) -> str:
    """Changes with anything that the frozen list depends on."""
    content = {
        "registry": str(registry.folder),
        "request": {name: value for name, value in asdict(request).items() if name not in ("registry", "folder")},
        "split": registry.split(request.split).sha256,
        "table": stored_table(registry, request.table).evidence_sha256 if request.table else "",
        "cases": [_state_of(row) for row in sorted(registry.cases(), key=lambda row: row.case_id)],
    }
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _state_of(row: CaseRow) -> list[object]:
    return [row.case_id, row.reference_id, row.status, row.reviewed_utc, row.stratum]
