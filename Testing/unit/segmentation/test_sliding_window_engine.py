"""The engine with networks whose answer is known: identity, constants, ones that run out of memory."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

import numpy as np  # noqa: E402
from CLIPSLib.errors import Cancelled, Failure, UsageError  # noqa: E402
from CLIPSLib.progress import SILENT, RecordingReporter  # noqa: E402
from CLIPSLib.segmentation.sliding_window import device as devices  # noqa: E402
from CLIPSLib.segmentation.sliding_window import engine  # noqa: E402
from CLIPSLib.segmentation.sliding_window.accumulate import HalfAccumulator, SlabAccumulator  # noqa: E402
from CLIPSLib.segmentation.sliding_window.device import EngineSettings, choose_device  # noqa: E402
from CLIPSLib.segmentation.sliding_window.engine import Job, slide  # noqa: E402
from CLIPSLib.segmentation.sliding_window.tiles import (  # noqa: E402
    centered_grid,
    chessboard_weight,
    covering_grid,
    gaussian_weight,
)
from torch import nn  # noqa: E402

SHAPE, TILE = (21, 17, 30), (8, 8, 12)


class Volume:
    """A `TileSource` of one volume, 0 outside."""

    def __init__(self, array, grid):
        self.array, self.grid = torch.from_numpy(array), grid
        self.asked = []

    def to(self, device):
        if device.type != "cpu":
            raise torch.OutOfMemoryError(f"{device} out of memory")
        return self

    def read(self, start):
        self.asked.append(start)
        tile = torch.zeros((1, *self.grid.tile))
        tile[0][self.grid.tile_box(start)] = self.array[self.grid.image_box(start)]
        return tile


class Scores(nn.Module):
    """Logits of two classes from a function of the tile."""

    def __init__(self, score):
        super().__init__()
        self.score = score

    def forward(self, x):
        score = self.score(x)
        return torch.cat((torch.zeros_like(score), score), dim=1)


def job(network=None, *, grid=None, **fields):
    grid = grid or centered_grid(SHAPE, TILE)
    array = np.random.default_rng(1).normal(size=grid.shape).astype(np.float32)
    fields = {"weight": chessboard_weight(grid.tile), "channels": (1,), "stage": "test", **fields}
    networks = network if isinstance(network, tuple) else (network or Scores(lambda x: x),)
    return Job(networks=networks, source=Volume(array, grid), grid=grid, **fields)


def run(task, reporter=SILENT, **settings):
    return slide(task, EngineSettings(device="cpu", **settings), reporter)[0]


def sigmoid(array):
    return 1 / (1 + np.exp(-array.astype(np.float64)))


def by_hand(task, predict):
    """Weighted mean of all tiles on the padded volume, in double precision."""
    grid, total, weights = task.grid, np.zeros(task.grid.padded), np.zeros(task.grid.padded)
    for start in grid.starts:
        at = tuple(slice(first, first + extent) for first, extent in zip(start, grid.tile, strict=True))
        total[at] += predict(task.source.read(start)[0].numpy()) * task.weight
        weights[at] += task.weight
    inner = tuple(slice(before, before + size) for before, size in zip(grid.before, grid.shape, strict=True))
    return (total / np.where(weights > 0, weights, 1))[inner], weights[inner]


@pytest.mark.parametrize("grid", [centered_grid(SHAPE, TILE), covering_grid(SHAPE, TILE, overlap=0.3)])
@pytest.mark.parametrize("batch_size", [1, 5])
def test_overlapping_tiles_of_a_voxelwise_network_give_its_answer_everywhere(grid, batch_size):
    task = job(grid=grid)
    np.testing.assert_allclose(run(task, batch_size=batch_size)[0], sigmoid(task.source.array.numpy()), atol=1e-6)


def test_tiles_that_disagree_are_averaged_with_their_weights():
    """A network whose answer depends on the whole tile."""
    task = job(Scores(lambda x: x + 5 * x.mean(dim=(2, 3, 4), keepdim=True)), weight=gaussian_weight(TILE))
    expected, _ = by_hand(task, lambda tile: sigmoid(tile + 5 * tile.mean()))
    np.testing.assert_allclose(run(task)[0], expected, atol=1e-5)


def test_half_arithmetic_rounds_every_sum_as_the_original_does():
    """numpy's own float16 additions as the reference; voxels with weight 0 become 0."""
    grid = centered_grid((16, 8, 12), TILE)  # fills whole tiles: its outer faces have weight 0
    task = job(grid=grid, channels=(0, 1), accumulator=HalfAccumulator)
    total, weights = np.zeros((2, *grid.padded), np.float16), np.zeros(grid.padded, np.float16)
    for start in grid.starts:
        at = tuple(slice(first, first + extent) for first, extent in zip(start, TILE, strict=True))
        scores = torch.stack((torch.zeros(TILE), task.source.read(start)[0]))
        for channel, probability in enumerate(torch.softmax(scores, 0).numpy()):
            total[channel][at] = (total[channel][at].astype(np.float64) + probability * task.weight).astype(np.float16)
        weights[at] = (weights[at].astype(np.float64) + task.weight).astype(np.float16)
    expected = np.where(weights > 0, total / np.where(weights > 0, weights, np.float16(1)), np.float16(0))
    found = run(task)
    assert found.dtype == np.float16
    np.testing.assert_array_equal(found, expected)
    assert found[:, 0, 0, 0].max() == 0


