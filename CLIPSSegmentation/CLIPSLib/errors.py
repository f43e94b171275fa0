"""What can go wrong, said so that a person can act on it: refusals, questions, failures, cautions.

Ground floor: imported by every room, imports nothing. The command turns these into exit codes,
panels into messages, reports into lists.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

_NETWORKS = "Install it: pip install 'slicer-clips[networks]'; in 3D Slicer: install the extension PyTorch."
_OPTIONAL = {
    "torch": _NETWORKS,
    "monai": _NETWORKS,
    "einops": _NETWORKS,
    "matplotlib": "Install it: pip install matplotlib; in 3D Slicer: slicer.util.pip_install('matplotlib').",
}


@dataclass(frozen=True)
class Caution:
    """Something the user must know although work goes on. Data, not an exception.

    code: stable machine-readable word ("tracer-not-fdg"); what: one sentence for the user that names the attribute
    and its value; where: series, file or place.
    """

    code: str
    what: str
    where: str = ""

    def __str__(self) -> str:
        return f"{self.what} ({self.where})" if self.where else self.what

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


class ClipsError(Exception):
    """Base of every error that CLIPS raises on purpose: what is wrong, where, what to do."""

    kind = "error"
    exit_code = 1

    def __init__(self, code: str, what: str, where: str = "", remedy: str = "") -> None:
        super().__init__(code, what, where, remedy)
        self.code = code
        self.what = what
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        sentence = f"{self.what} ({self.where})" if self.where else self.what
        return f"{sentence.rstrip('.')}. {self.remedy}" if self.remedy else sentence

    def as_dict(self) -> dict[str, object]:
        """The error as JSON-ready values, for `--json`, job folders and panels."""
        return {
            "kind": self.kind,
            "code": self.code,
            "what": self.what,
            "where": self.where,
            "remedy": self.remedy,
        }


class Failure(ClipsError):
    """Something that should have worked did not (a file cannot be read, the disk is full)."""

    kind = "failure"
    exit_code = 1


class UsageError(ClipsError):
    """The caller asked for something that does not exist (an unknown model, an option out of range)."""

    kind = "usage"
    exit_code = 2


class Refusal(ClipsError):
    """The input is understood, and a trustworthy result cannot be made from it."""

    kind = "refusal"
    exit_code = 3


class Question(ClipsError):
    """One value is missing that only the user can give; ask again with `answers={key: value}`.

    key: name of the answer ("weight_kg"); unit: its unit or ""; choices: allowed answers, empty when free.
    """

    kind = "question"
    exit_code = 4

    def __init__(
        self,
        code: str,
        what: str,
        where: str = "",
        remedy: str = "",
        *,
        key: str,
        unit: str = "",
        choices: tuple[str, ...] = (),
    ) -> None:
        super().__init__(code, what, where, remedy)
        self.key = key
        self.unit = unit
        self.choices = tuple(choices)

    def __reduce__(self):  # keyword-only fields must survive a process boundary
        return _rebuild_question, (self.code, self.what, self.where, self.remedy, self.key, self.unit, self.choices)

    def as_dict(self) -> dict[str, object]:
        return {**super().as_dict(), "key": self.key, "unit": self.unit, "choices": list(self.choices)}


def _rebuild_question(code, what, where, remedy, key, unit, choices) -> Question:
    return Question(code, what, where, remedy, key=key, unit=unit, choices=choices)


class Cancelled(ClipsError):
    """The user asked to stop. Nothing half-written remains."""

    kind = "cancelled"
    exit_code = 5

    def __init__(self, what: str = "Cancelled by the user") -> None:
        super().__init__("cancelled", what)

    def __reduce__(self):
        return Cancelled, (self.what,)


def package_missing(error: ModuleNotFoundError) -> Failure | None:
    """What to install for an import that failed; None for what is no package that may be absent, but a mistake of ours.

    Called where commands and jobs end, so that no task needs to ask first.
    """
    name = (error.name or "").partition(".")[0]
    remedy = _OPTIONAL.get(name)
    return Failure("package-missing", f"This needs {name}, which is not installed", "", remedy) if remedy else None
