"""A result is a folder that is whole or absent, says what it holds, and notices when it was changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from dataclasses import asdict, replace
from pathlib import Path

import builders_result as builders
import numpy as np
import pytest
import SimpleITK as sitk
from CLIPSLib.errors import Cancelled, Failure, Refusal
from CLIPSLib.formats import (
    RESULT_FILES,
    read_result,
    read_saved_study,
    read_seg_nrrd,
    write_result,
)
from CLIPSLib.formats import result as result_module
from CLIPSLib.imaging.geometry import same_grid
from CLIPSLib.progress import RecordingReporter

ALWAYS = {"labels.nii.gz", "lesions.seg.nrrd", "lesions.csv", "measures.json", "study.json", "segmentation.json"}
PERSONAL = ("DUPONT", "JEANNE", "HOP-00417", "19570302", "20230611", "2023-06-11", "1.2.826.0", "TEP TDM", "/data/")


def write(folder, **options):
    return write_result(folder, builders.study(), builders.segmentation(), builders.measures(), **options)


def contents(folder):
    return {path.name: path.read_bytes() for path in Path(folder).iterdir() if path.is_file()}


def test_a_result_reads_back_as_it_was_written(tmp_path):
    written = write(tmp_path / "result")
    assert set(written) == ALWAYS and all(path.is_file() for path in written.values())
    stored = read_result(tmp_path / "result")
    expected = builders.segmentation()
    assert stored.segmentation.lesions == expected.lesions
    assert stored.segmentation.provenance == expected.provenance
    assert stored.segmentation.cautions == expected.cautions
    assert (stored.segmentation.valid_for, stored.segmentation.reviewed) == ("SUV >= 4", False)
    assert same_grid(stored.segmentation.labels, expected.labels)
    np.testing.assert_array_equal(
        sitk.GetArrayFromImage(stored.segmentation.labels), sitk.GetArrayFromImage(expected.labels)
    )
    assert stored.measures == builders.measures()
    assert (stored.study.identity, stored.study.suv) == (builders.IDENTITY, builders.SUV)
    assert stored.study.cautions == builders.study().cautions


def test_probability_and_images_are_written_when_there_are_any_and_they_are_wanted(tmp_path):
    segmentation = builders.segmentation()
    probability = sitk.Cast(segmentation.labels, sitk.sitkFloat32) * 0.25
    segmentation = replace(segmentation, probability=probability)
    study = builders.study()
    written = write_result(tmp_path / "r", study, segmentation, builders.measures(), save_images=True)
    assert set(written) == ALWAYS | {"probability.nii.gz", "pet_suv.nii.gz", "ct_hu.nii.gz"}
    assert sitk.GetArrayFromImage(read_result(tmp_path / "r").segmentation.probability).max() == 0.5
    saved = read_saved_study(tmp_path / "r")
    assert same_grid(saved.pet, study.pet) and same_grid(saved.ct, study.ct)
    assert (saved.identity, saved.suv) == (study.identity, study.suv)


def test_a_study_without_saved_images_cannot_be_measured_again_from_the_result(tmp_path):
    write(tmp_path / "r")
    with pytest.raises(Refusal, match=r"pet_suv\.nii\.gz"):
        read_saved_study(tmp_path / "r")


def test_units_formats_and_versions_are_in_the_documents(tmp_path):
    write(tmp_path / "r")
    for name in ("study", "segmentation", "measures"):
        document = json.loads((tmp_path / "r" / f"{name}.json").read_text())
        assert (document["format"], document["format_version"]) == (f"clips-{name}", 1)
        assert document["use"] == "For research use only. Not a medical device."
    assert document["lesions"][0]["suv_peak"] is None  # no value is null, never zero


def test_an_anonymous_result_holds_no_trace_of_the_patient_in_any_file(tmp_path):
    write(tmp_path / "r", anonymous=True, save_images=True)
    import gzip

    for name, content in contents(tmp_path / "r").items():
        text = gzip.decompress(content) if name.endswith(".nii.gz") else content
        for trace in PERSONAL:
            assert trace.encode() not in text, (name, trace)
    stored = read_result(tmp_path / "r")
    assert stored.study.anonymous and stored.study.identity.patient_id == ""
    assert stored.study.identity.weight_kg == 72.0  # the SUV must stay checkable
    assert stored.study.suv.factor == builders.SUV.factor
    assert "72000 g / 171158250 Bq" in stored.study.suv.formula


def test_numbers_of_numpy_and_missing_values_become_plain_json(tmp_path):
    segmentation = builders.segmentation()
    provenance = {"threshold": np.float32(4.0), "seeds": np.int64(3), "liver": float("nan"), "shape": (1, 2)}
    write_result(tmp_path / "r", builders.study(), replace(segmentation, provenance=provenance), builders.measures())
    read = read_result(tmp_path / "r").segmentation.provenance
    assert read == {"threshold": 4.0, "seeds": 3, "liver": None, "shape": [1, 2]}


def test_a_result_is_not_overwritten_unasked_and_nothing_is_touched(tmp_path):
    (tmp_path / "lesions.csv").write_text("mine")
    with pytest.raises(Refusal, match=r"lesions\.csv"):
        write(tmp_path)
    assert contents(tmp_path) == {"lesions.csv": b"mine"}


def test_other_files_in_the_folder_are_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    write(tmp_path)
    write(tmp_path, overwrite=True)
    assert set(contents(tmp_path)) == ALWAYS | {"notes.txt"}
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == []
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_overwriting_leaves_no_file_of_the_older_result(tmp_path):
    write(tmp_path / "r", save_images=True)
    write(tmp_path / "r", overwrite=True)
    assert set(contents(tmp_path / "r")) == ALWAYS


def test_labels_on_another_grid_than_the_pet_are_refused(tmp_path):
    segmentation = builders.segmentation()
    shifted = sitk.Image(segmentation.labels)
    shifted.SetOrigin((0.0, 0.0, 0.0))
    with pytest.raises(Refusal, match="grid"):
        write_result(tmp_path / "r", builders.study(), replace(segmentation, labels=shifted), builders.measures())
    assert not (tmp_path / "r").exists()


# When things go wrong


@pytest.mark.parametrize("step", ["write_labels", "write_seg_nrrd", "write_measures_json", "write_segmentation_json"])
@pytest.mark.parametrize("before", ["no folder", "an older result"])
def test_a_full_disk_changes_nothing(tmp_path, monkeypatch, step, before):
    folder = tmp_path / "r"
    if before == "an older result":
        write(folder)
        (folder / "notes.txt").write_text("mine")
    old = contents(folder) if folder.exists() else None

    def full(*args, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(result_module, step, full)
    with pytest.raises(Failure, match=r"(?i)disk is full|no space left"):
        write(folder, overwrite=True)
    assert (contents(folder) if folder.exists() else None) == old
    assert [path.name for path in tmp_path.rglob(".*")] == []


def test_a_move_that_fails_halfway_is_undone(tmp_path, monkeypatch):
    write(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    old = contents(tmp_path)
    rename = os.rename

    def refuse_segments(source, destination):
        if Path(destination) == tmp_path / "lesions.seg.nrrd" and ".writing-" in str(source):
            raise PermissionError(13, "Permission denied")
        rename(source, destination)

    monkeypatch.setattr(os, "rename", refuse_segments)
    with pytest.raises(Failure, match="Permission denied"):
        write(tmp_path, overwrite=True, save_images=True)
    assert contents(tmp_path) == old


def test_cancelling_leaves_nothing(tmp_path):
    with pytest.raises(Cancelled):
        write(tmp_path / "r", reporter=RecordingReporter(cancel_after=1))
    assert list(tmp_path.iterdir()) == []


def test_a_process_killed_while_writing_leaves_no_result(tmp_path):
    script = f"""
        import os, sys
        sys.path[:0] = {sys.path!r}
        import builders_result as builders
        from CLIPSLib.formats import result
        result.write_measures_json = lambda *a, **k: os._exit(9)
        result.write_result(
            {str(tmp_path / "r")!r}, builders.study(), builders.segmentation(), builders.measures())
    """
    assert subprocess.run([sys.executable, "-c", textwrap.dedent(script)]).returncode == 9
    assert not (tmp_path / "r").exists()


@pytest.mark.skipif(os.name != "posix", reason="file size limits are a POSIX thing")
@pytest.mark.parametrize("name", ["pet.nii.gz", "pet.nrrd"])
def test_an_image_cut_short_by_the_system_is_an_error_not_a_file(tmp_path, name):
    # SimpleITK writes a truncated .nii.gz without a word when the disk fills up; a size limit does the same.
    script = f"""
        import resource, sys
        sys.path[:0] = {sys.path!r}
        import numpy as np, SimpleITK as sitk
        from CLIPSLib.errors import Failure
        from CLIPSLib.formats.itk_files import write_image_file
        image = sitk.GetImageFromArray(np.random.default_rng(0).normal(size=(30, 90, 90)).astype(np.float32))
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        try:
            write_image_file(image, {str(tmp_path / name)!r})
        except Failure as error:
            sys.exit(0 if error.code == "cannot-write" else 1)
        sys.exit(2)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_a_folder_is_a_failure(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Failure):
        write(tmp_path / "file" / "r")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_a_failure(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(Failure, match="Permission denied"):
        write(tmp_path / "r")


# Reading what is not a result, or no longer one


def test_labels_that_changed_after_they_were_measured_are_noticed(tmp_path):
    write(tmp_path / "r")
    path = tmp_path / "r" / "labels.nii.gz"
    sitk.WriteImage(builders.segmentation().labels * 2, str(path))
    with pytest.raises(Failure, match="SHA-256 differs"):
        read_result(tmp_path / "r")


@pytest.mark.parametrize("name", ["labels.nii.gz", "study.json", "measures.json", "segmentation.json"])
def test_a_missing_file_is_named(tmp_path, name):
    write(tmp_path / "r")
    (tmp_path / "r" / name).unlink()
    with pytest.raises(Failure, match=name.replace(".", r"\.")):
        read_result(tmp_path / "r")


@pytest.mark.parametrize("name", ["study.json", "measures.json", "segmentation.json"])
@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ('{"title": "my holidays"}', Refusal, "not a"),
        ("{", Failure, "not valid JSON"),
        ('{"format": "%s", "format_version": 99}', Refusal, "Update CLIPS"),
        ('{"format": "%s", "format_version": 1}', Failure, "lacks a field"),
    ],
    ids=["foreign", "cut short", "newer", "without fields"],
)
def test_a_document_that_is_none_of_ours_is_refused_in_words(tmp_path, name, text, error, says):
    write(tmp_path / "r")
    path = tmp_path / "r" / name
    path.write_text(text.replace("%s", "clips-" + path.stem))
    with pytest.raises(error, match=says) as caught:
        read_result(tmp_path / "r")
    assert name in str(caught.value)


def test_a_folder_of_results_is_said_to_be_no_result(tmp_path):
    write(tmp_path / "results" / "p17")
    with pytest.raises(Failure, match=r"no result of 'clips segment'.*folder of one study's result"):
        read_result(tmp_path / "results")


def test_a_label_without_a_lesion_is_noticed(tmp_path):
    write(tmp_path / "r")
    path = tmp_path / "r" / "segmentation.json"
    document = json.loads(path.read_text())
    document["lesions"] = [asdict(builders.segmentation().lesions[0])]
    path.write_text(json.dumps(document))
    with pytest.raises(Failure, match=r"without a lesion: \[2\]"):
        read_result(tmp_path / "r")


def test_every_file_of_a_result_agrees_on_the_lesions(tmp_path):
    write(tmp_path / "r")
    from_slicer_file = read_seg_nrrd(tmp_path / "r" / "lesions.seg.nrrd", builders.study().pet)
    assert from_slicer_file.lesions == read_result(tmp_path / "r").segmentation.lesions
    assert set(RESULT_FILES) >= ALWAYS