def test_in_float32_no_face_is_lost():
    task = job(grid=centered_grid((16, 8, 12), TILE))
    np.testing.assert_allclose(run(task)[0], sigmoid(task.source.array.numpy()), atol=1e-6)


def test_only_the_tiles_asked_for_are_read_and_the_rest_is_zero():
    grid = centered_grid(SHAPE, TILE)
    task = job(grid=grid, starts=[grid.starts[3], grid.starts[20]])
    found = run(task)[0]
    assert task.source.asked == [grid.starts[3], grid.starts[20]]
    covered = np.zeros(SHAPE, dtype=bool)
    for start in task.starts:
        covered[grid.image_box(start)] = True
    assert np.array_equal(found > 0, covered)


def test_no_tile_at_all_gives_zeros():
    assert not run(job(starts=[])).any()


def test_flips_are_undone_before_averaging():
    """A network that adds a ramp along x: its mirror image cancels it."""

    def ramp(x):
        return torch.linspace(-1, 1, x.shape[-1]).expand_as(x)

    np.testing.assert_allclose(run(job(Scores(ramp)), flips=((), (2,)))[0], 0.5, atol=1e-6)
    assert run(job(Scores(ramp)))[0].std() > 0.02
    task = job()
    np.testing.assert_allclose(run(task, flips=((), (0, 1)))[0], run(task)[0], atol=1e-6)


def test_an_ensemble_votes_with_mean_probabilities():
    networks = tuple(Scores(lambda x, logit=logit: torch.full_like(x, logit)) for logit in (0.0, 2.0))
    np.testing.assert_allclose(run(job(networks)), (0.5 + sigmoid(np.array(2.0))) / 2, atol=1e-6)


def test_sigmoid_heads_are_independent():
    task = job(Scores(lambda x: torch.ones_like(x)), channels=(0, 1), activation="sigmoid")
    background, lesion = run(task)
    assert (background.max(), lesion.min()) == (0.5, pytest.approx(sigmoid(np.array(1.0))))


def test_the_same_run_twice_gives_the_same_bits():
    network = nn.Conv3d(1, 2, 3, padding=1)
    task = job(network)
    assert np.array_equal(run(task), run(task))


def test_progress_is_told_per_batch_and_ends_at_one():
    reporter = RecordingReporter()
    run(job(), reporter)
    fractions = [fraction for stage, fraction in reporter.stages if stage == "test"]
    assert fractions[0] == 0.0 and fractions[-1] == 1.0
    assert fractions == sorted(fractions)
    assert len(fractions) >= len(centered_grid(SHAPE, TILE).starts)


