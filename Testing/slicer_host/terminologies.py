"""A few entries of the terminologies that Slicer ships and slicer-core does not, written for the logic to read.

The codes are DICOM's and SNOMED's; the names of the lists are Slicer's. Used by `application`.
"""

from __future__ import annotations

import json
from pathlib import Path

_SCHEMAS = "https://raw.githubusercontent.com/qiicr/dcmqi/master/doc/schemas/"
_TYPES = {
    ("49755003", "Morphologically Altered Structure"): {
        ("108369006", "Neoplasm"): (144, 238, 144),
        ("86049000", "Neoplasm, Primary"): (144, 238, 144),
        ("14799000", "Neoplasm, Secondary"): (144, 238, 144),
        ("4147007", "Mass"): (144, 238, 144),
        ("27925004", "Nodule"): (150, 98, 83),
    },
    ("85756007", "Tissue"): {("85756007", "Tissue"): (128, 174, 128), ("59441001", "Lymph node"): (68, 172, 100)},
}
_REGIONS = {("59441001", "Lymph node"), ("10200004", "Liver"), ("78961009", "Spleen"), ("12738006", "Brain")}
_CATEGORY_LISTS = {"SlicerGeneralAnatomy": "3D Slicer General Anatomy list", "DICOM-Master": "DICOM master list"}


def write(folder: str) -> str:
    """Write the files where the terminologies logic looks for them; gives the folder."""
    for name, title in _CATEGORY_LISTS.items():
        path = Path(folder) / f"SegmentationCategoryTypeModifier-{name}.term.json"
        write_category_list(path, f"Segmentation category and type - {title}")
    regions = {"AnatomicRegion": [_code(key) for key in sorted(_REGIONS)]}
    content = {"AnatomicContextName": "Anatomic codes - DICOM master list", "AnatomicCodes": regions}
    _write(Path(folder) / "AnatomicRegionAndModifier-DICOM-Master.term.json", "anatomic-context-schema.json#", content)
    return folder


def write_category_list(path: Path, context: str) -> None:
    """Write a list of categories and types under a name of its own."""
    categories = [{**_code(key), "showAnatomy": True, "Type": _types(types)} for key, types in _TYPES.items()]
    content = {"SegmentationCategoryTypeContextName": context, "SegmentationCodes": {"Category": categories}}
    _write(path, "segment-context-schema.json#", content)


def _types(types: dict) -> list[dict]:
    return [{**_code(key), "recommendedDisplayRGBValue": color} for key, color in types.items()]


def _code(key: tuple[str, str]) -> dict:
    return {"CodingSchemeDesignator": "SCT", "CodeValue": key[0], "CodeMeaning": key[1]}


def _write(path: Path, schema: str, content: dict) -> None:
    path.write_text(json.dumps({**content, "@schema": _SCHEMAS + schema}), encoding="utf-8")
