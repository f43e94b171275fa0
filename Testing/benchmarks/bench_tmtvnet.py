"""Time, operations and memory of TMTV-Net: per tile, and for a whole body (400 x 400 x 326 voxels).

    python Testing/benchmarks/bench_tmtvnet.py            per tile, and what a whole body takes from that
    python Testing/benchmarks/bench_tmtvnet.py --whole    also a whole body from end to end
    python Testing/benchmarks/bench_tmtvnet.py --one-core CPU seconds of one core, for a machine that does other things

Weights are random: time does not depend on them. Everything is related to a large matrix product in the same run, so
that a busy machine shows. Results: bench/tmtvnet.json and bench/tmtvnet.md.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

from CLIPSLib.files import write_json, write_text
from CLIPSLib.models.weights import use_large_pages
from CLIPSLib.progress import ConsoleReporter
from CLIPSLib.provenance import library_versions, software, utc_now
from floor import fastest, gflop, matrix_product

BENCH = Path(__file__).resolve().parents[2] / "bench"
TILES = {"ensemble": (5, 128, 96, 96), "refiner": (6, 96, 96, 96)}
# What the published program runs on 400 x 400 x 326 voxels: every tile, every layer.
ORIGINAL_TILES = {"ensemble": 27, "refiner": 567}
ORIGINAL_SECONDS_ON_TWO_CORES = 2400
clock = time.perf_counter
VARIANTS = {"original layers": {"optimized": False}, "accurate": {}, "fast": {"half": True}}


def main() -> None:
    options = parsed_options()
    if options.stage == "whole":
        print(json.dumps(whole_body(options.study, options.work, options.speed)))
        return
    use_large_pages()  # as running the segmenter does; the original layers profit too
    if options.one_core:
        use_one_core()
    study = options.study or phantom(options.work)
    write_weights(options.work)
    results = {"matrix_product_gflop_s": matrix_product(clock=clock), "tiles": tile_rows(options.runs)}
    results["counts"] = tile_counts(study)
    results["from_tiles_s"] = extrapolated(results["tiles"], results["counts"])
    if options.whole:
        results["whole"] = [in_own_process(study, options.work, speed) for speed in options.speeds]
    document = {"machine": machine(), "software": software(), "libraries": library_versions(), "made_utc": utc_now()}
    write_json(
        BENCH / "tmtvnet.json",
        {**document, **results},
        format_name="clips-benchmark-tmtvnet",
        version=1,
        overwrite=True,
    )
    write_text(BENCH / "tmtvnet.md", markdown(results), overwrite=True)
    print(markdown(results))


def parsed_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--whole", action="store_true", help="run a whole body from end to end")
    parser.add_argument("--speeds", nargs="+", default=["accurate", "fast"], help="of whole bodies (%(default)s)")
    parser.add_argument("--one-core", action="store_true", help="CPU seconds of one thread, for busy machines")
    parser.add_argument("--runs", type=int, default=2, help="runs per kind of tile (%(default)s)")
    parser.add_argument("--study", type=Path, help="a DICOM folder to use instead of a synthetic study")
    parser.add_argument("--work", type=Path, default=BENCH / "tmtvnet", help="for study and weights (%(default)s)")
    parser.add_argument("--stage", choices=["whole"], help=argparse.SUPPRESS)
    parser.add_argument("--speed", help=argparse.SUPPRESS)
    return parser.parse_args()


def use_one_core() -> None:
    """Measure CPU seconds of one thread: other programs then disturb less."""
    import torch

    global clock
    torch.set_num_threads(1)
    clock = time.thread_time


def phantom(work: Path) -> Path:
    """The large synthetic study as DICOM, written once."""
    folder = work / "study"
    if not folder.is_dir():
        from CLIPSLib import write_phantom

        print("Writing the synthetic study (not measured)", flush=True)
        write_phantom(folder, preset="large", reporter=ConsoleReporter())
    return folder


def write_weights(work: Path) -> None:
    import torch
    from CLIPSLib.models import build_network

    for name, file in (("tmtvnet-ensemble", "e_latest.model"), ("tmtvnet-refiner", "r_latest.model")):
        if not (work / file).is_file():
            work.mkdir(parents=True, exist_ok=True)
            torch.save(build_network(name).state_dict(), work / file)


def tile_rows(runs: int) -> list[dict]:
    """Per network and variant: operations as published and as executed, seconds, GFLOP/s, share of a product's."""
    import torch
    from CLIPSLib.models import build_network
    from CLIPSLib.models.networks.inference import for_inference

    rows = []
    for stage, shape in TILES.items():
        network, tile = build_network(f"tmtvnet-{stage}"), torch.rand(1, *shape)
        nominal = None
        for variant, arguments in VARIANTS.items():
            ready = for_inference(network, torch.device("cpu"), **arguments)
            with torch.no_grad():
                executed = gflop(lambda ready=ready, tile=tile: ready(tile))
            nominal = nominal or executed
            with torch.inference_mode():
                product = matrix_product(2048, clock)
                seconds = fastest(lambda ready=ready, tile=tile: ready(tile), runs, clock)
                product = statistics.mean((product, matrix_product(2048, clock)))
            row = {"stage": stage, "variant": variant, "nominal_gflop": nominal, "executed_gflop": executed}
            row |= {"seconds": seconds, "gflop_s": executed / seconds, "product_gflop_s": product}
            rows.append(row)
            print(row, flush=True)
    return rows


