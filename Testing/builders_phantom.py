"""Small phantoms as DICOM folders, and edits to their headers. Used by tests of whole paths."""

from __future__ import annotations

from pathlib import Path

from CLIPSLib.phantom import write_phantom


def make(folder: Path, **options) -> Path:
    """Write the small phantom and return its folder."""
    write_phantom(folder, **{"preset": "small", **options})
    return folder


def pet_files(folder: Path) -> list[Path]:
    """The phantom's PET files."""
    import pydicom

    files = [path for path in sorted(folder.rglob("*.dcm")) if "truth" not in path.parts]
    return [path for path in files if pydicom.dcmread(path, specific_tags=["Modality"]).Modality == "PT"]


def edit_pet(folder: Path, **tags) -> None:
    """Set (or, with None, delete) attributes of every PET file."""
    import pydicom

    for path in pet_files(folder):
        dataset = pydicom.dcmread(path)
        for keyword, value in tags.items():
            if value is None:
                delattr(dataset, keyword)
            else:
                setattr(dataset, keyword, value)
        dataset.save_as(path)
