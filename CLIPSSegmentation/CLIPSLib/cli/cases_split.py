"""`clips cases stratum | split`: groups of cases, and who is trained on and who is validated on."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from CLIPSLib.cli.cases_arguments import add_case_action, case_of, open_registry
from CLIPSLib.cli.output import print_json, print_table
from CLIPSLib.errors import Refusal, UsageError

if TYPE_CHECKING:
    from CLIPSLib.cases import Registry, Split


def add_actions(actions: Any) -> None:
    stratum = add_case_action(actions, "stratum", "say which group cases belong to (a center, a tracer)", _stratum)
    stratum.add_argument("stratum", metavar="NAME")
    stratum.add_argument("cases", nargs="+", metavar="CASE")
    split = add_case_action(actions, "split", "divide cases by patient into folds, and keep them under a name", _split)
    split.add_argument("name", nargs="?", metavar="NAME", help="of the split; without it: list the splits")
    how = split.add_mutually_exclusive_group()
    how.add_argument("--folds", type=int, metavar="K", help="K-fold cross-validation")
    how.add_argument("--holdout", type=float, metavar="SHARE", help="share to validate on (0.2 for 80/20)")
    how.add_argument("--import", dest="source", metavar="FILE", help="nnU-Net's splits_final.json")
    split.add_argument("--seed", type=int, help="equal seeds give equal splits; needed with --folds and --holdout")
    split.add_argument("--no-strata", action="store_true", help="do not divide every stratum in the same proportion")
    split.add_argument("--all", action="store_true", help="also cases without a reference mask or reviewed as unusable")
    split.add_argument("--export", metavar="FILE", help="write it as nnU-Net's splits_final.json")
    split.add_argument("--overwrite", action="store_true", help="replace an existing --export")


def _stratum(parsed: argparse.Namespace) -> int:
    with open_registry(parsed) as registry, registry.together():
        cases = [case_of(registry, case) for case in parsed.cases]
        for case_id in cases:
            registry.set_stratum(case_id, parsed.stratum)
    if parsed.json:
        print_json({"stratum": parsed.stratum, "cases": cases})
    else:
        print(f"{len(cases)} cases belong to '{parsed.stratum}'; splits that are saved stay as they are")
    return 0


def _split(parsed: argparse.Namespace) -> int:
    from CLIPSLib.cases import write_nnunet_splits

    making = parsed.folds is not None or parsed.holdout is not None or parsed.source
    with open_registry(parsed, read_only=not making) as registry:
        if parsed.name is None:
            return _list(registry, parsed)
        cautions = registry.save_split(parsed.name, _make(registry, parsed)).cautions if making else ()
        split = registry.split(parsed.name)
        removed = [case for case in split.case_ids if registry.removal_of(case)]
    if parsed.export:
        write_nnunet_splits(split.without(removed), parsed.export, overwrite=parsed.overwrite)
    if parsed.json:
        print_json(
            {"name": parsed.name, "sha256": split.sha256, "split": split, "removed": removed, "cautions": cautions}
        )
    else:
        print_table(
            ["Fold", "Train", "Validation", "Validation cases"],
            [[i, len(f.train), len(f.validation), _listed(f.validation)] for i, f in enumerate(split.folds)],
        )
        print(f"\n{parsed.name}: {split.method}, {len(split.case_ids)} cases, SHA-256 {split.sha256[:12]}")
        for caution in cautions:
            print(f"Caution: {caution}")
        if removed:
            print(f"Removed from the registry since, and left out of --export: {_listed(tuple(removed))}")
    return 0


def _list(registry: Registry, parsed: argparse.Namespace) -> int:
    if parsed.folds is not None or parsed.holdout is not None or parsed.source:
        raise UsageError("no-split-name", "A split needs a name", "", "clips cases split NAME --folds 5 --seed 1")
    found = registry.splits()
    if parsed.json:
        print_json(found)
    else:
        print_table(
            ["Split", "Method", "Folds", "Cases", "SHA-256", "Saved"],
            [[s.name, s.method, s.folds, s.cases, s.sha256[:12], s.saved_utc] for s in found],
        )
    return 0


def _make(registry: Registry, parsed: argparse.Namespace) -> Split:
    """A split of the cases that can be trained on: with a reference, and not reviewed as unusable."""
    from CLIPSLib.cases import make_split, read_nnunet_splits

    if parsed.source:
        return read_nnunet_splits(parsed.source)
    if parsed.seed is None:
        raise UsageError("no-seed", "A split is made from a seed", parsed.name, "Give --seed NUMBER and note it.")
    rows = known = registry.cases()
    if not parsed.all:
        rows = [row for row in rows if row.reference_id and row.status != "unusable"]
    try:
        return make_split(
            rows, folds=parsed.folds, holdout=parsed.holdout, seed=parsed.seed, stratify=not parsed.no_strata
        )
    except Refusal as refused:
        if len(rows) == len(known):
            raise
        what = f"{refused.what}; {len(known) - len(rows)} cases have no reference mask or were reviewed as unusable"
        raise Refusal(refused.code, what, parsed.name, "Choose references, or divide them too: --all.") from refused


def _listed(ids: tuple[str, ...]) -> str:
    return " ".join(ids[:8]) + (f" and {len(ids) - 8} more" if len(ids) > 8 else "")
