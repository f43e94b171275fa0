"""What the sections of the panel say about cases, versions, ratings and effort, in one place for translators."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

from slicer.i18n import tr as _

if TYPE_CHECKING:
    from CLIPSLib import Measures
    from CLIPSLib.cases import CaseRecord, Draft, MaskDiff, MaskVersion, Rating, Review


def stateName(status: str) -> str:
    """A review's status in the language of the user."""
    return {
        "to review": _("to review"),
        "accepted": _("accepted"),
        "corrected": _("corrected"),
        "flagged": _("flagged"),
        "skipped": _("skipped"),
        "unusable": _("unusable"),
    }[status]


def count(shown: int, total: int, hidden: int) -> str:
    """How many cases the filters leave, and of how many the difficulty is hidden from a reader who is to rate."""
    text = _("{n} of {total} cases").format(n=shown, total=total)
    if hidden:
        text += "; " + _("difficulty hidden until you rate: {n}").format(n=hidden)
    return text


def case(record: CaseRecord, reviews: Sequence[Review]) -> str:
    """A case, and what was said about it last, as far as `reviews` tells (rich text)."""
    parts = [f"<b>{html.escape(record.case_id)}</b>", html.escape(record.stratum)]
    if reviews:
        last = reviews[-1]
        said = _("{state} by {reader}").format(state=stateName(last.status), reader=last.reader)
        parts.append(html.escape(f"{said}: {last.comment}" if last.comment else said))
    return " · ".join(part for part in parts if part)


def version(name: str, changed: bool) -> str:
    """The version that is shown, and whether it is still what the registry has."""
    if not name:
        return _("No mask yet: draw one, or save that there is no lesion.")
    return f"{name} — " + (_("changed, not saved") if changed else _("as it is in the registry"))


def versionName(number: int, mask: MaskVersion, reference: MaskVersion | None) -> str:
    """A version in a line: without volumes, which would tell how far a prediction is off before the case is rated."""
    origins = {"imported": _("imported"), "predicted": _("predicted"), "corrected": _("corrected")}
    made = dict.fromkeys((mask.model, mask.author))  # a job that ran a model may have signed with the model's name
    parts = [f"{number}. {origins[mask.origin]}", *made, _minute(mask.created_utc)]
    if reference is not None and mask.id == reference.id:
        parts.append(_("reference"))
    return " · ".join(part for part in parts if part)


def difference(found: MaskDiff) -> str:
    """What another version has more and less, and Dice."""
    dice = _("not defined") if found.dice is None else f"{found.dice:.3f}"
    return _("The other has {added:.1f} mL more and {removed:.1f} mL less; Dice {dice}.").format(
        added=found.added_ml, removed=found.removed_ml, dice=dice
    )


def totals(measures: Measures | None) -> str:
    """The totals in one line, "" without measures."""
    if measures is None:
        return ""
    patient = measures.patient
    count = _("{n} lesions").format(n=patient.lesion_count) if patient.lesion_count != 1 else _("1 lesion")
    return _("TMTV {volume:.1f} mL").format(volume=patient.tmtv_ml) + " · " + count


def draft(kept: Draft) -> str:
    """That unfinished work is shown."""
    return _("Your unfinished work of {time} (UTC) is shown; edits: {n}.").format(
        time=_minute(kept.saved_utc), n=kept.edit_count
    )


def openTwice() -> str:
    """That one name is used in two Slicers."""
    return _(
        "This case is open under your name in another Slicer as well: what is unfinished there was kept as a version "
        "(see Versions). Use two names, or close one."
    )


def effort(active_s: float, editCount: int) -> str:
    """How long, and how much was changed."""
    minutes, seconds = divmod(int(active_s), 60)
    return _("Active: {minutes}:{seconds:02d} min; edits: {n}").format(minutes=minutes, seconds=seconds, n=editCount)


def rated(own: Rating | None, others: Sequence[Rating]) -> str:
    """The reader's rating with its time, and those of others."""
    if own is None:
        return ""
    text = _("You rated {score} on {time} (UTC).").format(score=own.score, time=_minute(own.rated_utc))
    if others:
        text += " " + _("Others: {ratings}.").format(ratings=", ".join(f"{each.rater} {each.score}" for each in others))
    return text


def agreement(ratings: Sequence[Rating]) -> str:
    """How far raters agree, with the number of cases it rests on; "" while there is only one."""
    from CLIPSLib import difficulty

    found = difficulty.agreement(ratings)
    if len(found.raters) < 2:
        return ""
    told = [_("{pair} κ {kappa:.2f}").format(pair=pair, kappa=kappa) for pair, kappa in found.weighted_kappa.items()]
    if found.krippendorff_alpha is not None:
        told.insert(0, _("Krippendorff’s α {alpha:.2f}").format(alpha=found.krippendorff_alpha))
    else:
        told.append(found.undefined["krippendorff_alpha"])
    counted = _("Agreement of {n} raters on {cases} cases:").format(n=len(found.raters), cases=found.cases)
    return f"{counted} {'; '.join(told)}"


def _minute(utc: str) -> str:
    return utc[:16].replace("T", " ")
