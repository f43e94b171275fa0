"""`clips phantom OUT`: write a synthetic PET/CT study with known truth, to try and to test."""

from __future__ import annotations

import argparse

from CLIPSLib.cli.output import print_json, reporter_for

NAME = "phantom"
SUMMARY = "Write a synthetic whole-body PET/CT study as DICOM, with its truth."
EXAMPLES = """examples:
  clips phantom demo/study
  clips phantom demo/small --preset small --seed 7
  clips phantom demo/ge --vendor ge --orientation feet-first
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("out", metavar="OUT", help="the folder to write; must be new or empty (see --overwrite)")
    parser.add_argument(
        "--preset",
        default="whole-body",
        help="whole-body, small, large, diffuse-spleen, physiological-only, tumor-free (%(default)s)",
    )
    parser.add_argument("--vendor", default="siemens", help="header style: siemens, ge, philips (%(default)s)")
    parser.add_argument(
        "--orientation",
        default="head-first",
        help="head-first, feet-first, prone, flipped, oblique (%(default)s)",
    )
    parser.add_argument("--seed", type=int, default=1, help="equal seeds give equal files (%(default)s)")
    parser.add_argument("--no-noise", action="store_true", help="leave the noise out")
    parser.add_argument("--no-ct", action="store_true", help="write the PET only")
    parser.add_argument("--overwrite", action="store_true", help="replace an existing phantom")


def run(parsed: argparse.Namespace) -> int:
    from CLIPSLib.phantom import write_phantom

    truth = write_phantom(
        parsed.out,
        preset=parsed.preset,
        vendor=parsed.vendor,
        orientation=parsed.orientation,
        seed=parsed.seed,
        noise=not parsed.no_noise,
        ct=not parsed.no_ct,
        overwrite=parsed.overwrite,
        reporter=reporter_for(parsed),
    )
    tumors = [lesion for lesion in truth.lesions if lesion.kind == "tumor"]
    if parsed.json:
        print_json({"folder": parsed.out, "tumor_lesions": len(tumors)})
    else:
        print(f"Phantom with {len(tumors)} tumor lesions written to {parsed.out}")
    return 0
