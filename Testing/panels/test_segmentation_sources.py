"""House rules of the panels' own files: nothing heavy at file scope, small files, every text translatable."""

import ast
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent.parent
LIBRARIES = ("CLIPSSegmentation/CLIPSSegmentationLib", "CLIPSTraining/CLIPSTrainingLib")
FILES = sorted(path for library in LIBRARIES for path in (REPOSITORY / library).glob("*.py"))
OF_SLICER = {"slicer", "qt", "ctk", "vtk", "DICOMLib", "numpy"}  # numpy: slicer.util has loaded it already
OURS = {"CLIPSLib", "CLIPSSegmentationLib", "CLIPSTrainingLib"}
LONGEST_FILE, LONGEST_FUNCTION = 350, 40


def tree_of(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(nodes):
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module.split(".")[0]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_file_scope_imports_are_of_slicer_or_the_standard_library(path):
    foreign = set(imported(tree_of(path).body)) - OF_SLICER - OURS - set(sys.stdlib_module_names)
    assert not foreign


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_files_and_functions_stay_small(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE
    long = [
        node.name
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno >= LONGEST_FUNCTION
    ]
    assert not long


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_translated_texts_are_literals(path):
    """`_(f"...")` and `_(text)` cannot be found by Slicer's translation tools."""
    calls = [
        node
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_"
    ]
    assert all(len(call.args) == 1 and isinstance(call.args[0], ast.Constant) for call in calls)


def test_no_style_sheets_and_no_texts_that_only_english_users_see():
    source = "\n".join(path.read_text(encoding="utf-8") for path in FILES)
    assert "setStyleSheet" not in source and "styleSheet" not in source
    untranslated = [
        (path.name, node.lineno)
        for path in FILES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Assign)
        and any(isinstance(target, ast.Attribute) and target.attr in ("text", "toolTip") for target in node.targets)
        and isinstance(node.value, ast.Constant)
        and node.value.value
    ]
    assert not untranslated
