"""The lists in CMakeLists.txt are complete, and the script that keeps them so does what it says."""

from pathlib import Path

import list_files


def module_with(folder: Path, *files: str) -> Path:
    """An extension with one module that has some files and lists none."""
    for name in files:
        path = folder / "Module" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("", encoding="utf-8")
    listing = folder / "Module" / "CMakeLists.txt"
    listing.write_text(
        "set(SCRIPTS\n  # listed files: scripts\n  gone.py\n  # end of listed files\n  )\n"
        "set(RESOURCES\n  # listed files: resources\n  # end of listed files\n  )\n",
        encoding="utf-8",
    )
    return listing


def test_every_file_of_the_extension_is_listed():
    stale = [path.parent.name for path in list_files.outdated(list_files.REPOSITORY)]
    assert not stale, f"run: python tools/list_files.py --write (for {', '.join(stale)})"


def test_files_are_listed_sorted_and_vanished_ones_disappear(tmp_path):
    listing = module_with(tmp_path, "Module.py", "Lib/b.py", "Lib/a.py", "Lib/data/x.json", "Resources/UI/Module.ui")
    assert list_files.outdated(tmp_path, write=True) == [listing]
    assert listing.read_text(encoding="utf-8") == (
        "set(SCRIPTS\n  # listed files: scripts\n  Lib/a.py\n  Lib/b.py\n  Module.py\n  # end of listed files\n  )\n"
        "set(RESOURCES\n  # listed files: resources\n  Lib/data/x.json\n  Resources/UI/Module.ui\n"
        "  # end of listed files\n  )\n"
    )
    assert list_files.outdated(tmp_path) == []


def test_by_products_are_not_listed(tmp_path):
    module_with(tmp_path, "Module.py", "__pycache__/Module.pyc", ".hidden", "x.egg-info/PKG-INFO", "Lib/.cache/y.py")
    assert list_files.files_of(tmp_path / "Module") == {"scripts": ["Module.py"], "resources": []}


def test_looking_changes_nothing(tmp_path):
    listing = module_with(tmp_path, "Module.py")
    before = listing.read_text(encoding="utf-8")
    assert list_files.outdated(tmp_path) == [listing]
    assert listing.read_text(encoding="utf-8") == before
