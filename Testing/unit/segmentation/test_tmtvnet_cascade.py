"""TMTV-Net's cascade: against the original's reference vectors (slow), and with small stand-in networks."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

torch = pytest.importorskip("torch")

import builders_tmtvnet as tmtvnet  # noqa: E402
from CLIPSLib.imaging import image_like  # noqa: E402
from CLIPSLib.models import build_network, load_network  # noqa: E402
from CLIPSLib.progress import SILENT  # noqa: E402
from CLIPSLib.segmentation.sliding_window.device import EngineSettings  # noqa: E402
from CLIPSLib.segmentation.sliding_window.tiles import centered_grid  # noqa: E402
from CLIPSLib.segmentation.tmtvnet import cascade  # noqa: E402
from CLIPSLib.segmentation.tmtvnet.cascade import CascadeOptions, run_cascade  # noqa: E402
from CLIPSLib.segmentation.tmtvnet.skipping import tiles_reaching, tiles_read, tiles_with_tissue  # noqa: E402
from CLIPSLib.segmentation.tmtvnet.volumes import corrected_volumes, original_volumes  # noqa: E402

FP16_STEP = 2.0**-11  # between 0.5 and 1, the largest step of probabilities
CPU = EngineSettings(device="cpu")
PLAIN = EngineSettings(device="cpu", optimized=False)


@pytest.fixture(scope="module")
def seeded_networks():
    ensemble, refiner = tmtvnet.seeded_states()
    return load_network("tmtvnet-ensemble", ensemble), load_network("tmtvnet-refiner", refiner)


def dice(a, b):
    return 2 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("case", "coarse_file", "fine_file", "fine_step"),
    [
        ("small", "e_prob_6mm_f16.npz", "r_prob_f16.npz", 1),
        ("flip", "e_prob_6mm_f16.npz", "r_prob_f16_every5z.npz", 5),
    ],
)
def test_original_fidelity_repeats_the_original_program(seeded_networks, case, coarse_file, fine_file, fine_step):
    volumes = original_volumes(*tmtvnet.read_case(case))
    found = run_cascade(volumes, *seeded_networks, CascadeOptions(original=True, skip_air=False), PLAIN, SILENT)
    coarse = np.load(tmtvnet.golden(case, coarse_file))["prob"][-1].astype(np.float32)
    fine = np.load(tmtvnet.golden(case, fine_file))["prob"].astype(np.float32)
    assert np.abs(found.coarse.astype(np.float32) - coarse).max() <= FP16_STEP
    assert np.abs(found.probability[::fine_step] - fine).max() <= 2 * FP16_STEP  # a step of each stage
    differs = found.mask ^ tmtvnet.golden_mask(case)
    assert np.all(np.abs(found.probability[differs] - 0.5) <= 2 * FP16_STEP)


@pytest.mark.slow
def test_the_corrected_default_stays_near_the_original(seeded_networks):
    """With random weights, which magnify small differences far more than trained ones do."""
    volumes = corrected_volumes(*tmtvnet.read_case("small"))
    found = run_cascade(volumes, *seeded_networks, CascadeOptions(skip_air=False), CPU, SILENT)
    coarse = np.load(tmtvnet.golden("small", "e_prob_6mm_f16.npz"))["prob"][1].astype(np.float32)
    inside = (slice(1, -1),) * 3
    assert np.abs(found.coarse - coarse)[inside].mean() < 0.005
    assert dice(found.mask, tmtvnet.golden_mask("small")) > 0.95


@pytest.fixture
def small(monkeypatch):
    """Small networks on small tiles, and a patient made for them: a warm block, one hot spot, air around."""
    monkeypatch.setattr(cascade, "ENSEMBLE_TILE", (8, 8, 8))
    monkeypatch.setattr(cascade, "REFINER_TILE", (8, 8, 8))
    torch.manual_seed(3)
    networks = (
        build_network("tmtvnet-ensemble", members=2, widths=(4, 6, 8), middle_kernel=3),
        build_network("tmtvnet-refiner", width=4, blocks=1, first_kernel=3),
    )
    suv, ct = np.full((26, 30, 40), 0.05, np.float32), np.full((26, 30, 40), -1000.0, np.float32)
    body = (slice(None), slice(8, 22), slice(4, 20))
    suv[body] = np.random.default_rng(0).uniform(0.5, 3.0, suv[body].shape)
    ct[body] = 40.0
    suv[5:9, 12:15, 8:12] = 9.0
    pet = sitk.GetImageFromArray(suv)
    pet.SetSpacing((4.0, 4.0, 3.0))
    return corrected_volumes(pet, image_like(ct, pet)), networks


def test_skipping_by_suv_changes_no_voxel_at_or_above_it(small):
    volumes, networks = small
    whole = run_cascade(volumes, *networks, CascadeOptions(skip_air=False), CPU, SILENT)
    part = run_cascade(volumes, *networks, CascadeOptions(suv_threshold=4.0), CPU, SILENT)
    hot = volumes.suv >= 4.0
    assert part.tiles["refiner"]["skipped"] > 0.5 * part.tiles["refiner"]["run"]
    assert part.tiles["ensemble"]["skipped"] > 0
    assert np.array_equal(part.probability[hot], whole.probability[hot])
    assert not np.array_equal(part.probability, whole.probability)


def test_skipping_air_changes_only_air(small):
    volumes, networks = small
    whole = run_cascade(volumes, *networks, CascadeOptions(skip_air=False), CPU, SILENT)
    part = run_cascade(volumes, *networks, CascadeOptions(skip_air=True), CPU, SILENT)
    changed = part.probability != whole.probability
    assert part.tiles["refiner"]["skipped"] > 0
    assert changed.any() and np.all(volumes.ct[changed] < -800)


def test_a_threshold_that_nothing_reaches_runs_no_tile_and_finds_nothing(small):
    volumes, networks = small
    found = run_cascade(volumes, *networks, CascadeOptions(suv_threshold=50.0), CPU, SILENT)
    assert found.tiles["refiner"]["run"] == found.tiles["ensemble"]["run"] == 0
    assert not found.mask.any()


def test_tiles_reaching_a_threshold_are_those_that_hold_such_a_voxel():
    grid = centered_grid((16, 8, 8), (8, 8, 8))
    suv = np.zeros(grid.shape, np.float32)
    suv[9, 0, 0] = 4.0  # in the tiles that start at 4 and 8
    assert tiles_reaching(grid, suv, 4.0) == [(4, 0, 0), (8, 0, 0)]


def test_a_tile_counts_as_body_by_its_ct_or_by_its_uptake():
    grid = centered_grid((32, 8, 8), (8, 8, 8))
    suv, ct = np.zeros(grid.shape, np.float32), np.full(grid.shape, -1000.0, np.float32)
    ct[2, 4, 4] = 100.0  # one voxel of 512: more than a thousandth
    suv[30, 4, 4] = 2.0  # beyond the end of the CT
    assert tiles_with_tissue(grid, suv, ct) == [(0, 0, 0), (24, 0, 0)]


def test_coarse_tiles_are_needed_where_a_needed_native_tile_reads_them():
    """Native voxels of 3 mm: native tile (0, 8) reads coarse voxels 0 to 4, so that the tile from 4 on is needed."""
    coarse, native = centered_grid((16, 8, 8), (8, 8, 8)), centered_grid((32, 16, 16), (8, 8, 8))
    read = tiles_read(coarse, native, [(0, 0, 0)], (0.5, 0.5, 0.5))
    assert [start[0] for start in read] == [0, 4]
    assert tiles_read(coarse, native, [], (0.5, 0.5, 0.5)) == []
