"""Keeps the file lists of the modules' CMakeLists.txt complete: Slicer packages only what they name.

python tools/list_files.py            # says which modules are out of date, exit status 1 if any is
python tools/list_files.py --write    # brings them up to date
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
_BLOCK = re.compile(
    r"(?P<start>^ *# listed files: (?P<kind>scripts|resources)\n)(?:.*\n)*?(?P<end>^ *# end of listed files\n)",
    re.MULTILINE,
)


def module_folders(root: Path) -> list[Path]:
    """The folders of the extension's modules: those with a CMakeLists.txt that lists files."""
    found = sorted(root.glob("*/CMakeLists.txt"))
    return [path.parent for path in found if _BLOCK.search(path.read_text(encoding="utf-8"))]


def files_of(module: Path) -> dict[str, list[str]]:
    """What a module consists of, relative to its folder: Python files, and everything else that is no by-product."""
    files = [path.relative_to(module) for path in module.rglob("*") if path.is_file()]
    names = sorted(path.as_posix() for path in files if path.name != "CMakeLists.txt" and not _is_by_product(path))
    return {
        "scripts": [name for name in names if name.endswith(".py")],
        "resources": [name for name in names if not name.endswith(".py")],
    }


def _is_by_product(path: Path) -> bool:
    return any(part.startswith(".") or part == "__pycache__" or part.endswith(".egg-info") for part in path.parts)


def with_current_lists(text: str, files: dict[str, list[str]]) -> str:
    """The text of a CMakeLists.txt with its lists replaced."""

    def block(match: re.Match[str]) -> str:
        listed = "".join(f"  {name}\n" for name in files[match["kind"]])
        return match["start"] + listed + match["end"]

    return _BLOCK.sub(block, text)


def outdated(root: Path, *, write: bool = False) -> list[Path]:
    """The CMakeLists.txt whose lists do not fit the files; brought up to date with `write`."""
    found = []
    for module in module_folders(root):
        path = module / "CMakeLists.txt"
        text = path.read_text(encoding="utf-8")
        current = with_current_lists(text, files_of(module))
        if current != text:
            found.append(path)
            if write:
                path.write_text(current, encoding="utf-8", newline="\n")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="bring the lists up to date")
    write = parser.parse_args().write
    paths = outdated(REPOSITORY, write=write)
    for path in paths:
        print(f"{'updated' if write else 'out of date'}: {path.relative_to(REPOSITORY)}")
    return 0 if write or not paths else 1


if __name__ == "__main__":
    sys.exit(main())
