"""`clips cases ACTION`: a registry of studies with their masks, reviews and ratings. The actions are in `cases_*`."""

from __future__ import annotations

import argparse

from CLIPSLib.cli import (
    cases_add,
    cases_difficulty,
    cases_evaluate,
    cases_folds,
    cases_freeze,
    cases_list,
    cases_masks,
    cases_remove,
    cases_review,
    cases_split,
    cases_summary,
)

NAME = "cases"
SUMMARY = "Collect studies with their masks; review, rate, split, evaluate and summarize them."
EXAMPLES = """examples:
  clips cases create                                        an empty registry in ./clips-cases
  clips cases add /data/patients --rtstruct --roi 'GTV.*'   every study below, with its structure set as reference
  clips cases add results                                   result folders of 'clips segment'
  clips cases masks predict --model suv4                    a predicted mask for every case
  clips cases list --status flagged
  clips cases show C0007
  clips cases summary --html cohort.html
  clips cases evaluate --model suv4 --out evaluation
  clips cases split folds --folds 5 --seed 1
  clips cases freeze training/fold0 --split folds --fold 0  the cases of a training run
  clips cases difficulty measure                            how hard each case is, by its PET and reference
  clips cases remove C0012 --reason "consent withdrawn"     with its images, masks, name, also in the backups

Every action takes --registry DIR (./clips-cases). Ids are text: 007 is not 7. See docs/clips-cases.md.
"""

_ACTIONS = (
    cases_add,
    cases_list,
    cases_masks,
    cases_review,
    cases_evaluate,
    cases_difficulty,
    cases_split,
    cases_freeze,
    cases_folds,
    cases_summary,
    cases_remove,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    for module in _ACTIONS:
        module.add_actions(actions)


def run(parsed: argparse.Namespace) -> int:
    return parsed.action(parsed)
