"""What a run will cost is said before it begins, for every network, validations included."""

from __future__ import annotations

import builders_run
import pytest
from CLIPSLib.models import ModelStore
from CLIPSLib.training.overrides import with_values

torch = pytest.importorskip("torch")
pytest.importorskip("monai")

from CLIPSLib.training import check  # noqa: E402
from CLIPSLib.training.cost import Timed, disk_gb, step_memory_gb, tiles_of  # noqa: E402
from CLIPSLib.training.progress import validations_left  # noqa: E402
from CLIPSLib.training.start import find_start, make_network  # noqa: E402


def recipe(**values):
    return with_values(builders_run.TINY, {name.replace("__", "."): value for name, value in values.items()})


def memory_gb(store, **values):
    wanted = recipe(training__batch=2, **values)
    return step_memory_gb(wanted, make_network(wanted, find_start(wanted, store))[0], torch.float32)


@pytest.mark.parametrize(
    ("network", "side", "options", "measured_gb"),
    [
        ("segresnet", 64, {"filters": 16}, 0.75),
        ("dynunet", 48, {"filters": 32}, 0.87),
        ("unet", 64, {"filters": 16}, 0.31),
        ("attention-unet", 64, {"filters": 8}, None),
        ("swin-unetr", 64, {"filters": 24}, None),
        ("tmtvnet-refiner", 16, {}, None),
    ],
)
def test_memory_of_a_step_is_near_what_a_process_was_seen_to_take(tmp_path, network, side, options, measured_gb):
    """measured_gb: growth of the resident memory over two steps on a CPU with PyTorch 2.13, batch of two."""
    store = ModelStore(tmp_path)
    found = memory_gb(
        store, network__name=network, network__options=options, data__patch=[side] * 3, data__use="pet-ct"
    )
    assert found > 0.15
    if measured_gb is not None:
        assert 0.8 < found / measured_gb < 1.25


def test_parts_of_a_batch_take_less_and_a_running_mean_more(tmp_path):
    store, large = ModelStore(tmp_path), {"data__patch": [48, 48, 48]}
    whole = memory_gb(store, **large)
    assert memory_gb(store, **large, training__accumulate=2) < whole < memory_gb(store, **large, training__ema=0.9)


def test_tiles_are_counted_as_the_engine_lays_them():
    """Of 40 voxels with tiles of 16 that overlap by half: begins at 0, 8, 16, 24."""
    assert tiles_of((40, 16, 10), recipe(validation__overlap=0.5)) == 4


@pytest.mark.parametrize(
    ("every", "step", "validated", "left"),
    [
        (0, 0, None, 1),
        (0, 10, None, 1),
        (0, 10, 10, 0),
        (5, 0, None, 2),
        (5, 5, None, 2),
        (5, 5, 5, 1),
        (4, 0, None, 3),
        (4, 7, 4, 2),
        (4, 8, 8, 1),
        (4, 10, 8, 1),
        (4, 10, 10, 0),
    ],
)
def test_validations_to_come_are_counted_to_the_last(every, step, validated, left):
    """A run of ten steps."""
    wanted = recipe(training__steps=10, validation__every=every)
    assert validations_left(wanted, step, validated) == left


def test_disk_is_two_bytes_a_voxel_and_image_one_of_labels_and_three_checkpoints():
    """SUV only: 3 bytes a voxel; AdamW keeps 12 bytes a weight and checkpoint, weights alone are 4."""
    assert disk_gb(recipe(), [(10, 10, 10)], 1000) == pytest.approx((3000 + 3 * 12000 + 4 * 4000) / 1e9)


def test_hours_count_steps_and_validations(tmp_path, monkeypatch):
    monkeypatch.setattr(check, "time_steps", lambda *given: (Timed(step_s=2.0, tile_s=0.5, memory_gb=None), None))
    cases = builders_run.cases(tmp_path / "images", validate=2)
    wanted = recipe(training__steps=100, validation__every=40, validation__cases=1)
    report = check.check_recipe(wanted, cases, tmp_path / "run", store=ModelStore(tmp_path / "models"))
    z, y, x = size_of_the_first(cases)
    each = tiles_of((z, y, x), wanted) * 0.5
    assert report.seconds_per_validation == pytest.approx(each)
    assert report.hours == pytest.approx((100 * 2.0 + 3 * each) / 3600)


def size_of_the_first(cases):
    from CLIPSLib.formats import read_image
    from CLIPSLib.imaging import array_view

    return array_view(read_image(cases.cases[0].pet)).shape
