"""The rooms of CLIPSLib: who may import whom (the one place where that is written), and who does.

Called by Testing/architecture/test_rooms.py, which enforces the table, and by draw_rooms.py, which draws it.
Imports are read from the source without running it: at file scope, inside functions, under TYPE_CHECKING, and
`importlib.import_module("...")`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
CORE = REPOSITORY / "CLIPSSegmentation" / "CLIPSLib"

FRONT_DOOR = ("__init__", "__main__")  # resolve public names lazily; no room imports them
GROUND_FLOOR = ("errors", "progress", "provenance", "files", "locks", "schema", "body_size")  # importable everywhere
BUNDLED = frozenset({"numpy", "scipy", "SimpleITK", "pydicom", "PIL"})  # what Slicer ships and pyproject.toml requires


@dataclass(frozen=True)
class Room:
    """gives: in words; may_import: other rooms (the ground floor always); packages: beyond `BUNDLED`."""

    gives: str
    may_import: tuple[str, ...] = ()
    packages: frozenset[str] = frozenset()


def _table() -> dict[str, Room]:
    torch = frozenset({"torch"})
    networks = frozenset({"torch", "monai"})
    rooms = {
        "imaging": Room("geometry, resampling, connected components, distances, sphere means, body mask"),
        "models": Room("model store and descriptions; networks by name", packages=networks),
        "curriculum": Room("what to draw, from scores, losses and step"),
        "jobs": Room("start, follow, cancel, re-attach a process; knows no task"),
        "study": Room("headers to candidates to PetCtStudy", ("imaging",)),
        "measures": Room("lesion and patient measures", ("imaging",)),
        "phantom": Room("synthetic PET/CT DICOM with truth", ("imaging",)),
        "segmentation": Room(
            "segmenters: threshold methods, networks", ("imaging", "study", "measures", "models"), networks
        ),
        "evaluation": Room("mask against reference, cohort", ("imaging", "measures")),
        "formats": Room(
            "read and write every foreign format", ("imaging", "study", "measures", "segmentation", "evaluation")
        ),
        "cases": Room(
            "registry, mask versions, reviews, raters, splits", ("imaging", "study", "segmentation", "formats")
        ),
        "difficulty": Room("all measurers to one table", ("imaging", "measures", "evaluation", "cases")),
        "training": Room(
            "a run from a frozen case list",
            ("imaging", "study", "models", "segmentation", "evaluation", "formats", "curriculum"),
            networks,
        ),
        "experiments": Room("design, fairness, statistics, verdict", ("evaluation", "curriculum", "training")),
    }
    below = tuple(rooms)
    rooms["report"] = Room("figures, MIPs, HTML; English and French", below, frozenset({"matplotlib"}))
    rooms["tasks"] = Room("one function per verb, composing rooms", (*below, "report"), torch)
    rooms["cli"] = Room("the command clips: parse, call, print", (*below, "report", "tasks"))
    rooms["scene"] = Room(
        "MRML to core objects and back",
        ("imaging", "study", "measures", "segmentation"),
        frozenset({"slicer", "vtk"}),
    )
    return rooms


ROOMS = _table()


@dataclass(frozen=True)
class Import:
    """One import statement. module: dotted, absolute; name: what is taken from it ("" for `import module`)."""

    path: Path
    line: int
    module: str
    name: str = ""
    lazy: bool = False  # inside a function, or under TYPE_CHECKING: not run when the file is imported

    @property
    def package(self) -> str:
        return self.module.partition(".")[0]

    @property
    def target(self) -> str | None:
        """The room, ground-floor file or front door of CLIPSLib that this reaches; None outside CLIPSLib."""
        if self.package != "CLIPSLib":
            return None
        parts = self.module.split(".")[1:] or [self.name]
        return parts[0] if parts[0] in ROOMS or parts[0] in GROUND_FLOOR else "__init__"

    def __str__(self) -> str:
        taken = f" ({self.name})" if self.name else ""
        return f"{self.path.relative_to(REPOSITORY)}:{self.line} imports {self.module}{taken}"


def source_files() -> list[Path]:
    """Every Python file of the core."""
    return sorted(CORE.rglob("*.py"))


def room_of(path: Path) -> str:
    """The room, ground-floor file or front door that a file of the core belongs to."""
    first = path.relative_to(CORE).parts[0]
    return first.removesuffix(".py")


def imports_of(path: Path) -> list[Import]:
    """All imports of a file, lazy ones and those for type checking too."""
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    package = ("CLIPSLib", *path.relative_to(CORE).parent.parts)
    return [found for node, lazy in _walk(tree, lazy=False) for found in _imports_at(node, path, package, lazy)]


def existing_rooms() -> list[str]:
    """The rooms that hold code, in the order of the table."""
    present = {room_of(path) for path in source_files()}
    return [room for room in ROOMS if room in present]


def room_imports() -> dict[str, set[str]]:
    """Which rooms that exist each existing room imports today."""
    edges: dict[str, set[str]] = {room: set() for room in existing_rooms()}
    for path in source_files():
        room = room_of(path)
        if room in edges:
            edges[room] |= {found.target for found in imports_of(path) if found.target in edges} - {room}
    return edges


def _walk(node: ast.AST, lazy: bool) -> Iterator[tuple[ast.AST, bool]]:
    for child in ast.iter_child_nodes(node):
        inside = lazy or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or _for_types(child)
        yield child, inside
        yield from _walk(child, inside)


def _for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def _imports_at(node: ast.AST, path: Path, package: tuple[str, ...], lazy: bool) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(path, node.lineno, alias.name, lazy=lazy)
    elif isinstance(node, ast.ImportFrom):
        base = package[: len(package) - node.level + 1] if node.level else ()
        module = ".".join([*base, *([node.module] if node.module else [])])
        for alias in node.names:
            yield Import(path, node.lineno, module, alias.name, lazy)
    elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("importlib.import_module", "import_module"):
        name = node.args[0] if node.args else None
        literal = isinstance(name, ast.Constant) and isinstance(name.value, str)
        yield Import(path, node.lineno, name.value if literal else "<computed>", lazy=lazy)
