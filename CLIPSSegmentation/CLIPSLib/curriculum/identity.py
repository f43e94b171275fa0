"""What makes two curricula the same plan: hashes that a checkpoint carries and that resuming compares."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from CLIPSLib import schema
from CLIPSLib.curriculum.types import CurriculumCase
from CLIPSLib.errors import Refusal

FORMAT = "clips-curriculum-state"
VERSION = 1
_IN_WORDS = {
    "name": "the method",
    "options": "the options",
    "cases": "the list of cases",
    "order": "the order of the cases",
    "scores": "the table of scores",
    "total_steps": "the number of steps",
    "seed": "the seed",
}


def identify(
    name: str,
    options: Any,
    cases: Sequence[CurriculumCase],
    order: Sequence[str],
    scores: Mapping[str, float] | None,
    total_steps: int,
    seed: int,
) -> dict[str, Any]:
    """The parts of a plan: short ones as they are, long ones as SHA-256. Independent of the order of the files.

    scores: those that the order was made from, None where it was made without.
    """
    used = {} if scores is None else {case_id: float(scores[case_id]) for case_id in sorted(order)}
    return {
        "name": name,
        "options": schema.to_document(options),
        "cases": sha256(sorted([case.case_id, case.stratum, case.empty] for case in cases)),
        "order": sha256(list(order)),
        "scores": sha256(used),
        "total_steps": total_steps,
        "seed": seed,
    }


def sha256(document: Any) -> str:
    """SHA-256 of a JSON document, keys sorted."""
    return hashlib.sha256(json.dumps(document, sort_keys=True, allow_nan=False).encode()).hexdigest()


def hash_of_id(purpose: str, seed: int, case_id: str) -> bytes:
    """A number of a case that looks random, is the same on every machine and knows nothing of the order of files."""
    return hashlib.blake2b(f"{purpose}/{seed}/{case_id}".encode(), digest_size=16).digest()


def check_identity(mine: Mapping[str, Any], state: Mapping[str, Any], *, override: bool) -> None:
    """Raise unless a state belongs to this plan.

    Raises:
        Refusal: no state of a curriculum, of a newer version, or of another plan (unless `override`).
    """
    if state.get("format") != FORMAT or not isinstance(state.get("identity"), Mapping):
        raise Refusal("not-a-curriculum-state", "This is not the state of a curriculum", "", "Use another checkpoint.")
    if state.get("version") != VERSION:
        what = f"The state of the curriculum has version {state.get('version')}; this program reads {VERSION}"
        raise Refusal("newer-version", what, "", "Use the version of CLIPS that wrote it.")
    theirs = state["identity"]
    different = [words for key, words in _IN_WORDS.items() if theirs.get(key) != mine[key]]
    if different and not override:
        raise Refusal(
            "another-curriculum",
            f"The checkpoint was written under another curriculum: {', '.join(different)} differ",
            f"{theirs.get('name')} then, {mine['name']} now",
            "Resume with what it was written with, start a new run, or override this check.",
        )
