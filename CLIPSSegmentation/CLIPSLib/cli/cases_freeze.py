"""`clips cases freeze | freeze-folders`: the list of cases that a training run learns from, settled once."""

from __future__ import annotations

import argparse
from collections import Counter
from typing import TYPE_CHECKING, Any

from CLIPSLib.cli.arguments import add_action
from CLIPSLib.cli.cases_arguments import add_case_action, open_registry
from CLIPSLib.cli.output import print_json, print_table, reporter_for
from CLIPSLib.errors import UsageError

if TYPE_CHECKING:
    from CLIPSLib.tasks.frozen import AboutCases, FrozenCases

_PSEUDO = ("pseudo_compare", "pseudo_confidence", "pseudo_weight")


def add_actions(actions: Any) -> None:
    _add_freeze(actions)
    _add_folders(actions)


def _add_freeze(actions: Any) -> None:
    freeze = add_case_action(actions, "freeze", "write the cases of a split as a training run wants them", _freeze)
    freeze.add_argument("out", metavar="OUT", help="new folder for cases.json and masks")
    freeze.add_argument("--split", metavar="NAME", required=True, help="a saved split (see 'clips cases split')")
    freeze.add_argument("--fold", type=int, default=0, metavar="N", help="which of its folds, from 0 (%(default)s)")
    freeze.add_argument(
        "--unreviewed", action="store_true", help="also use references that nobody accepted or corrected"
    )
    freeze.add_argument(
        "--physiological", action="store_true", help="masks hold 2 where uptake is physiological (1 is tumor)"
    )
    freeze.add_argument("--difficulty", metavar="TABLE", help="a difficulty table of the registry, for curricula")
    pseudo = freeze.add_argument_group("self-training")
    pseudo.add_argument("--pseudo", metavar="MODEL", help="also train with masks of this model that nobody reviewed")
    pseudo.add_argument(
        "--pseudo-compare", metavar="MODEL", help="trust a mask by its Dice with this model's, not by its probabilities"
    )
    pseudo.add_argument("--pseudo-confidence", type=float, metavar="C", help="the least trust, 0 to 1 (0.8)")
    pseudo.add_argument("--pseudo-weight", type=float, metavar="W", help="weight of such a case's loss, 0 to 1 (0.5)")
    _add_about(freeze)


def _add_folders(actions: Any) -> None:
    folders = add_action(actions, "freeze-folders", "write folders of images and masks as a list of cases", _folders)
    folders.add_argument("out", metavar="OUT", help="folder for cases.json")
    folders.add_argument("train", metavar="DIR", help="folder whose cases are trained with")
    folders.add_argument("--validate", metavar="DIR", help="folder whose cases are validated with, named alike")
    rules = folders.add_argument_group(
        "names", "below the folders; {case}, {patient} and {stratum} stand for ids, * for anything within a name"
    )
    rules.add_argument("--pet", metavar="RULE", required=True, help="SUVbw images, such as '{case}_pet.nii.gz'")
    rules.add_argument("--mask", metavar="RULE", required=True, help="masks, such as '{patient}/{case}/SEG.nii.gz'")
    rules.add_argument("--ct", metavar="RULE", default="", help="CT images in HU; without it: PET only")
    how = folders.add_mutually_exclusive_group()
    how.add_argument("--holdout", type=float, metavar="SHARE", help="share to validate on (0.2 for 80/20), by patient")
    how.add_argument("--folds", type=int, metavar="K", help="K-fold cross-validation, by patient")
    folders.add_argument("--fold", type=int, default=0, metavar="N", help="which fold this list is of (%(default)s)")
    folders.add_argument("--seed", type=int, help="equal seeds give equal splits; needed to divide one folder")
    folders.add_argument("--difficulty", metavar="FILE", help="difficulty.json, for curricula")
    _add_about(folders)


def _add_about(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--training-data", default="", metavar="TEXT", help="what the data are, for the model card")
    parser.add_argument("--data-license", default="", metavar="TEXT", help="license of the data, for the model card")
    parser.add_argument("--overwrite", action="store_true", help="replace what is there")


def _freeze(parsed: argparse.Namespace) -> int:
    from CLIPSLib.tasks.difficulty import stored_table
    from CLIPSLib.tasks.freeze_cases import FreezeOptions, freeze_cases

    with open_registry(parsed, read_only=True) as registry:
        table = stored_table(registry, parsed.difficulty) if parsed.difficulty else None
        options = FreezeOptions(
            unreviewed=parsed.unreviewed,
            physiological=parsed.physiological,
            pseudo=_pseudo_options(parsed),
            about=_about(parsed, table),
        )
        frozen = freeze_cases(
            registry,
            parsed.out,
            split=parsed.split,
            fold=parsed.fold,
            options=options,
            overwrite=parsed.overwrite,
            reporter=reporter_for(parsed),
        )
    return _print(frozen, parsed)


def _folders(parsed: argparse.Namespace) -> int:
    from CLIPSLib.difficulty import read_difficulty
    from CLIPSLib.tasks.freeze_folders import FolderOptions, NamingRules, freeze_folders

    options = FolderOptions(
        rules=NamingRules(pet=parsed.pet, mask=parsed.mask, ct=parsed.ct),
        holdout=parsed.holdout,
        folds=parsed.folds,
        fold=parsed.fold,
        seed=parsed.seed,
        about=_about(parsed, read_difficulty(parsed.difficulty) if parsed.difficulty else None),
    )
    frozen = freeze_folders(
        parsed.out,
        parsed.train,
        options,
        validate=parsed.validate,
        overwrite=parsed.overwrite,
        reporter=reporter_for(parsed),
    )
    return _print(frozen, parsed)


def _pseudo_options(parsed: argparse.Namespace) -> Any:
    from CLIPSLib.tasks.pseudo_labels import PseudoOptions

    given = {name: getattr(parsed, name) for name in _PSEUDO if getattr(parsed, name) is not None}
    if not parsed.pseudo:
        if given:
            option = next(iter(given)).replace("_", "-")
            raise UsageError("no-pseudo", f"--{option} belongs to --pseudo MODEL", "", "Name the model.")
        return None
    names = {"pseudo_compare": "compared_with", "pseudo_confidence": "min_confidence", "pseudo_weight": "weight"}
    return PseudoOptions(model=parsed.pseudo, **{names[name]: value for name, value in given.items()})


def _about(parsed: argparse.Namespace, table: Any) -> AboutCases:
    from CLIPSLib.tasks.frozen import AboutCases

    return AboutCases(difficulty=table, training_data=parsed.training_data, licence_of_data=parsed.data_license)


def _print(frozen: FrozenCases, parsed: argparse.Namespace) -> int:
    cases = frozen.cases
    if parsed.json:
        print_json(frozen)
        return 0
    counts = Counter((case.role, case.origin) for case in cases.cases)
    print_table(
        ["Role", "Masks", "Cases"], [[role, origin, number] for (role, origin), number in sorted(counts.items())]
    )
    pseudo = [case for case in cases.cases if case.origin == "pseudo"]
    if pseudo:
        print("\nTrained with predicted masks that nobody reviewed:")
        print_table(["Case", "Confidence", "Weight"], [[case.case_id, case.confidence, case.weight] for case in pseudo])
    if cases.left_out:
        print("\nLeft out:")
        print_table(["Case", "Why"], sorted([case, why] for case, why in cases.left_out.items()))
    for caution in frozen.cautions:
        print(f"Caution: {caution}")
    print(f"\n{frozen.folder / 'cases.json'}: name it in the recipe (data.cases)")
    return 0
