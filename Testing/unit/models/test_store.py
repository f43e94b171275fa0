"""The model store: what is installed is what was described, from folder or ZIP; everything else is refused by name."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import builders_model
import pytest
from CLIPSLib.errors import Cancelled, Failure, Refusal, UsageError
from CLIPSLib.models import ModelStore, user_folder
from CLIPSLib.models import store as store_module
from CLIPSLib.progress import RecordingReporter


@pytest.fixture
def store(tmp_path, monkeypatch):
    """An empty store whose weights are not tried, so that a weight file may be any file."""
    monkeypatch.setattr(store_module, "missing_package", lambda description: "torch")
    return ModelStore(tmp_path / "store")


@pytest.fixture
def model(tmp_path):
    return builders_model.fake(tmp_path / "model")


def in_store(store) -> list[str]:
    return sorted(str(path.relative_to(store.root)) for path in store.root.rglob("*") if path.is_file())


@pytest.mark.parametrize("inside", [None, "", "small model/"])
def test_a_model_is_installed_from_a_folder_or_a_zip(store, model, tmp_path, inside):
    source = model if inside is None else builders_model.pack(model, tmp_path / "model.zip", inside=inside)
    installed, cautions = store.install(source)
    assert installed.model_id == "small@1.0"
    assert in_store(store) == ["small/1.0/fold_0.pt", "small/1.0/model.json"]
    assert (installed.folder / "fold_0.pt").read_bytes() == (model / "fold_0.pt").read_bytes()
    assert [caution.code for caution in cautions] == ["weights-not-tried"]


def test_only_what_the_description_lists_is_installed(store, model):
    (model / "setup.py").write_text("print('not copied')")
    store.install(model)
    assert in_store(store) == ["small/1.0/fold_0.pt", "small/1.0/model.json"]


def test_a_second_installation_is_refused_unless_asked_for(store, model):
    store.install(model)
    with pytest.raises(Refusal, match=r"'small@1\.0' is installed already"):
        store.install(model)
    store.install(model, overwrite=True)
    assert in_store(store) == ["small/1.0/fold_0.pt", "small/1.0/model.json"]


def test_two_versions_lie_side_by_side_and_the_newest_is_meant_by_the_name(store, tmp_path):
    for version in ("1.9", "1.10", "1.10-rc1", "local-ab12"):
        store.install(builders_model.fake(tmp_path / version, version=version))
    assert store.versions("small")[0] == "1.10"
    assert store.get("small").model_id == "small@1.10"
    assert store.get("small@1.9").model_id == "small@1.9"
    with pytest.raises(UsageError, match="Several versions"):
        store.remove("small")
    store.remove("small@1.10")
    assert "1.10" not in store.versions("small")


@pytest.mark.parametrize("packed", [False, True])
def test_a_damaged_or_wrong_file_is_named_and_nothing_remains(store, model, tmp_path, packed):
    content = bytearray((model / "fold_0.pt").read_bytes())
    content[17] ^= 1
    for damage, reason in [(bytes(content), "SHA-256"), (content[:-1], "bytes"), (content + b"x", "more than")]:
        (model / "fold_0.pt").write_bytes(damage)
        source = builders_model.pack(model, tmp_path / "model.zip") if packed else model
        with pytest.raises(Failure, match=rf"'fold_0\.pt' is damaged or another one.*{reason}"):
            store.install(source)
    (model / "fold_0.pt").unlink()
    with pytest.raises(Failure, match=r"lacks the file 'fold_0\.pt'"):
        store.install(builders_model.pack(model, tmp_path / "model.zip") if packed else model)
    assert in_store(store) == []


def test_a_damaged_archive_is_said(store, model, tmp_path):
    archive = builders_model.pack(model, tmp_path / "model.zip")
    content = bytearray(archive.read_bytes())
    with zipfile.ZipFile(archive) as opened:
        first = opened.getinfo("fold_0.pt").header_offset + 60
    content[first : first + 20] = bytes(20)
    archive.write_bytes(content)
    with pytest.raises(Failure, match=r"fold_0\.pt"):
        store.install(archive)
    archive.write_bytes(content[: len(content) // 2])
    with pytest.raises((Refusal, Failure), match=r"ZIP"):
        store.install(archive)
    assert in_store(store) == []


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil", "C:\\evil", "..\\evil"])
def test_an_archive_that_leads_out_of_its_folder_is_refused(store, model, tmp_path, name):
    archive = builders_model.pack(model, tmp_path / "model.zip")
    with zipfile.ZipFile(archive, "a") as opened:
        opened.writestr(name, "evil")
    with pytest.raises(Refusal, match="leads out of its folder"):
        store.install(archive)
    assert not list(tmp_path.rglob("*evil*"))


def test_links_are_refused_in_archives_and_folders(store, model, tmp_path):
    archive = builders_model.pack(model, tmp_path / "model.zip")
    link = zipfile.ZipInfo("fold_1.pt")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(archive, "a") as opened:
        opened.writestr(link, "/etc/passwd")
    with pytest.raises(Refusal, match="is a link"):
        store.install(archive)
    (model / "fold_0.pt").rename(tmp_path / "elsewhere.pt")
    (model / "fold_0.pt").symlink_to(tmp_path / "elsewhere.pt")
    with pytest.raises(Refusal, match="is a link"):
        store.install(model)


def test_an_archive_that_unpacks_to_more_than_it_says_stops_at_what_was_said(store, model, tmp_path):
    """100 MB of zeros behind an entry of 10 kB: reading ends once the described size is exceeded."""
    archive = builders_model.pack(model, tmp_path / "model.zip")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.write(model / "model.json", "model.json")
        opened.writestr("fold_0.pt", bytes(100 * 2**20))
    with pytest.raises(Failure, match=r"'fold_0\.pt' .* more than 10240 bytes"):
        store.install(archive)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": "../../evil"}, "'name' is"),
        ({"version": "a/b"}, "'version' is"),
        ({"files": [{"name": "../x", "role": "fold", "sha256": "0" * 64, "size_bytes": 1}]}, r"'files\[0\].name'"),
        ({"files": []}, "at least 1"),
        ({"kind": "magic"}, "one of: tmtvnet-cascade, monai-sliding-window"),
        ({"kind": "tmtvnet-cascade"}, "role 'ensemble'"),
        ({"network": None}, "a 'network'"),
        ({"labels": [builders_model.TUMOR]}, "at least 2"),
        ({"labels": [builders_model.BACKGROUND] * 2}, "channels 0, 1, 2"),
        ({"unknown": 1}, "'unknown' is unknown"),
    ],
)
def test_a_description_that_is_not_valid_is_refused_with_its_fault(store, tmp_path, fields, sentence):
    folder = builders_model.fake(tmp_path / "model", **fields)
    with pytest.raises(Refusal, match=sentence):
        store.install(folder)
    assert not store.root.exists() or in_store(store) == []


def test_channels_and_classes_must_be_those_of_the_network(store, tmp_path):
    network = {"name": "UNet", "arguments": {"in_channels": 2, "out_channels": 2}, "patch": [16, 16, 16]}
    with pytest.raises(Refusal, match=r"network.arguments.in_channels' must be 1"):
        store.install(builders_model.fake(tmp_path / "model", network=network))


def test_other_things_than_models_are_refused(store, tmp_path):
    with pytest.raises(Failure, match="no such file or folder"):
        store.install(tmp_path / "nothing")
    (tmp_path / "file.pt").write_bytes(b"weights")
    with pytest.raises(Refusal, match="a folder or a ZIP"):
        store.install(tmp_path / "file.pt")
    with pytest.raises(Failure, match=r"lacks the file 'model\.json'"):
        store.install(tmp_path)
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as archive:
        archive.writestr("readme.txt", "nothing")
    with pytest.raises(Refusal, match=r"holds no model\.json"):
        store.install(tmp_path / "empty.zip")


def test_a_newer_description_asks_for_an_update(store, model):
    document = json.loads((model / "model.json").read_text())
    (model / "model.json").write_text(json.dumps({**document, "format_version": 2}))
    with pytest.raises(Refusal, match="Update CLIPS"):
        store.install(model)


def test_cancelling_leaves_nothing(store, model):
    with pytest.raises(Cancelled):
        store.install(model, reporter=RecordingReporter(cancel_after=0))
    assert in_store(store) == []


def test_verify_names_every_file_that_changed(store, model):
    installed, _ = store.install(model)
    assert store.verify("small")[0].model_id == "small@1.0"
    (installed.folder / "fold_0.pt").write_bytes(b"short")
    with pytest.raises(Failure, match=r"'fold_0\.pt' has 5 instead of 10240 bytes"):
        store.verify("small")
    (installed.folder / "fold_0.pt").unlink()
    with pytest.raises(Failure, match=r"'fold_0\.pt' is missing"):
        store.verify("small@1.0")


def test_a_damaged_model_is_listed_as_such_and_can_be_removed(store, model, tmp_path):
    installed, _ = store.install(model)
    store.install(builders_model.fake(tmp_path / "good", name="good"))
    (installed.folder / "model.json").write_text("{")
    contents = store.contents()
    assert [model.model_id for model in contents.models] == ["good@1.0"]
    assert "not valid JSON" in str(contents.damaged[0])
    store.remove("small")
    assert not store.contents().damaged
    assert not (store.root / "small").exists()


@pytest.mark.parametrize("reference", ["../store", "small@../..", "", "small@", "/", "a/b", "small@1.0/.."])
def test_removing_never_leaves_the_store(store, model, reference):
    store.install(model)
    with pytest.raises(UsageError):
        store.remove(reference)
    assert in_store(store)


def test_links_in_the_store_are_not_followed(store, model, tmp_path):
    store.install(model)
    (store.root / "linked").symlink_to(tmp_path)
    (store.root / "small" / "2.0").symlink_to(model)
    assert [m.model_id for m in store.contents().models] == ["small@1.0"]
    with pytest.raises(UsageError):
        store.remove("small@2.0")
    assert (model / "model.json").exists()


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {}, "home/.local/share/clips"),
        ("linux", {"XDG_DATA_HOME": "{tmp}/xdg"}, "xdg/clips"),
        ("linux", {"XDG_DATA_HOME": "relative"}, "home/.local/share/clips"),
        ("darwin", {}, "home/Library/Application Support/CLIPS"),
        ("win32", {"LOCALAPPDATA": "{tmp}/local"}, "local/CLIPS"),
        ("win32", {"CLIPS_HOME": "{tmp}/mine"}, "mine"),
    ],
)
def test_user_data_lie_where_the_system_wants_them(platform, variables, expected, monkeypatch, tmp_path):
    for name in ("CLIPS_HOME", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(tmp=tmp_path))
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    assert user_folder() == tmp_path / expected


def test_installed_models_are_listed_without_loading_torch(tmp_path):
    code = (
        "import sys\n"
        f"sys.path.insert(0, {str(Path(store_module.__file__).parents[2])!r})\n"
        "from CLIPSLib.models import ModelStore\n"
        "from CLIPSLib.segmentation import list_segmenters\n"
        f"ModelStore({str(tmp_path)!r}).contents(); list_segmenters()\n"
        "print([name for name in ('torch', 'monai', 'SimpleITK') if name in sys.modules])\n"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.strip() == "[]"
