"""Reading single values from a DICOM data set without pydicom's conversions. Called by `headers`.

Several times faster than converted elements, and it never raises: what is damaged counts as absent.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom import Dataset


def number(text: str) -> float | None:
    """A DS or IS value; None when absent, malformed, infinite or not a number."""
    try:
        value = float(text.strip(" \0"))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def quoted(text: str) -> str:
    """A header's text as messages show it."""
    return f"'{text}'" if text else "absent"


class Elements:
    """Reads a data set's undecoded elements: several times faster than pydicom's conversion, and never raises."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset

    @staticmethod
    def empty() -> Elements:
        from pydicom import Dataset

        return Elements(Dataset())

    @property
    def file_meta(self) -> Elements:
        """The elements of group 0002; none for a bare data set."""
        meta = getattr(self._dataset, "file_meta", None)
        return Elements(meta) if meta is not None else Elements.empty()

    def text(self, tag: int) -> str:
        element = self._element(tag)
        value = getattr(element, "value", None)
        if value is None:
            return ""
        return (self._decoded(value) if isinstance(value, bytes) else str(value)).strip(" \0\r\n\t")

    def texts(self, tag: int) -> tuple[str, ...]:
        text = self.text(tag)
        return tuple(part.strip(" \0") for part in text.split("\\")) if text else ()

    def number(self, tag: int) -> float | None:
        return number(self.text(tag))

    def numbers(self, tag: int, count: int) -> tuple[float, ...] | None:
        values = tuple(number(part) for part in self.texts(tag))
        return values if len(values) == count and None not in values else None

    def integer(self, tag: int) -> int | None:
        """A US, SS or IS value."""
        element = self._element(tag)
        value = getattr(element, "value", None)
        if isinstance(value, bytes) and len(value) == 2 and element.VR in (None, "US", "SS", "UN"):
            order = "little" if element.is_little_endian else "big"
            if (tag >> 16) in (0x0028, 0x0054):  # the binary integers that are read here
                return int.from_bytes(value, order)
        parsed = self.number(tag)
        return int(parsed) if parsed is not None and parsed == int(parsed) else None

    def items(self, tag: int) -> list[Elements]:
        element = self._element(tag)
        value = getattr(element, "value", None)
        if isinstance(value, bytes):  # a sequence that a transfer turned into UN
            try:
                value = self._dataset[tag].value
            except Exception:  # undecodable bytes: the sequence counts as absent
                return []
        return [Elements(item) for item in value] if value and not isinstance(value, str | bytes) else []

    def first_item(self, tag: int) -> Elements:
        items = self.items(tag)
        return items[0] if items else Elements.empty()

    def private(self, group: int, element: int, creator: str) -> str:
        """A private element in the block of its creator; where anonymization took all creators away, in block 10."""
        creators = {block: self.text(group << 16 | block) for block in range(0x10, 0x20)}
        block = next((block for block, name in creators.items() if name == creator), None)
        if block is None and not creators[0x10]:
            block = 0x10
        return self.text(group << 16 | block << 8 | element) if block is not None else ""

    def _element(self, tag: int):
        try:
            return self._dataset.get_item(tag)
        except Exception:  # an element whose bytes pydicom cannot even delimit counts as absent
            return None

    def _decoded(self, value: bytes) -> str:
        if value.isascii():
            return value.decode("ascii")
        from pydicom.charset import convert_encodings, decode_bytes

        try:
            encodings = convert_encodings(list(self.texts(0x00080005)) or ["ISO_IR 6"])
            return decode_bytes(value, encodings, set("\r\n\t\f"))
        except (LookupError, ValueError):
            return value.decode("latin-1")
