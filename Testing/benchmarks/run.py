"""Time and peak memory of the main job on a whole-body study, stage by stage: `make bench`.

Every run of a stage has a process of its own, so that peaks do not add up; a table gives medians. Files come from
the system's cache (they were just written). Results: bench/results.json and bench/results.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

import stages
from CLIPSLib.files import write_json, write_text
from CLIPSLib.provenance import library_versions, software, utc_now

BENCH = Path(__file__).resolve().parents[2] / "bench"
STARTS = {
    "start Python": [sys.executable, "-c", "pass"],
    "import CLIPSLib": [sys.executable, "-c", "import CLIPSLib"],
    "clips --help": [str(Path(sys.executable).parent / "clips"), "--help"],
}
STARTS_RUNS = 11


def main() -> None:
    options = parsed_options()
    folder = options.work
    folder.mkdir(parents=True, exist_ok=True)
    ensure_study(folder, options.preset, options.study)
    rows = [start_row(name, command) for name, command in STARTS.items()]
    for name in stages.STAGES:
        print(f"Measuring: {name}", flush=True)
        rows.append(stage_row(name, [run_stage(name, folder) for _ in range(options.runs)]))
    text = markdown(rows, folder)
    write_json(
        BENCH / "results.json",
        {"machine": machine(), "study": described(folder), "software": software(), "made_utc": utc_now(), "rows": rows},
        format_name="clips-benchmark",
        version=1,
        overwrite=True,
    )
    write_text(BENCH / "results.md", text, overwrite=True)
    print(f"\n{text}\nWritten to {BENCH / 'results.md'} and results.json")


def parsed_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3, help="runs per stage (%(default)s)")
    parser.add_argument("--preset", default="large", help="of the synthetic study (%(default)s)")
    parser.add_argument("--study", type=Path, help="a DICOM folder to use instead of a synthetic study")
    parser.add_argument("--work", type=Path, default=BENCH / "work", help="where intermediate results go (%(default)s)")
    return parser.parse_args()


def ensure_study(folder: Path, preset: str, own: Path | None) -> None:
    """Write the synthetic study, which is not measured, or link to the user's; keep the one that is there."""
    study = folder / stages.STUDY
    wanted = str(own.resolve()) if own else preset
    stamp = folder / "study-is"
    if study.exists() and stamp.is_file() and stamp.read_text() == wanted:
        return
    if study.is_symlink():
        study.unlink()
    if own:
        study.symlink_to(own.resolve())
    else:
        print(f"Writing the synthetic study '{preset}' (not measured)", flush=True)
        from CLIPSLib import write_phantom
        from CLIPSLib.progress import ConsoleReporter

        write_phantom(study, preset=preset, overwrite=True, reporter=ConsoleReporter())
    stamp.write_text(wanted)


def run_stage(name: str, folder: Path) -> dict[str, float]:
    """One run in its own process; end with what the stage said when it failed."""
    command = [sys.executable, str(Path(stages.__file__)), name, str(folder)]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"The stage '{name}' failed:\n{result.stderr}")
    return json.loads(result.stdout.splitlines()[-1])


def stage_row(name: str, runs: list[dict[str, float]]) -> dict[str, object]:
    seconds = [run["seconds"] for run in runs]
    return {
        "stage": name,
        "what": (stages.STAGES[name].__doc__ or "").splitlines()[0],
        "median_s": statistics.median(seconds),
        "fastest_s": min(seconds),
        "slowest_s": max(seconds),
        "peak_mb": statistics.median(run["peak_mb"] for run in runs),
        "held_mb": statistics.median(run["held_mb"] for run in runs),
    }


def start_row(name: str, command: list[str]) -> dict[str, object]:
    """How long a fresh process takes for next to nothing."""
    seconds = []
    for _ in range(STARTS_RUNS):
        started = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - started)
    return {
        "stage": name,
        "what": "A fresh process.",
        "median_s": statistics.median(seconds),
        "fastest_s": min(seconds),
        "slowest_s": max(seconds),
        "peak_mb": None,
        "held_mb": None,
    }


def described(folder: Path) -> dict[str, object]:
    """Size of what was measured."""
    candidate, measures = stages.load(folder, "scan"), stages.load(folder, "measure")
    return {
        "pet_size": candidate.pet.size,
        "ct_size": candidate.ct.size if candidate.ct else None,
        "files": len(candidate.pet.files) + (len(candidate.ct.files) if candidate.ct else 0),
        "candidate_lesions": measures.patient.lesion_count,
    }


def machine() -> dict[str, object]:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    import numpy  # noqa: F401  (its version is reported)
    import SimpleITK  # noqa: F401

    return {"cpu": models[0] if models else platform.processor(), "cores": os.cpu_count(), **library_versions()}


def markdown(rows: list[dict], folder: Path) -> str:
    """The table, with what was measured and on what in words."""
    study, host = described(folder), machine()
    head = (
        f"PET {'x'.join(map(str, study['pet_size']))}, CT {'x'.join(map(str, study['ct_size'] or ()))}, "
        f"{study['files']} files, {study['candidate_lesions']} candidate lesions. "
        f"{host['cpu']}, {host['cores']} cores, Python {platform.python_version()}. "
        "Medians; files from the system's cache.\n"
    )
    lines = [head, "| stage | s | fastest to slowest | peak MB | of which held before |", "|---|---:|---:|---:|---:|"]
    for row in rows:
        memory = ["", ""] if row["peak_mb"] is None else [f"{row['peak_mb']:.0f}", f"{row['held_mb']:.0f}"]
        span = f"{row['fastest_s']:.2f} to {row['slowest_s']:.2f}"
        lines.append(f"| {row['stage']} | {row['median_s']:.2f} | {span} | {memory[0]} | {memory[1]} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