def tile_counts(folder: Path) -> dict[str, dict[str, int]]:
    """How many tiles of each stage the study needs: all, without air, and for voxels with SUV >= 4."""
    from CLIPSLib import load_study
    from CLIPSLib.segmentation.sliding_window.tiles import centered_grid
    from CLIPSLib.segmentation.tmtvnet.skipping import tiles_reaching, tiles_read, tiles_with_tissue
    from CLIPSLib.segmentation.tmtvnet.volumes import corrected_volumes

    study = load_study(folder)
    volumes = corrected_volumes(study.pet, study.ct)
    coarse = centered_grid(volumes.coarse_suv.shape, TILES["ensemble"][1:])
    native = centered_grid(volumes.suv.shape, TILES["refiner"][1:])
    needed = {
        "all": native.starts,
        "without air": tiles_with_tissue(native, volumes.suv, volumes.ct),
        "SUV >= 4": tiles_reaching(native, volumes.suv, 4.0),
    }
    return {
        name: {
            "ensemble": len(tiles_read(coarse, native, starts, volumes.coarse_per_native)),
            "refiner": len(starts),
        }
        for name, starts in needed.items()
    }


def extrapolated(rows: list[dict], counts: dict[str, dict[str, int]]) -> list[dict]:
    """Seconds and TFLOP of the networks on the whole study, from seconds per tile."""

    def total(variant: str, count: dict[str, int], field: str) -> float:
        return sum(row[field] * count[row["stage"]] for row in rows if row["variant"] == variant)

    return [
        {
            "tiles": name,
            "variant": variant,
            "seconds": total(variant, count, "seconds"),
            "tflop": total(variant, count, "executed_gflop") / 1e3,
        }
        for name, count in counts.items()
        for variant in VARIANTS
    ]


def in_own_process(study: Path, work: Path, speed: str) -> dict:
    """A whole body in a process of its own, so that its peak memory is its own."""
    arguments = ["--stage", "whole", "--study", study, "--work", work, "--speed", speed]
    done = subprocess.run(
        [sys.executable, __file__, *map(str, arguments)], stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def whole_body(folder: Path, work: Path, speed: str) -> dict:
    """DICOM to measures with SUV 4, timed by stage."""
    from CLIPSLib import load_study, measure_lesions
    from CLIPSLib.segmentation.tmtvnet.segmenter import TmtvNetSegmenter, read_weights

    started = time.perf_counter()
    study = load_study(folder)
    read = time.perf_counter()
    network = TmtvNetSegmenter(lambda: read_weights(work / "e_latest.model", work / "r_latest.model"))
    found = network.segment(study, {"speed": speed, "device": "cpu"}, ConsoleReporter())
    segmented = time.perf_counter()
    measure_lesions(found, study)
    return {
        "speed": speed,
        "tiles": found.provenance["tiles"],
        "read_s": read - started,
        "segment_s": segmented - read,
        "measure_s": time.perf_counter() - segmented,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def machine() -> dict[str, object]:
    import torch

    return {
        "cpu_count": os.cpu_count(),
        "torch_threads": torch.get_num_threads(),
        "clock": clock.__name__,
        "load": os.getloadavg(),
    }


def markdown(results: dict) -> str:
    original = [row for row in results["tiles"] if row["variant"] == "original layers"]
    tflop = sum(row["nominal_gflop"] * ORIGINAL_TILES[row["stage"]] for row in original) / 1e3
    lines = [
        f"A matrix product runs at {results['matrix_product_gflop_s']:.0f} GFLOP/s.",
        "",
        "| stage | variant | GFLOP published | executed | s per tile | GFLOP/s | of a matrix product |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in results["tiles"]:
        share = row["gflop_s"] / row["product_gflop_s"]
        lines.append(
            f"| {row['stage']} | {row['variant']} | {row['nominal_gflop']:.0f} | {row['executed_gflop']:.0f} "
            f"| {row['seconds']:.2f} | {row['gflop_s']:.0f} | {share:.0%} |"
        )
    lines += ["", f"The published program executes {tflop:.0f} TFLOP on 400 x 400 x 326 voxels.", ""]
    lines += ["| tiles | ensemble | refiner | variant | s, from tiles | TFLOP |", "|---|---|---|---|---|---|"]
    for row in results["from_tiles_s"]:
        count = results["counts"][row["tiles"]]
        lines.append(
            f"| {row['tiles']} | {count['ensemble']} | {count['refiner']} | {row['variant']} "
            f"| {row['seconds']:.0f} | {row['tflop']:.1f} |"
        )
    for row in results.get("whole", []):
        total = row["read_s"] + row["segment_s"] + row["measure_s"]
        lines += [
            "",
            f"Whole body, {row['speed']}, SUV >= 4: {total:.0f} s ({row['read_s']:.0f} reading, {row['segment_s']:.0f} "
            f"segmenting, {row['measure_s']:.0f} measuring), {ORIGINAL_SECONDS_ON_TWO_CORES / total:.1f} times as fast "
            f"as the published program on two cores, peak memory {row['peak_mb']:.0f} MB.",
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