def test_a_cancelled_run_stops_between_tiles():
    task = job()
    with pytest.raises(Cancelled):
        run(task, RecordingReporter(cancel_after=3))
    assert len(task.source.asked) == 3


class Greedy(Scores):
    """Runs out of memory with more than `limit` tiles at a time."""

    def __init__(self, limit, error):
        super().__init__(lambda x: x)
        self.limit, self.error = limit, error

    def forward(self, x):
        if len(x) > self.limit:
            raise self.error
        return super().forward(x)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:117] . DefaultCPUAllocator: not enough memory: you tried to"),
        MemoryError(),
    ],
)
def test_out_of_memory_makes_batches_smaller_and_is_said(error):
    task, reporter = job(Greedy(2, error)), RecordingReporter()
    found = run(task, reporter, batch_size=8)
    np.testing.assert_allclose(found[0], sigmoid(task.source.array.numpy()), atol=1e-6)
    assert [str(caution) for caution in reporter.cautions] == [
        "Memory of the device 'cpu' ran out; tiles are now run 4 at a time (test)",
        "Memory of the device 'cpu' ran out; tiles are now run 2 at a time (test)",
    ]


def test_out_of_memory_with_one_tile_on_the_cpu_is_a_failure_with_a_remedy():
    with pytest.raises(Failure, match=r"not enough memory for one tile of \(8, 8, 12\) voxels.*Close other programs"):
        run(job(Greedy(0, MemoryError())))


def test_a_device_without_enough_memory_hands_over_to_the_cpu(monkeypatch):
    """The meta device stands for an accelerator; its volume source has no memory there."""
    monkeypatch.setattr(engine, "choose_device", lambda name: torch.device("meta"))
    task, reporter = job(), RecordingReporter()
    found, finished = slide(task, EngineSettings(batch_size=1), reporter)
    np.testing.assert_allclose(found[0], sigmoid(task.source.array.numpy()), atol=1e-6)
    assert finished.device == torch.device("cpu")
    assert reporter.cautions == finished.cautions
    assert "'meta' ran out; the CPU continues" in str(finished.cautions[0])


@pytest.mark.parametrize("method", ["add", "finish"])
@pytest.mark.parametrize("error", [MemoryError(), torch.OutOfMemoryError("CUDA out of memory")])
def test_out_of_memory_while_tiles_are_added_up_is_a_failure_with_a_remedy(method, error):
    def fails(self, *_arguments):
        raise error

    short_of_memory = type("ShortOfMemory", (SlabAccumulator,), {method: fails})
    with pytest.raises(Failure, match=r"'cpu' to add up the tiles of a volume of \(21, 17, 30\).*Close other programs"):
        run(job(accumulator=short_of_memory))


def test_other_errors_while_tiles_are_added_up_stay_what_they_are():
    class Broken(SlabAccumulator):
        def add(self, start, probabilities):
            raise RuntimeError("shapes differ")

    with pytest.raises(RuntimeError, match="shapes differ"):
        run(job(accumulator=Broken))


def test_other_errors_of_a_network_are_not_taken_for_lack_of_memory():
    with pytest.raises(RuntimeError, match="shapes differ"):
        run(job(Greedy(0, RuntimeError("shapes differ"))))


def test_automatic_means_cuda_or_the_processor_but_never_mps(monkeypatch):
    monkeypatch.setattr(devices.torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(devices.torch.cuda, "is_available", lambda: False)
    assert (choose_device("auto").type, choose_device("mps").type) == ("cpu", "mps")
    monkeypatch.setattr(devices.torch.cuda, "is_available", lambda: True)
    assert choose_device("auto").type == "cuda"


def test_a_device_that_is_not_there_or_unknown_is_a_usage_error(monkeypatch):
    monkeypatch.setattr(devices.torch.cuda, "is_available", lambda: False)
    with pytest.raises(UsageError, match="'cuda' is not available to PyTorch"):
        choose_device("cuda")
    with pytest.raises(UsageError, match="no device 'tpu'"):
        choose_device("tpu")
