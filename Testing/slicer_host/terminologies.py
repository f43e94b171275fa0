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
_REGION_LIST = "AnatomicRegionAndModifier-DICOM-Master"


def write(folder: str) -> str:
    """Write the files where the terminologies logic looks for them; gives the folder."""
    for name, title in _CATEGORY_LISTS.items():
        context = f"Segmentation category and type - {title}"
        categories = [{**_code(key), "showAnatomy": True, "Type": _types(types)} for key, types in _TYPES.items()]
        content = {"SegmentationCategoryTypeContextName": context, "SegmentationCodes": {"Category": categories}}
        _write(folder, f"SegmentationCategoryTypeModifier-{name}", "segment-context-schema.json#", content)
    regions = {"AnatomicRegion": [_code(key) for key in sorted(_REGIONS)]}
    content = {"AnatomicContextName": "Anatomic codes - DICOM master list", "AnatomicCodes": regions}
    _write(folder, _REGION_LIST, "anatomic-context-schema.json#", content)
    return folder


def _types(types: dict) -> list[dict]:
    return [{**_code(key), "recommendedDisplayRGBValue": color} for key, color in types.items()]


def _code(key: tuple[str, str]) -> dict:
    return {"CodingSchemeDesignator": "SCT", "CodeValue": key[0], "CodeMeaning": key[1]}


def _write(folder: str, name: str, schema: str, content: dict) -> None:
    path = Path(folder) / f"{name}.term.json"
    path.write_text(json.dumps({**content, "@schema": _SCHEMAS + schema}), encoding="utf-8")
