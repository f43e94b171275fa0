"""`clips measure MASK --study PATH`: measure a mask, for instance one that was corrected in Slicer."""

from __future__ import annotations

import argparse
from dataclasses import replace

from CLIPSLib.cli.arguments import add_answers, add_series, answers_of
from CLIPSLib.cli.cases_arguments import add_mask_reading, mask_reading_of
from CLIPSLib.cli.output import print_json, print_table, reporter_for

NAME = "measure"
SUMMARY = "Measure the lesions of a mask on its PET."
EXAMPLES = """examples:
  clips measure results/p17_20240301 --study /data/patient-17
  clips measure corrected.seg.nrrd --study /data/patient-17 --out corrected-measures
  clips measure mask.nii.gz --study /data/patient-17 --split --json
  clips measure structures.dcm --study /data/patient-17 --roi 'GTV.*'

MASK is a result folder, a .seg.nrrd (segments keep their names and ids), a .nii.gz label map (one lesion per label) or
an RTSTRUCT (one lesion per structure; --roi says which). --split makes a lesion of each connected component instead.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("mask", metavar="MASK", help="result folder, .seg.nrrd, .nii.gz or RTSTRUCT")
    parser.add_argument("--study", metavar="PATH", required=True, help="the folder of the study's DICOM files")
    parser.add_argument("--reviewed", action="store_true", help="a person has reviewed this mask")
    parser.add_argument("--out", metavar="DIR", help="also write lesions.csv and measures.json there")
    parser.add_argument("--overwrite", action="store_true", help="replace files that exist")
    add_mask_reading(parser)
    add_series(parser)
    add_answers(parser)


def run(parsed: argparse.Namespace) -> int:
    from CLIPSLib.tasks import measure_mask

    measures = measure_mask(
        parsed.mask,
        parsed.study,
        out=parsed.out,
        reading=replace(mask_reading_of(parsed), label_is_lesion=True),
        reviewed=parsed.reviewed or None,
        overwrite=parsed.overwrite,
        answers=answers_of(parsed),
        pet_series=parsed.pet_series,
        ct_series=parsed.ct_series,
        reporter=reporter_for(parsed),
    )
    if parsed.json:
        print_json(measures)
        return 0
    print_table(
        ["Lesion", "Kind", "mL", "SUVmax", "SUVmean", "SUVpeak", "TLG g", "Diameter mm"],
        [
            [m.name, m.kind, m.volume_ml, m.suv_max, m.suv_mean, m.suv_peak, m.tlg_g, m.max_diameter_mm]
            for m in measures.lesions
        ],
    )
    patient = measures.patient
    review = "reviewed" if patient.reviewed else "candidate volume, unreviewed"
    print(f"\nTMTV {patient.tmtv_ml:.1f} mL, TLG {patient.tlg_g:.1f} g, {patient.lesion_count} lesions ({review})")
    return 0
