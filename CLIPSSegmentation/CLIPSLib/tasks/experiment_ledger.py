"""What happened to the runs of an experiment, line by line as it happened: `ledger.jsonl`.

A run folder can be deleted and made anew until its numbers please; the ledger is how the report knows. Written by
`experiment_runs.py`, read by `experiment_audit.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from CLIPSLib.errors import Failure
from CLIPSLib.files import sha256_file, write_text
from CLIPSLib.provenance import library_versions, software, utc_now
from CLIPSLib.tasks.experiment import Experiment
from CLIPSLib.training.run_folder import RunFolder


@dataclass(frozen=True, kw_only=True)
class FinishedRun:
    """A line: a run ended with these scores. run: name of its folder; run_id: which training it was; scores_sha256: of
    `validation.csv`; machine: programs and processor."""

    utc: str
    run: str
    run_id: str
    scores_sha256: str
    machine: Mapping[str, str] = field(default_factory=dict)


def read_ledger(experiment: Experiment) -> list[FinishedRun]:
    """All lines, the oldest first; none where nothing was recorded. Raises Failure: damaged."""
    path = experiment.ledger_file
    if not path.exists():
        return []
    try:
        return [FinishedRun(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
    except (ValueError, TypeError) as error:
        raise Failure("ledger-damaged", "The record of the runs is damaged", str(path), "Restore the file.") from error


def record_finished(experiment: Experiment, folders: Iterable[Path]) -> None:
    """Add a line for each of these finished runs that has none. The file is written whole or not at all: half a line
    would make it unreadable, and the experiment could not go on.

    Raises:
        Failure: the disk does not take it.
    """
    path, added = experiment.ledger_file, ""
    known = {(line.run, line.run_id) for line in read_ledger(experiment)}
    for folder in folders:
        run = RunFolder(folder)
        run_id = run.identity().run_id
        if (folder.name, run_id) not in known:
            scores = sha256_file(run.validation)
            line = FinishedRun(
                utc=utc_now(),
                run=folder.name,
                run_id=run_id,
                scores_sha256=scores,
                machine=machine(experiment.recipe.training.device),
            )
            added += json.dumps(asdict(line)) + "\n"
    if added:
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        write_text(path, before + added, overwrite=True)


def machine(device_name: str) -> dict[str, str]:
    """Programs and processor of this machine, as a training with that device has them."""
    import torch

    from CLIPSLib.segmentation.sliding_window.device import choose_device

    device = choose_device(device_name)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "processor"
    return {**software(), **library_versions(), "torch": torch.__version__, str(device): name}
