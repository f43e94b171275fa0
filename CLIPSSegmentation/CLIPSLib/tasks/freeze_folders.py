"""Folders of images and masks as the frozen list of cases of a training run. Called by `clips cases freeze-folders`.

Which file is what is never guessed: the user writes it down as rules such as `{case}/SUV.nii.gz`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from CLIPSLib.cases import make_split
from CLIPSLib.errors import Caution, ClipsError, Refusal, UsageError
from CLIPSLib.formats import read_image, read_labels, require_numbers
from CLIPSLib.imaging import array_view, same_grid
from CLIPSLib.progress import SILENT, Reporter
from CLIPSLib.study.plausibility import check_suv
from CLIPSLib.study.scan import list_files
from CLIPSLib.tasks.frozen import CASES_FILE, AboutCases, FrozenCases, case_list, missing_scores
from CLIPSLib.training import TRAIN, VALIDATE, TrainingCase, hash_files, write_cases

_WORDS = ("case", "patient", "stratum")


@dataclass(frozen=True, kw_only=True)
class NamingRules:
    """How files are called, below a folder, with '/' between folders: `{case}_pet.nii.gz`, `images/{case}.nii.gz`.

    `{case}` stands for the case id, `{patient}` and `{stratum}` (in the rule of the PET) for whose study it is and the
    group it belongs to, each within one name; `*` for anything within one name. Without `{patient}` every case is a
    patient of its own. ct: "" for PET only.
    """

    pet: str
    mask: str
    ct: str = ""

    def __post_init__(self) -> None:
        for name in ("pet", "mask", "ct"):
            rule = getattr(self, name)
            if rule and "{case}" not in rule:
                what = f"The rule '{rule}' for the {name} does not say where the case id stands"
                raise UsageError("naming-rule", what, "", "Write {case}, as in {case}_pet.nii.gz.")
            self.of(name)

    def of(self, name: str) -> re.Pattern[str]:
        """The rule for "pet", "mask" or "ct" as a regular expression over relative paths."""
        parts = []
        for part in re.split(r"(\{\w*\}|\*)", getattr(self, name)):
            word = part[1:-1] if part.startswith("{") else ""
            if word and word not in _WORDS:
                what = f"The rule '{getattr(self, name)}' has the unknown word {part}"
                raise UsageError("naming-rule", what, "", "The words are {case}, {patient} and {stratum}.")
            again = word and f"(?P<{word}>[^/]+?)" in parts
            parts.append(
                f"(?P={word})"
                if again
                else f"(?P<{word}>[^/]+?)"
                if word
                else "[^/]*"
                if part == "*"
                else re.escape(part)
            )
        return re.compile("".join(parts))


@dataclass(frozen=True, kw_only=True)
class FolderOptions:
    """How cases of one folder are divided: holdout or folds as in `make_split`, and which fold this list is of."""

    rules: NamingRules
    holdout: float | None = None
    folds: int | None = None
    fold: int = 0
    seed: int | None = None
    about: AboutCases = field(default_factory=AboutCases)


def freeze_folders(
    target: str | Path,
    train: str | Path,
    options: FolderOptions,
    *,
    validate: str | Path | None = None,
    overwrite: bool = False,
    reporter: Reporter = SILENT,
) -> FrozenCases:
    """Write `cases.json` into the folder `target`; images and masks stay where they are, named by their path.

    train: the folder whose cases are trained with; validate: another one, with the same rules. With one folder only,
    its cases are divided by patient as `options` say; where nothing is said, nothing is validated with. Every PET and
    mask is read once: what is not whole, not numbers throughout, or not on one grid is left out with the reason.

    Raises:
        UsageError: both a second folder and a division, or a division without a seed. Refusal: a rule fits no file, or
            two of one case; a case or a patient is in both folders; no case is left; the target exists. Failure,
            Cancelled.
    """
    _require_sense(options, validate)
    left_out: dict[str, str] = {}
    cautions: list[Caution] = []
    cases = _sound(_find(Path(train), options.rules, TRAIN, left_out), left_out, cautions, reporter)
    if validate is not None:
        cases += _sound(_find(Path(validate), options.rules, VALIDATE, left_out), left_out, cautions, reporter)
    elif options.seed is not None:
        cases = _divided(cases, options)
    if "{patient}" not in options.rules.pet:
        what = "Every case counts as a patient of its own; where that is wrong, training and validation share patients"
        cautions.append(Caution("patients-unknown", what, options.rules.pet))
    listed = case_list(cases, options.about, source=_source(train, validate, options), left_out=left_out)
    write_cases(Path(target) / CASES_FILE, listed, overwrite=overwrite)
    return FrozenCases(folder=Path(target), cases=listed, cautions=(*cautions, *missing_scores(listed)))


def _require_sense(options: FolderOptions, validate: str | Path | None) -> None:
    divided = options.holdout is not None or options.folds is not None
    if divided and validate is not None:
        raise UsageError("two-splits", "The folders are the split already; leave out --holdout and --folds")
    if divided and options.seed is None:
        raise UsageError("no-seed", "A split is made from a seed", "", "Give --seed NUMBER and note it.")
    if options.seed is not None and not divided:
        raise UsageError("seed", "A seed alone divides nothing", "", "Give --holdout 0.2 or --folds 5 with it.")
    if options.folds is not None and not 0 <= options.fold < options.folds:
        raise UsageError("no-such-fold", f"Fold {options.fold} of {options.folds}: folds are counted from 0")


def _find(root: Path, rules: NamingRules, role: str, left_out: dict[str, str]) -> list[TrainingCase]:
    """The cases of a folder by the rules, in the order of their ids; those without a mask or CT are left out."""
    files = [(path, path.relative_to(root).as_posix()) for path in list_files(root)]
    found = {name: _matching(rules, name, files) for name in ("pet", "mask", "ct") if getattr(rules, name)}
    _require_fit(found, rules, root, len(files))
    left_out |= {case: f"a mask in {root.name}, and no PET" for case in found["mask"] if case not in found["pet"]}
    cases = []
    for case_id, (_, words) in sorted(found["pet"].items()):
        missing = [name for name in found if case_id not in found[name]]
        if missing:
            left_out[case_id] = f"no {' and no '.join(missing)} in {root.name}"
            continue
        paths = {name: str(found[name][case_id][0].absolute()) for name in found}
        patient, stratum = words.get("patient") or case_id, words.get("stratum") or ""
        cases.append(TrainingCase(case_id=case_id, patient_id=patient, stratum=stratum, role=role, **paths))
    return cases


def _matching(
    rules: NamingRules, name: str, files: Sequence[tuple[Path, str]]
) -> dict[str, tuple[Path, Mapping[str, str]]]:
    """The files that a rule fits, by case id. Raises Refusal when it fits two of one case."""
    pattern, found = rules.of(name), {}
    for path, relative in files:
        if match := pattern.fullmatch(relative):
            case_id = match["case"]
            if case_id in found:
                what = f"The rule '{getattr(rules, name)}' for the {name} fits two files of case '{case_id}'"
                raise Refusal("two-files", what, f"{found[case_id][0]} and {path}", "Make the rule more exact.")
            found[case_id] = (path, match.groupdict())
    return found


def _require_fit(found: Mapping[str, object], rules: NamingRules, root: Path, files: int) -> None:
    """Refuse a rule that fits nothing: no file can be right where a name is misspelt."""
    for name, fitting in found.items():
        if not fitting:
            what = f"The rule '{getattr(rules, name)}' for the {name} fits none of {files} files"
            raise Refusal(
                "rule-fits-nothing", what, str(root), "A rule is a path below this folder: {case}/PET.nii.gz."
            )


def _sound(
    cases: Sequence[TrainingCase], left_out: dict[str, str], cautions: list[Caution], reporter: Reporter
) -> list[TrainingCase]:
    """The cases whose PET and mask can be read and lie on one grid, with the hashes of their files."""
    sound = []
    for number, case in enumerate(cases):
        reporter.check()
        reporter.progress("Looking at images and masks", number / len(cases))
        try:
            cautions += [replace(caution, where=case.pet) for caution in _look(case)]
            sound.append(hash_files(case))
        except ClipsError as error:
            left_out[case.case_id] = error.what
    reporter.progress("Looking at images and masks", 1.0)
    return sound


def _look(case: TrainingCase) -> tuple[Caution, ...]:
    """Cautions about the PET's values. Raises Refusal, Failure: unreadable, no numbers, or the mask lies elsewhere."""
    for path in case.files().values():
        require_numbers(path)
    pet, mask = read_image(case.pet), read_labels(case.mask)
    if not same_grid(pet, mask):
        sizes = f"{mask.GetSize()} voxels against {pet.GetSize()}"
        raise Refusal("grids-differ", f"the mask is not on the grid of the PET ({sizes}, or another place)", case.mask)
    return check_suv(array_view(pet))


def _divided(cases: Sequence[TrainingCase], options: FolderOptions) -> list[TrainingCase]:
    split = make_split(cases, folds=options.folds, holdout=options.holdout, seed=options.seed)
    held_back = set(split.folds[options.fold].validation)
    return [replace(case, role=VALIDATE if case.case_id in held_back else TRAIN) for case in cases]


def _source(train: str | Path, validate: str | Path | None, options: FolderOptions) -> str:
    rules = ", ".join(f"{name} {getattr(options.rules, name)}" for name in ("pet", "ct", "mask"))
    if validate is not None:
        return f"folders {Path(train).name} and {Path(validate).name} ({rules})"
    if options.seed is None:
        return f"folder {Path(train).name} ({rules})"
    how = f"holdout {options.holdout:g}" if options.holdout else f"fold {options.fold} of {options.folds}"
    return f"folder {Path(train).name} ({rules}), {how}, seed {options.seed}"
