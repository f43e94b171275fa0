"""The house rules of CLIPSLib, read from its source: the room table, sizes, nothing heavy at import.

The table itself is data in tools/rooms.py.
"""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys

import pytest
import rooms

LONGEST_FILE = 400
LONGEST_FUNCTION = 60
HEAVY = {
    "numpy", "scipy", "SimpleITK", "pydicom", "PIL", "torch", "monai", "matplotlib", "pandas", "slicer", "vtk"
}  # fmt: skip
LATE = HEAVY - {"numpy"}  # importing a room may load numpy, nothing more
QT = {"qt", "ctk", "PythonQt", "PyQt5", "PyQt6", "PySide2", "PySide6"}
COMPUTED_IMPORTS_ALLOWED = {"__init__", "models"}  # names resolved lazily; networks found by name


def all_imports() -> list[rooms.Import]:
    return [found for path in rooms.source_files() for found in rooms.imports_of(path)]


def listed(offenders) -> str:
    return "\n".join(str(offender) for offender in offenders)


def test_every_file_belongs_to_a_room_of_the_table():
    known = {*rooms.ROOMS, *rooms.GROUND_FLOOR, *rooms.FRONT_DOOR, "data"}
    assert {rooms.room_of(path) for path in rooms.source_files()} <= known


def test_the_table_has_no_circles_and_names_only_rooms():
    order = list(
        graphlib.TopologicalSorter({name: room.may_import for name, room in rooms.ROOMS.items()}).static_order()
    )
    assert set(order) == set(rooms.ROOMS)


def test_rooms_import_only_the_rooms_that_the_table_allows():
    offenders = [
        found
        for found in all_imports()
        if (room := rooms.room_of(found.path)) in rooms.ROOMS
        and found.target is not None
        and found.target not in (room, *rooms.GROUND_FLOOR, *rooms.ROOMS[room].may_import)
    ]
    assert not offenders, f"not in the room table (tools/rooms.py):\n{listed(offenders)}"


def test_the_ground_floor_needs_only_the_standard_library_and_itself():
    offenders = [
        found
        for found in all_imports()
        if rooms.room_of(found.path) in rooms.GROUND_FLOOR
        and found.package not in sys.stdlib_module_names
        and found.target not in rooms.GROUND_FLOOR
    ]
    assert not offenders, listed(offenders)


def test_rooms_need_only_what_slicer_bundles_and_their_own_packages():
    offenders = [
        found
        for found in all_imports()
        if found.target is None
        and found.module != "<computed>"
        and found.package not in sys.stdlib_module_names
        and found.package not in rooms.BUNDLED | getattr(rooms.ROOMS.get(rooms.room_of(found.path)), "packages", set())
    ]
    assert not offenders, listed(offenders)


def test_no_qt_in_the_core():
    assert not [str(found) for found in all_imports() if found.package in QT]


def test_modules_are_named_where_they_are_imported():
    """A computed module name would hide an import from these tests."""
    offenders = [
        found
        for found in all_imports()
        if found.module == "<computed>" and rooms.room_of(found.path) not in COMPUTED_IMPORTS_ALLOWED
    ]
    assert not offenders, listed(offenders)


def test_files_do_not_import_each_other_in_a_circle():
    """At file scope; a lazy import may point back."""
    modules = {module_name(path): path for path in rooms.source_files()}
    graph = {
        name: {reached(found, modules) for found in rooms.imports_of(path) if not found.lazy} - {name, None}
        for name, path in modules.items()
    }
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError naming the files


def module_name(path) -> str:
    parts = path.relative_to(rooms.CORE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def reached(found: rooms.Import, modules) -> str | None:
    submodule = f"{found.module}.{found.name}"
    return submodule if submodule in modules else found.module if found.module in modules else None


def test_a_room_is_never_also_a_public_function():
    import CLIPSLib

    assert not set(rooms.ROOMS) & set(CLIPSLib.__all__)


def test_every_public_name_resolves():
    import CLIPSLib

    missing_rooms = set(rooms.ROOMS) - set(rooms.existing_rooms())
    for name in CLIPSLib.__all__:
        home = CLIPSLib._PUBLIC.get(name, "").removeprefix("CLIPSLib.")
        if home not in missing_rooms:
            assert getattr(CLIPSLib, name) is not None


def loaded_after(statement: str) -> set[str]:
    """The top-level modules in a fresh Python after a statement."""
    code = f"import sys; sys.path.insert(0, {str(rooms.CORE.parent)!r}); {statement}; print(*sys.modules)"
    output = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    return {name.partition(".")[0] for name in output.split()}


def test_importing_the_package_loads_nothing_heavy():
    assert not loaded_after("import CLIPSLib") & HEAVY


@pytest.mark.parametrize("room", [room for room in rooms.existing_rooms() if room != "scene"])
def test_importing_a_room_loads_nothing_heavier_than_numpy(room):
    assert not loaded_after(f"import CLIPSLib.{room}") & LATE


@pytest.mark.parametrize("path", rooms.source_files(), ids=lambda path: str(path.relative_to(rooms.CORE)))
def test_files_and_functions_stay_short(path):
    source = path.read_text(encoding="utf-8")
    assert source.count("\n") <= LONGEST_FILE
    functions = [
        node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    too_long = [
        f"{node.name}: {n} lines" for node in functions if (n := node.end_lineno - node.lineno + 1) > LONGEST_FUNCTION
    ]
    assert not too_long
