"""Speed of the training loop against a plain MONAI loop that does the same work, and what a checkpoint costs.

Run it directly: `python Testing/benchmarks/bench_training.py`. Both loops train the same network on the same patches
(size, number, channels, about the same augmentation) from the same files. MONAI's keeps all cases in memory
(`CacheDataset`) and draws with a `DataLoader`. The loops take turns, so that other programs on the machine slow both;
medians are over the turns. Waiting: share of the time in which the loop waits for its next batch. Without helper
processes, one thread on the CPU, seconds are those of the processor: other programs then hardly count. Floor: the time
that the network's operations would take at the rate of a large matrix product, measured in the same run.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import plain_monai
import torch
from CLIPSLib.curriculum import CurriculumCase, build_curriculum
from CLIPSLib.training import PatchSource, Recipe, TrainingCase, hash_files
from CLIPSLib.training.checkpoints import Checkpoints
from CLIPSLib.training.data import open_patches
from CLIPSLib.training.feed import Feed
from CLIPSLib.training.recipe import DataRecipe, NetworkRecipe, TrainingRecipe
from CLIPSLib.training.start import Start, make_network
from CLIPSLib.training.stepper import Stepper
from floor import gflop, matrix_product

SHAPE, SPACING_MM, CASES = (120, 112, 112), 4.0, 6  # z, y, x: head to thigh
MANY = 10**6


@dataclass
class Timing:
    """Seconds per step of one loop, turn by turn, and of these the seconds spent waiting."""

    steps: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    def add(self, seconds: float, waited: float, count: int) -> None:
        self.steps.append(seconds / count)
        self.waits.append(waited / seconds)

    def line(self, name: str) -> str:
        step, wait = statistics.median(self.steps), statistics.median(self.waits)
        return f"{name:34}{1 / step:9.2f}{1e3 * step:11.1f}{100 * wait:11.1f} %"


def main() -> None:
    options = _options()
    torch.set_num_threads(options.threads)
    recipe = Recipe(
        data=DataRecipe(patch=(options.patch,) * 3, spacing_mm=(SPACING_MM,) * 3, workers=options.workers),
        network=NetworkRecipe(options={"filters": options.filters}),
        training=TrainingRecipe(steps=MANY, batch=2, device=options.device),
    )
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        cases = [write_case(folder, number) for number in range(CASES)]
        print(
            f"{CASES} cases of {SHAPE} voxels, 5 channels, batches of 2 patches of {options.patch}; SegResNet with "
            f"{options.filters} filters on {options.device}, {options.threads} thread(s), {options.workers} worker(s)"
        )
        began = time.perf_counter()
        source = open_patches(cases, recipe.data, recipe.augmentation, folder / "cache")
        prepared, began = time.perf_counter() - began, time.perf_counter()
        plain = plain_monai.patches(cases, recipe)
        cached = time.perf_counter() - began
        print(f"Before the first step: CLIPS {prepared:.1f} s (once, kept on disk), MONAI {cached:.1f} s (each run)\n")
        data_alone(source, plain, [case.case_id for case in cases])
        whole_loops(our_batches(source, cases, recipe), plain_monai.batches(cases, recipe), recipe, options)
        checkpoint(recipe, folder)


def whole_loops(ours: Iterator, theirs: Iterator, recipe: Recipe, options: argparse.Namespace) -> None:
    """Both loops in turns."""
    device = torch.device(options.device)
    network, _ = make_network(recipe, Start())
    stepper = Stepper(network, recipe, device)
    plain = plain_monai.Loop(recipe, device)
    timings = {"CLIPS": Timing(), "MONAI": Timing()}
    step = itertools.count()
    alone = options.workers == 0 and options.threads == 1 and options.device == "cpu"
    now = time.process_time if alone else time.perf_counter

    def our_step() -> float:
        began = now()
        drawn, batch, _ = next(ours)
        waited = now() - began
        stepper.step(next(step), 3e-4, batch, drawn.loss_weights.tolist())
        return waited

    def their_step() -> float:
        began = now()
        batch = next(theirs)
        waited = now() - began
        plain.step(batch)
        return waited

    batch = next(ours)[1]
    operations = gflop(lambda: stepper.step(next(step), 3e-4, batch, [1.0] * len(batch.case_ids)))
    rates = [matrix_product(2048, now, options.device)]
    for turn in range(options.turns + 1):
        for name, take in (("CLIPS", our_step), ("MONAI", their_step)):
            began = now()
            waited = sum(take() for _ in range(options.steps))
            if turn:  # the first warms caches and workers up
                timings[name].add(now() - began, waited, options.steps)
    print(f"{'whole loop':34}{'steps/s':>9}{'ms/step':>11}{'waiting':>13}")
    for name, timing in timings.items():
        print(timing.line(name))
    rates.append(matrix_product(2048, now, options.device))
    floor = operations / statistics.mean(rates)
    took = statistics.median(timings["CLIPS"].steps)
    print(
        f"{'floor':34}{1 / floor:9.2f}{1e3 * floor:11.1f}    {operations:.1f} GFLOP per step, a matrix product at "
        f"{statistics.mean(rates):.0f} GFLOP/s; CLIPS takes {took / floor:.1f} times the floor"
    )
    pairs = zip(timings["CLIPS"].steps, timings["MONAI"].steps, strict=True)
    print(f"CLIPS / MONAI, steps per second: {statistics.median(theirs / ours for ours, theirs in pairs):.2f}\n")


def data_alone(source: PatchSource, plain: Sequence, ids: Sequence[str], count: int = 60) -> None:
    """One process makes patches, one after the other: what a worker can deliver."""
    spent = {"CLIPS": [], "MONAI": []}
    for step in range(count):
        for name, make in (
            ("CLIPS", lambda step=step: source.batch([ids[step % len(ids)]], step, 0)),
            ("MONAI", lambda step=step: plain[step % len(ids)]),
        ):
            began = time.process_time()
            make()
            spent[name].append(time.process_time() - began)
    print(f"{'one patch, processor time':34}{'mean ms':>9}{'median ms':>11}{'90 %':>11}")
    for name, seconds in spent.items():
        values = 1e3 * np.array(seconds[5:])
        print(f"{name:34}{values.mean():9.1f}{np.median(values):11.1f}{np.quantile(values, 0.9):11.1f}")
    print()


def checkpoint(recipe: Recipe, folder: Path, runs: int = 5) -> None:
    """A whole checkpoint (network, optimizer), written with its hash and flushed to the disk."""
    network, _ = make_network(recipe, Start())
    stepper = Stepper(network, recipe, torch.device("cpu"))
    for weight in network.parameters():
        weight.grad = torch.zeros_like(weight)
    stepper.optimizer.step()  # fills the optimizer's means
    kept, took = Checkpoints(folder / "checkpoints"), []
    for number in range(runs):
        began = time.perf_counter()
        path = kept.save(number, stepper.tensors(), {})
        took.append(time.perf_counter() - began)
    size = path.stat().st_size / 1e6
    every = 600.0
    print(
        f"A checkpoint of {size:.1f} MB takes {1e3 * statistics.median(took):.0f} ms: every 10 minutes that is "
        f"{100 * statistics.median(took) / every:.3f} % of the time"
    )


def our_batches(source: PatchSource, cases: Sequence[TrainingCase], recipe: Recipe) -> Iterator:
    """Batches as the engine gets them; losses are observed as it does."""
    drawn = [CurriculumCase(case_id=case.case_id, stratum="", empty=False) for case in cases]
    curriculum = build_curriculum("vanilla", drawn, scores=None, total_steps=MANY, seed=0)
    feed = Feed(source, curriculum, 0, recipe.training.batch, recipe.data.workers, MANY)
    for one in feed.batches(0, pin=recipe.training.device != "cpu"):
        yield one
        curriculum.observe(one[0].step, one[0].ids, [0.5] * len(one[0].ids))


def write_case(folder: Path, number: int) -> TrainingCase:
    """A body of noise with a few hot spheres, as PET (SUV), CT (HU) and mask."""
    import SimpleITK as sitk

    rng = np.random.default_rng(number)
    z, y, x = np.ogrid[tuple(slice(0, n) for n in SHAPE)]
    body = (((y - SHAPE[1] / 2) / 40) ** 2 + ((x - SHAPE[2] / 2) / 50) ** 2 <= 1) & (z >= 0)
    suv = np.where(body, rng.gamma(4.0, 0.25, SHAPE), 0.02).astype(np.float32)
    hu = np.where(body, rng.normal(20, 40, SHAPE), -1000).astype(np.float32)
    mask = np.zeros(SHAPE, np.uint8)
    for center in rng.uniform((10, 40, 40), (110, 72, 72), (8, 3)):
        sphere = sum((axis - c) ** 2 for axis, c in zip((z, y, x), center, strict=True)) <= rng.uniform(2, 5) ** 2
        mask[sphere] = 1
        suv[sphere] += 8
    paths = {}
    for name, array in (("pet", suv), ("ct", hu), ("mask", mask)):
        image = sitk.GetImageFromArray(array)
        image.SetSpacing((SPACING_MM,) * 3)
        paths[name] = str(folder / f"case{number}_{name}.nii.gz")
        sitk.WriteImage(image, paths[name])
    return hash_files(TrainingCase(case_id=f"case{number}", patient_id=f"patient{number}", **paths))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patch", type=int, default=64, help="side of a patch, voxels (%(default)s)")
    parser.add_argument("--filters", type=int, default=8, help="width of the network (%(default)s)")
    parser.add_argument("--workers", type=int, default=1, help="helper processes of both loops (%(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="threads of the network (%(default)s)")
    parser.add_argument("--steps", type=int, default=8, help="steps per turn (%(default)s)")
    parser.add_argument("--turns", type=int, default=6, help="turns (%(default)s)")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu", help="(%(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
