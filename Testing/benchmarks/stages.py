"""The stages of the main job that `make bench` measures, and the floors they are held against.

Called by run.py, in a process per run: `python stages.py NAME WORK_FOLDER` measures one stage once and prints JSON.
Between stages, results travel as pickles in the work folder, so that no stage pays for another.
"""

from __future__ import annotations

import json
import pickle
import resource
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

STUDY, PICKLES = "study", "pickles"

Work = Callable[[], object]


def read_bytes(folder: Path) -> Work:
    """Floor: every file of the PET and the CT read once, nothing done with it."""
    candidate = load(folder, "scan")
    return lambda: sum(len(path.read_bytes()) for path in _files(candidate))


def decode_pixels(folder: Path) -> Work:
    """Floor: every file parsed, decoded and rescaled into float32 arrays by pydicom, without any check."""
    import numpy as np
    import pydicom

    def work() -> list:
        volumes = []
        for series in _series(load(folder, "scan")):
            volume = np.empty((len(series.files), series.size[1], series.size[0]), dtype=np.float32)
            for slice_, path in zip(volume, series.files, strict=False):
                dataset = pydicom.dcmread(path)
                np.multiply(dataset.pixel_array, dataset.RescaleSlope, out=slice_, casting="unsafe")
                slice_ += dataset.RescaleIntercept
            volumes.append(volume)
        return volumes

    return work


def scan(folder: Path) -> Work:
    """`find_studies`: all headers read, PET and CT paired, SUV factors explained."""
    from CLIPSLib import find_studies

    return lambda: find_studies(folder / STUDY).candidates[0]


def read(folder: Path) -> Work:
    """`read_study`: PET in SUVbw and CT in HU."""
    from CLIPSLib import read_study

    candidate = load(folder, "scan")
    return lambda: read_study(candidate)


def segment(folder: Path) -> Work:
    """`segment_study` with SUV >= 4."""
    from CLIPSLib import segment_study

    study = load(folder, "read")
    return lambda: segment_study(study, "suv4")


def measure(folder: Path) -> Work:
    """`measure_lesions`: every measure of every lesion and of the patient."""
    from CLIPSLib import measure_lesions

    study, segmentation = load(folder, "read"), load(folder, "segment")
    return lambda: measure_lesions(segmentation, study)


def write(folder: Path) -> Work:
    """`write_result`: NIfTI, seg.nrrd, tables, JSON."""
    from CLIPSLib import write_result

    result = _fresh(folder / "result")
    arguments = load(folder, "read"), load(folder, "segment"), load(folder, "measure")
    return lambda: write_result(result, *arguments)


def report(folder: Path) -> Work:
    """`write_report`: the HTML report with its projections."""
    from CLIPSLib import write_report

    result = _fresh(folder / "report")
    arguments = load(folder, "read"), load(folder, "segment"), load(folder, "measure")
    return lambda: write_report(result / "report.html", *arguments)


def whole_job(folder: Path) -> Work:
    """Everything that `clips segment` does, in one process."""
    from CLIPSLib.tasks import SegmentRequest, segment_folder

    result = _fresh(folder / "whole-job")

    def work() -> None:
        for outcome in segment_folder(folder / STUDY, result, SegmentRequest(model="suv4")):
            if outcome.error:
                raise outcome.error

    return work


STAGES: dict[str, Callable[[Path], Work]] = {
    "scan": scan,
    "read bytes (floor)": read_bytes,
    "decode pixels (floor)": decode_pixels,
    "read": read,
    "segment": segment,
    "measure": measure,
    "write": write,
    "report": report,
    "whole job": whole_job,
}
KEPT = {"scan", "read", "segment", "measure"}  # later stages start from what these return


def load(folder: Path, stage: str):
    """What a stage returned."""
    return pickle.loads((folder / PICKLES / stage).read_bytes())


def measured(name: str, folder: Path) -> dict[str, float]:
    """Run one stage: seconds, memory held when it began and peak memory while it ran (resident, MB)."""
    work = STAGES[name](folder)
    held = _start_peak_of_memory()
    started = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - started
    peak = _peak_mb()
    if name in KEPT:
        (folder / PICKLES).mkdir(exist_ok=True)
        (folder / PICKLES / name).write_bytes(pickle.dumps(result))
    return {"seconds": seconds, "held_mb": held, "peak_mb": peak}


def _series(candidate) -> list:
    return [series for series in (candidate.pet, candidate.ct) if series is not None]


def _files(candidate) -> list[Path]:
    return [path for series in _series(candidate) for path in series.files]


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def _start_peak_of_memory() -> float:
    """Linux forgets the peak so far when asked; elsewhere the peak includes what loading the input took."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return float("nan")
    return _status_mb("VmRSS")


def _peak_mb() -> float:
    try:
        return _status_mb("VmHWM")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _status_mb(key: str) -> float:
    """A line of /proc/self/status, given in kB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{key}:")) / 1024


if __name__ == "__main__":
    print(json.dumps(measured(sys.argv[1], Path(sys.argv[2]))))
