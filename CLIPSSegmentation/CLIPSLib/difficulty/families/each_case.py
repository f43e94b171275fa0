"""The loop that every family of measurers makes over the cases."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from CLIPSLib.difficulty.catalog import MEASURERS
from CLIPSLib.difficulty.lesions import Found, Undefined
from CLIPSLib.difficulty.types import Family
from CLIPSLib.errors import Cancelled, Caution, ClipsError
from CLIPSLib.progress import Reporter

Measured = tuple[Found, str]  # of one case: the values, and the hash of what they were made from


def family_names(family: Family) -> tuple[str, ...]:
    """The measurers of a family."""
    return tuple(name for name, measurer in MEASURERS.items() if measurer.family == family)


def nothing(family: Family, why: str) -> Found:
    """No value for any measurer of a family."""
    return dict.fromkeys(family_names(family), Undefined(why))


def each_case(
    cases: Sequence[str], family: Family, measure: Callable[[str], Measured], reporter: Reporter
) -> tuple[dict[str, Found], dict[str, str]]:
    """Values and evidence of every case. A case that cannot be measured gets no value and a caution; others go on.

    Raises:
        Cancelled: the reporter said so.
    """
    values: dict[str, Found] = {}
    evidence: dict[str, str] = {}
    stage = f"Measuring difficulty ({family})"
    for done, case in enumerate(cases):
        reporter.check()
        reporter.progress(stage, done / len(cases))
        try:
            values[case], evidence[case] = measure(case)
        except Cancelled:
            raise
        except ClipsError as error:
            reporter.caution(Caution("not-measured", f"Case {case} has no {family} difficulty: {error}", case))
            values[case], evidence[case] = nothing(family, error.what), ""
    reporter.progress(stage, 1.0)
    return values, evidence
