"""Prepared images: made once, made anew for anything else, whole or not there, refused where a file is not sound."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import CLIPSLib
import numpy as np
import pytest
import SimpleITK as sitk
from builders_training import write_case
from builders_volume import image_of
from CLIPSLib.errors import Cancelled, Failure, Refusal
from CLIPSLib.progress import RecordingReporter
from CLIPSLib.training import hash_files
from CLIPSLib.training.data import open_patches
from CLIPSLib.training.data import prepare as prepare_module
from CLIPSLib.training.data import prepare_all as prepare_all_module
from CLIPSLib.training.data.patches import Patches
from CLIPSLib.training.recipe import ClassRecipe, DataRecipe

torch = pytest.importorskip("torch")

DATA = DataRecipe(patch=(12, 12, 12), spacing_mm=None)


def patches_of(tmp_path, *cases, data=DATA, **options) -> Patches:
    return open_patches(cases, data, None, tmp_path / "cache", **options)


def changed(case, name: str, change):
    """The case with another image of this name: `change` edits its voxels in place.

    As NRRD: of NIfTI, ITK's reader makes 0 of every value that is no number.
    """
    path = case.files()[name]
    array = sitk.GetArrayFromImage(sitk.ReadImage(path))
    change(array)
    other = path.replace(".nii.gz", ".nrrd")
    sitk.WriteImage(image_of(array, spacing_xyz=(4.0, 4.0, 4.0)), other)
    return hash_files(replace(case, sha256={}, **{name: other}))


def test_prepared_images_are_used_again_and_made_anew_for_other_files_or_another_grid(tmp_path):
    case = write_case(tmp_path)
    entries = [p.prepared["007"].folder for p in (patches_of(tmp_path, case), patches_of(tmp_path, case))]
    assert entries[0] == entries[1]
    other_grid = patches_of(tmp_path, case, data=replace(DATA, spacing_mm=(6.0, 6.0, 6.0)))
    assert other_grid.prepared["007"].folder != entries[0]
    assert other_grid.facts("007").shape == (14, 16, 19)  # 20 * 4 / 6 = 13.3, 24 * 4 / 6 = 16, 28 * 4 / 6 = 18.7
    changed = write_case(tmp_path, seed=9)
    assert patches_of(tmp_path, changed).prepared["007"].folder != entries[0]


def test_a_file_that_changed_since_it_was_frozen_is_refused(tmp_path):
    case = write_case(tmp_path)
    write_case(tmp_path, seed=9)
    with pytest.raises(Refusal, match="The pet of case '007' is not the file that was frozen"):
        patches_of(tmp_path, case)


def test_a_deleted_image_is_named_with_its_case(tmp_path):
    case = write_case(tmp_path)
    (tmp_path / "007_mask.nii.gz").unlink()
    with pytest.raises(Failure, match="mask of case '007'"):
        patches_of(tmp_path, case)


def test_a_mask_on_another_grid_is_refused(tmp_path):
    case = write_case(tmp_path)
    other = write_case(tmp_path, "008", shape=(20, 24, 27))
    mixed = replace(case, mask=other.mask, sha256={})
    with pytest.raises(Refusal, match="mask of case '007' is not on the grid of its PET"):
        patches_of(tmp_path, mixed)


def test_a_mask_value_without_class_is_refused(tmp_path):
    case = write_case(tmp_path, values=(3,))
    data = replace(DATA, classes=(ClassRecipe(name="Lesion", values=(1,)),))
    with pytest.raises(Refusal, match="holds the value 3"):
        patches_of(tmp_path, case, data=data)


def test_other_classes_are_prepared_anew_and_other_names_of_them_are_not(tmp_path):
    case = write_case(tmp_path, values=(2,))
    named = [replace(DATA, classes=(ClassRecipe(name=name),)) for name in ("Lesion", "Tumor")]
    asked = replace(DATA, classes=(ClassRecipe(name="Lesion", values=(2,)),))
    folders = [patches_of(tmp_path, case, data=data).prepared["007"].folder for data in (*named, asked)]
    assert folders[0] == folders[1] != folders[2]


@pytest.mark.parametrize("name", ["suv.npy", "labels.npy", "lesion_sites.npy", "case.json"])
@pytest.mark.parametrize("damage", [b"short", None])
def test_a_damaged_entry_is_made_again_and_said(tmp_path, name, damage):
    case = write_case(tmp_path)
    before = patches_of(tmp_path, case)
    file = before.prepared["007"].folder / name
    wanted = before.batch(["007"], 0, 0)
    file.unlink() if damage is None else file.write_bytes(damage)
    reporter = RecordingReporter()
    again = patches_of(tmp_path, case, reporter=reporter).batch(["007"], 0, 0)
    assert torch.equal(wanted.images, again.images) and torch.equal(wanted.labels, again.labels)
    told = ["made again" in caution.what for caution in reporter.cautions]
    assert told == ([] if (name, damage) == ("case.json", None) else [True])  # without it the entry was never finished


@pytest.mark.parametrize("name", ["suv", "hu", "labels", "lesion_sites"])
def test_a_prepared_image_that_vanishes_during_training_is_named_with_its_case(tmp_path, name):
    patches = patches_of(tmp_path, write_case(tmp_path))
    (patches.prepared["007"].folder / f"{name}.npy").unlink()
    with pytest.raises(Failure, match="prepared image of case '007' is missing or damaged"):
        patches.batch(["007"], 0, 0, lesion_share=1.0)


def test_a_cache_that_cannot_be_made_is_told_with_the_field_that_names_it(tmp_path):
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(Failure, match="folder for prepared images cannot be made") as failed:
        patches_of(tmp_path, write_case(tmp_path))
    assert failed.value.where == str(tmp_path / "cache") and "data.cache" in failed.value.remedy


def test_a_disk_that_fills_while_images_are_prepared_leaves_nothing_half_done(tmp_path, monkeypatch):
    case = write_case(tmp_path)

    def full(path, array):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(prepare_module, "_save", full)
    with pytest.raises(Failure, match="The disk is full"):
        patches_of(tmp_path, case)
    assert [path.name for path in (tmp_path / "cache").iterdir() if not path.name.endswith(".lock")] == []
    monkeypatch.undo()
    assert patches_of(tmp_path, case).batch(["007"], 0, 0, lesion_share=1.0).labels.any()


@pytest.mark.skipif(os.name != "posix", reason="a limit on the size of files stands for the disk")
def test_a_disk_that_is_really_full_is_told_by_its_reason(tmp_path):
    program = f"""
