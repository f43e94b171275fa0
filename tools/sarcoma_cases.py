"""The public sarcoma patients as frozen cases of an experiment: PET, CT and GTV_Mass as NIfTI, listed in cases.json.

For docs/experiments/sarcoma. The images are those that the IBSI published (Vallières et al. 2015, TCIA
Soft-tissue-Sarcoma, CC BY 3.0), a folder per patient: STS_001/PET/image, PET/mask, CT/image.

    python tools/sarcoma_cases.py FOLDER_OF_PATIENTS OUT
"""

from __future__ import annotations

import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY / "CLIPSSegmentation"))

from CLIPSLib.formats import read_rtstruct, write_image, write_labels  # noqa: E402
from CLIPSLib.study import load_study  # noqa: E402
from CLIPSLib.training import CaseList, TrainingCase, hash_files, write_cases  # noqa: E402


def main(patients: Path, out: Path) -> None:
    """Convert every patient and write the list."""
    out.mkdir(parents=True)
    cases = tuple(_freeze(folder, out) for folder in sorted(patients.glob("STS_*")))
    listed = CaseList(
        cases=cases,
        source="TCIA Soft-tissue-Sarcoma, prepared by the IBSI: PET, CT and GTV_Mass, cropped 5 cm around the tumor",
        training_data="10.7937/K9/TCIA.2015.7GO2GSKS",
        licence_of_data="CC BY 3.0",
    )
    print(f"{len(cases)} cases: {write_cases(out / 'cases.json', listed)}")


def _freeze(folder: Path, out: Path) -> TrainingCase:
    name = folder.name
    study = load_study(folder)
    # One patient's contours name another frame of reference than the PET; by their place they belong to it.
    contours = next((folder / "PET" / "mask").iterdir())
    mask = read_rtstruct(contours, study.pet, other_frame=True).labels
    files = {"pet": f"{name}_pet.nii.gz", "ct": f"{name}_ct.nii.gz", "mask": f"{name}_mask.nii.gz"}
    write_image(study.pet, out / files["pet"])
    write_image(study.ct, out / files["ct"])
    write_labels(mask, out / files["mask"])
    hashed = hash_files(TrainingCase(case_id=name, patient_id=name, **{k: str(out / f) for k, f in files.items()}))
    return TrainingCase(case_id=name, patient_id=name, sha256=hashed.sha256, **files)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
