"""TMTV-Net's entry: two files as downloaded, in any order, under any name; which they are, what is said of them."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import reference_data
from builders_volume import image_of, study_of
from CLIPSLib import segment_study
from CLIPSLib.errors import Failure, Refusal, UsageError
from CLIPSLib.imaging import array_view
from CLIPSLib.models import ModelStore, install_tmtvnet, tmtvnet
from CLIPSLib.models import store as store_module
from CLIPSLib.models.description import CASCADE, ModelFile


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A store that does not try weights, so that files of the right size will do."""
    monkeypatch.setattr(store_module, "missing_package", lambda description: "torch")
    return ModelStore(tmp_path / "store")


@pytest.fixture
def downloads(tmp_path, monkeypatch):
    """Two files, the smaller one the refiner's; what is large is made small for the test."""
    monkeypatch.setattr(tmtvnet, "_BETWEEN_SIZES", 1000)
    folder = tmp_path / "downloads"
    folder.mkdir()
    (folder / "e_latest.model").write_bytes(b"e" * 2000)
    (folder / "r_latest.model").write_bytes(b"r" * 100)
    return folder


def test_the_folder_or_both_files_in_any_order_give_the_same_model(store, downloads):
    renamed = downloads / "e_latest (1).model"
    renamed.write_bytes((downloads / "e_latest.model").read_bytes())
    first, _ = install_tmtvnet(store, [downloads])
    second, _ = install_tmtvnet(store, [downloads / "r_latest.model", renamed], overwrite=True)
    assert first == second
    assert [(file.name, file.role) for file in first.description.files] == [
        ("e_latest.model", "ensemble"),
        ("r_latest.model", "refiner"),
    ]
    assert first.description.kind == CASCADE
    assert (first.folder / "e_latest.model").read_bytes() == b"e" * 2000


def test_files_unlike_the_published_ones_are_said_to_be_and_named_by_their_hash(store, downloads):
    model, cautions = install_tmtvnet(store, [downloads])
    assert model.description.version.startswith("local-")
    unlike = [caution.what for caution in cautions if caution.code == "weights-not-published"]
    assert len(unlike) == 2
    assert "recorded is 0792262f...00004 with 345642925" in unlike[0]
    (downloads / "r_latest.model").write_bytes(b"R" * 100)
    other, _ = install_tmtvnet(store, [downloads])
    assert other.description.version != model.description.version


def test_the_published_files_are_recognized():
    for known in tmtvnet.PUBLISHED:  # the full hash is not known here, only how it begins and ends
        digest = known.sha256_begins.ljust(64 - len(known.sha256_ends), "0") + known.sha256_ends
        published = {"name": known.name, "role": known.role, "size_bytes": known.size_bytes}
        assert known.is_this(ModelFile(sha256=digest, **published))
        assert not known.is_this(ModelFile(sha256="f" * 64, **published))


def test_what_is_missing_is_named_with_where_to_get_it(store, downloads, tmp_path):
    (downloads / "r_latest.model").unlink()
    with pytest.raises(Failure, match=r"no weight file 'r_latest\.model'.*README of https://.*research only"):
        install_tmtvnet(store, [downloads])
    with pytest.raises(UsageError, match="needs the folder of its two weight files"):
        install_tmtvnet(store, [downloads / "e_latest.model"])
    with pytest.raises(UsageError, match="not one of TMTV-Net's ensemble"):
        install_tmtvnet(store, [downloads / "e_latest.model", downloads / "e_latest.model"])


def test_the_licence_and_the_research_use_travel_with_the_model(store, downloads):
    model, _ = install_tmtvnet(store, [downloads])
    assert model.description.licence_of_weights.name == "CC BY-NC-SA 4.0"
    assert "research" in model.description.use.lower()
    assert model.description.inputs.needs_ct


def test_files_that_are_no_weights_are_refused_where_torch_is_there(downloads, tmp_path):
    pytest.importorskip("torch", reason="PyTorch is not installed: pip install '.[networks]'")
    with pytest.raises((Failure, Refusal), match=r"e_latest\.model"):
        install_tmtvnet(ModelStore(tmp_path / "store"), [downloads])


@pytest.fixture(scope="module")
def seeded_weights(tmp_path_factory):
    """Weight files as published in names, shapes and format, with reproducible random values (347 MB)."""
    pytest.importorskip("torch", reason="PyTorch is not installed: pip install '.[networks]'")
    reference_data.path("tmtvnet_golden")
    script = reference_data.SOURCE.parent / "tools" / "tmtvnet_seed_weights.py"
    if not script.is_file():
        pytest.skip(f"seeded weights cannot be made: {script} is absent")
    folder = tmp_path_factory.mktemp("weights")
    subprocess.run([sys.executable, str(script), str(folder)], check=True)
    yield folder
    for path in folder.iterdir():
        path.unlink()


@pytest.mark.slow
def test_weights_of_the_right_shapes_are_installed_verified_and_swapped_ones_refused(seeded_weights, tmp_path):
    import torch

    store = ModelStore(tmp_path / "store")
    model, _ = install_tmtvnet(store, [seeded_weights])
    assert store.verify("tmtvnet") == (model, ())
    state = torch.load(seeded_weights / "r_latest.model", weights_only=True)
    state.popitem()
    damaged = tmp_path / "r_latest.model"
    torch.save(state, damaged)
    with pytest.raises(Refusal, match="is missing"):
        install_tmtvnet(store, [seeded_weights / "e_latest.model", damaged])
    store.remove("tmtvnet")
    assert not os.listdir(store.root)


@pytest.mark.slow
def test_an_installed_tmtvnet_is_a_method_like_any_other(seeded_weights):
    """From the store through both stages; with random weights only the path is tested, not the result."""
    suv = np.ones((12, 12, 12), dtype=np.float32)
    suv[4:8, 4:8, 4:8] = 8.0
    ct = image_of(np.zeros(suv.shape, dtype=np.float32), spacing_xyz=(4.0, 4.0, 4.0))
    study = study_of(suv, ct=ct, spacing_xyz=(4.0, 4.0, 4.0))
    model, _ = install_tmtvnet(ModelStore(), [seeded_weights])

    segmentation = segment_study(study, "tmtvnet", options={"device": "cpu"})

    assert segmentation.provenance["model"] == model.model_id
    hashes = {file.name: file.sha256 for file in model.description.files}
    assert segmentation.provenance["weights_sha256"] == hashes
    assert segmentation.valid_for == "suv >= 4"
    assert not array_view(segmentation.labels)[suv < 4].any()
    (model.folder / "r_latest.model").write_bytes(b"another file")
    with pytest.raises(Failure, match=r"'r_latest\.model' has 12 instead of"):
        segment_study(study, "tmtvnet")
    ModelStore().remove("tmtvnet")