import resource, signal, numpy
from pathlib import Path
from CLIPSLib.training.data.prepare import _save
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
_save(Path({str(tmp_path / "a.npy")!r}), numpy.zeros(100_000))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=core_environment())
    assert "File too large" in done.stderr


def core_environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(CLIPSLib.__file__).parent.parent)}


@pytest.mark.slow
def test_two_runs_that_share_a_cache_prepare_it_at_the_same_time(tmp_path):
    cases = [write_case(tmp_path, name, seed=n) for n, name in enumerate("abc")]
    program = f"""
from CLIPSLib.training import TrainingCase
from CLIPSLib.training.data import open_patches
from CLIPSLib.training.recipe import DataRecipe
cases = [TrainingCase(**fields) for fields in {[vars(case) for case in cases]!r}]
print(open_patches(cases, DataRecipe(patch=(12, 12, 12)), None, {str(tmp_path / "cache")!r}).facts("c"))
"""
    command = [sys.executable, "-c", program]
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=core_environment()) for _ in range(3)]
    told = [run.communicate(timeout=120)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0]
    assert len(set(told)) == 1
    assert len([path for path in (tmp_path / "cache").iterdir() if path.is_dir()]) == 3


@pytest.mark.parametrize("name", ["pet", "ct"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_image_with_values_that_are_no_numbers_is_refused_and_named(tmp_path, name, value):
    def poison(array):
        array[3, 4, 5] = value

    with pytest.raises(Refusal, match=f"The {name.upper()} of case '007'"):
        patches_of(tmp_path, changed(write_case(tmp_path), name, poison))


def test_values_beyond_the_kept_numbers_stay_numbers(tmp_path):
    """Kept with 16 bits, which end at 65 504; a metal artifact may not become infinite."""

    def metal(array):
        array[10, 11, 16] = 1e6

    batch = patches_of(tmp_path, changed(write_case(tmp_path), "ct", metal)).batch(["007"], 0, 0, lesion_share=1.0)
    assert torch.isfinite(batch.images).all()


def test_masks_of_several_values_that_count_as_one_class_are_told(tmp_path):
    """Lesion by lesion numbered that is meant; with physiological uptake as 2 it would be learned as tumor."""
    two = ((slice(2, 5), slice(2, 5), slice(2, 5)), (slice(8, 11), slice(10, 13), slice(15, 18)))
    cases = [write_case(tmp_path, "two", lesions=two, values=(1, 2)), write_case(tmp_path, "one")]
    classes = (ClassRecipe(name="Lesion", values=(1,)), ClassRecipe(name="Brain", values=(2,)))
    for data, told in ((DATA, ["values-merged"]), (replace(DATA, classes=classes), [])):
        reporter = RecordingReporter()
        patches_of(tmp_path, *cases, data=data, reporter=reporter)
        assert [caution.code for caution in reporter.cautions] == told
        assert all("1 case(s)" in caution.what and "'Lesion': two" in caution.what for caution in reporter.cautions)


def test_lesions_too_small_for_the_voxels_are_told(tmp_path):
    tiny = ((slice(8, 9), slice(10, 11), slice(15, 16)),)
    cases = [write_case(tmp_path, "tiny", lesions=tiny), write_case(tmp_path, "none", lesions=())]
    reporter = RecordingReporter()
    patches = patches_of(tmp_path, *cases, data=replace(DATA, spacing_mm=(10.0, 10.0, 10.0)), reporter=reporter)
    assert patches.facts("tiny").empty
    (caution,) = reporter.cautions
    assert caution.code == "lesions-lost" and "In 1 case(s)" in caution.what and "tiny (Lesion)" in caution.what


@pytest.fixture
def four(tmp_path, monkeypatch):
    """Four cases, on two cores."""
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    return [write_case(tmp_path, f"{number:03}", seed=number) for number in range(4)]


def test_helpers_prepare_the_same_images_side_by_side_and_touch_no_random_number_of_the_run(tmp_path, four):
    alone = open_patches(four, replace(DATA, workers=0), None, tmp_path / "alone")
    before = torch.get_rng_state()
    together = open_patches(four, replace(DATA, workers=2), None, tmp_path / "together")
    assert torch.equal(before, torch.get_rng_state())
    assert list(together.prepared) == list(alone.prepared) == ["000", "001", "002", "003"]
    for name, case in together.prepared.items():
        files = sorted(path.name for path in case.folder.iterdir())
        assert files == sorted(path.name for path in alone.prepared[name].folder.iterdir())
        assert all((case.folder / n).read_bytes() == (alone.prepared[name].folder / n).read_bytes() for n in files)


def test_what_a_helper_finds_wrong_is_raised_or_told_as_without_helpers(tmp_path, four):
    data = replace(DATA, workers=2)
    made = patches_of(tmp_path, *four, data=data)
    (made.prepared["000"].folder / "suv.npy").write_bytes(b"short")
    for case in ("001", "002", "003"):
        shutil.rmtree(made.prepared[case].folder)
    Path(four[3].mask).unlink()
    reporter = RecordingReporter()
    with pytest.raises(Failure, match="mask of case '003'"):
        patches_of(tmp_path, *four, data=data, reporter=reporter)
    assert ["made again" in caution.what for caution in reporter.cautions] == [True]
    assert [fraction for _, fraction in reporter.stages] == [0.0, 0.25, 0.5, 0.75]


def test_a_helper_that_is_killed_while_it_prepares_is_told_with_what_to_do(tmp_path, four, monkeypatch):
    monkeypatch.setattr(prepare_all_module, "prepare_case", lambda *_args, **_options: os._exit(9))
    with pytest.raises(Failure, match="A process that prepares images died") as failed:
        patches_of(tmp_path, *four, data=replace(DATA, workers=2))
    assert "data.workers=0" in failed.value.remedy


def test_cancelled_between_two_cases_leaves_what_is_made(tmp_path, four):
    with pytest.raises(Cancelled):
        patches_of(tmp_path, *four, data=replace(DATA, workers=2), reporter=RecordingReporter(cancel_after=2))
    assert len(list((tmp_path / "cache").glob("*/case.json"))) >= 2
    assert len(patches_of(tmp_path, *four).prepared) == 4
