"""One header variant of a PET series with what must come of it, and how it is written. Used by the SUV matrix tests.

The other files of this folder hold the variants, as data. Expected factors are written out as arithmetic, from

    SUVbw = value [Bq/mL] * weight [g] / (dose [Bq] * 2^(-uptake [s] / half-life [s]))

and never computed by the code under test. Unless a variant says otherwise, the series is that of `builders_dicom`:
70 kg, 370 MBq F-18 FDG at 10:00:00, scan at 11:00:00, half-life 6586.2 s, hence 70e3 / (370e6 * 2^(-3600 / 6586.2)).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from builders_dicom import write_series
from pydicom import Dataset
from pydicom.sequence import Sequence

SLICES, ROWS, COLUMNS = 6, 8, 9
IMPLICIT = "1.2.840.10008.1.2"
ONE_HOUR = 70e3 / (370e6 * 2 ** (-3600 / 6586.2))  # of the default series: 60 min between injection and scan


@dataclass(frozen=True, kw_only=True)
class Variant:
    """What to write and what must come of it: a factor, a refusal or a question (exactly one of the three).

    factor: SUVbw per rescaled value, one or one per slice. cautions: the codes of all cautions besides "no-ct".
    refusal, question: the code; key: of the question. says: words that the message (or the cautions together) hold.
    source: words in the source of one of the factor's inputs. header: arguments of `write_series`; ct: those of a CT
    written beside it. stored_factor: multiplies the stored integers. after: changes the written folder. seen: from the
    values as written, file by file, to those expected in the volume, where files are dropped or in another order.
    needs: a module without which the variant cannot be written.
    """

    title: str
    factor: float | tuple[float, ...] | None = None
    cautions: tuple[str, ...] = ()
    refusal: str = ""
    question: str = ""
    key: str = ""
    says: tuple[str, ...] = ()
    source: str = ""
    stored_factor: int = 1
    answers: Mapping[str, object] = field(default_factory=dict)
    header: Mapping[str, Any] = field(default_factory=dict)
    ct: Mapping[str, Any] | None = None
    after: Callable[[Path], None] | None = None
    seen: Callable[[np.ndarray], np.ndarray] = np.asarray
    needs: str = ""

    def __str__(self) -> str:
        return self.title


def converts(title: str, factor: float | tuple[float, ...], **rest: Any) -> Variant:
    """A series that becomes SUV with this factor."""
    return _variant(title, rest, factor=factor)


def refuses(title: str, code: str, *says: str, **rest: Any) -> Variant:
    """A series that must be refused with this code; the message holds all of `says`."""
    return _variant(title, rest, refusal=code, says=says)


def asks(title: str, code: str, key: str, *says: str, **rest: Any) -> Variant:
    """A series about which the user is asked for `key`; the message holds all of `says`."""
    return _variant(title, rest, question=code, key=key, says=says)


def _variant(title: str, rest: dict[str, Any], **fixed: Any) -> Variant:
    own = {key: rest.pop(key) for key in list(rest) if key in Variant.__dataclass_fields__}
    return Variant(title=title, header=rest, **fixed, **own)


def write_variant(folder: Path, variant: Variant) -> np.ndarray:
    """Write the series (and CT) of a variant; returns the rescaled values `[z, y, x]` that must be read back."""
    header = dict(variant.header)
    slope, intercept = header.get("slope", 1.0), float(header.get("RescaleIntercept") or 0.0)
    shape = tuple(
        header.pop(name, default) for name, default in (("slices", SLICES), ("rows", ROWS), ("columns", COLUMNS))
    )
    slopes = np.array([slope(i) if callable(slope) else slope for i in range(shape[0])])
    values = variant.stored_factor * stored_values(shape) * slopes[:, None, None] + intercept
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # many variants hold illegal values on purpose
        write_series(folder / "pet", values=values, **header)
        if variant.ct is not None:
            write_series(folder / "ct", "CT", **variant.ct)
        if variant.after is not None:
            variant.after(folder / "pet")
    return variant.seen(values)


def stored_values(shape: tuple[int, int, int] = (SLICES, ROWS, COLUMNS)) -> np.ndarray:
    """The integers in the files, all different, so that a wrong order, flip or slope shows."""
    return 2000.0 + 10.0 * (np.arange(np.prod(shape)).reshape(shape) % 1000)


def coded(value: str, scheme: str = "", meaning: str = "") -> Sequence:
    """A code sequence of one item."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return Sequence([item])


def raw_text(tag: int, text: str, *, in_injection: bool = False) -> Callable[[Dataset, int], None]:
    """An edit that writes `text` whatever the element's value representation forbids (for implicit VR files)."""

    def edit(dataset: Dataset, _index: int) -> None:
        target = dataset.RadiopharmaceuticalInformationSequence[0] if in_injection else dataset
        target.add_new(tag, "LO", text)

    return edit
