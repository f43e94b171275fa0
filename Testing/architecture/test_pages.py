"""What the pages and the help of `clips` name exists: links, files, commands with their options, fields of a recipe,
targets of make, Python names. Whether it is true is for the tests of each subject."""

from __future__ import annotations

import argparse
import ast
import dataclasses
import functools
import importlib
import json
import re
import shlex
import tomllib
import typing
from collections.abc import Iterator
from pathlib import Path

import pytest
import rooms
from CLIPSLib.cli.main import SUBCOMMANDS, build_parser
from CLIPSLib.errors import UsageError
from CLIPSLib.tasks.verbs import VERBS
from CLIPSLib.training import Recipe

REPOSITORY = rooms.REPOSITORY
OF_OTHERS = {"--no-main-window", "--no-index"}  # options of Slicer and pip
PAGES = sorted([REPOSITORY / "README.md", *REPOSITORY.glob("docs/**/*.md"), *REPOSITORY.glob("Testing/*/README.md")])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
COMMENT = re.compile(r"(?:\s#| {2,}[^-\s\\]).*$")  # after '#', or in a column of its own


def each_page(name: str):
    return pytest.mark.parametrize(name, PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())


def blocks(page: Path, *languages: str) -> list[str]:
    return [text for language, text in FENCE.findall(page.read_text(encoding="utf-8")) if language in languages]


def prose(page: Path) -> str:
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def commands(text: str) -> Iterator[list[str]]:
    """The words of each line that calls `clips`; a comment beside it and what a shell does with the output are left."""
    for line in re.sub(r"\\\n\s*", " ", text).splitlines():
        if found := re.match(r"\s*(?:\$ )?(?:\S*bin/)?clips ((?!phantom OUT)[a-z-].*)$", line):
            said = COMMENT.sub("", found[1]).replace("$fold", "0")
            yield shlex.split(said.split(" > ")[0].split(" | ")[0])


def complaint(words: list[str]) -> str:
    """What the command line has against a call; '' when it takes it."""
    try:
        every_command()[()].parse_args(words)
    except UsageError as error:
        return str(error)
    except SystemExit:  # --help, --version
        pass
    return ""


def anchors(page: Path) -> set[str]:
    """As GitHub makes them from headings."""
    titles = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


@each_page("page")
def test_every_link_of_a_page_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        there = (page.parent / name).resolve() if name else page
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target


@each_page("page")
def test_every_file_of_the_repository_that_a_page_names_is_there(page):
    named = re.findall(r"`((?:Testing|docs|tools|Resources|CLIPS\w+)/[\w./*-]+)`", prose(page))
    for name in named:
        places = (REPOSITORY, REPOSITORY / "CLIPSSegmentation")
        assert any([*place.glob(name.rstrip("/"))] for place in places), name


def test_the_page_on_the_host_names_each_of_its_files():
    folder = REPOSITORY / "Testing" / "slicer_host"
    named = set(re.findall(r"`(\w+\.py)`", (folder / "README.md").read_text(encoding="utf-8")))
    assert {path.name for path in folder.glob("*.py")} - {"__init__.py"} <= named


@each_page("page")
def test_every_command_of_a_page_is_one_that_the_command_line_takes(page):
    for block in blocks(page, "", "console", "sh"):
        for words in commands(block):
            assert not complaint(words), words


@each_page("page")
def test_every_option_that_a_page_puts_into_a_sentence_exists(page):
    known = {option for parser in every_command().values() for option in parser._option_string_actions}
    for code in re.findall(r"`([^`\n]+)`", prose(page)):
        if code.startswith(("-", "clips ")):
            assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", code)) <= known | OF_OTHERS, code


@each_page("page")
def test_every_command_that_a_page_puts_into_a_sentence_exists(page):
    for code in re.findall(r"`(clips [^`]+)`", prose(page)):
        for words in commands(code.replace("\n", " ")):
            told = complaint(words)
            assert not told or "arguments are required" in told or "'ACTION'" in told, code


def test_every_command_is_told_on_some_page():
    told = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    # in a table the actions stand beside their command
    listed = {word for page in PAGES for code in re.findall(r"`([^`\n]+)`", prose(page)) for word in code.split()}
    assert not [path for path in every_command() if f"clips {' '.join(path)}" not in told and path[-1] not in listed]


@pytest.mark.parametrize("module", SUBCOMMANDS, ids=lambda module: module.NAME)
def test_every_example_in_the_help_is_one_that_the_command_line_takes(module):
    for words in commands(module.EXAMPLES):
        assert not complaint(words), words


@functools.cache
def every_command() -> dict[tuple[str, ...], argparse.ArgumentParser]:
    """('cases',), ('cases', 'masks'), ('cases', 'masks', 'add'), ..., each with what reads its words."""

    def below(parser, path):
        yield path, parser
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                for name, child in action.choices.items():
                    yield from below(child, (*path, name))

    return dict(below(build_parser(), ()))


@each_page("page")
def test_every_field_that_a_page_sets_is_one_of_the_recipe(page):
    known = set(recipe_fields())
    for field in re.findall(r"--set (\S+?)=", page.read_text(encoding="utf-8")):
        assert field in known or field.startswith(("network.options.", "curriculum.options.", "FIELD")), field


def recipe_fields(cls: type = Recipe, before: str = "") -> Iterator[str]:
    for name, kind in typing.get_type_hints(cls).items():
        if dataclasses.is_dataclass(kind):
            yield from recipe_fields(kind, f"{before}{name}.")
        else:
            yield before + name


def test_the_page_on_jobs_names_every_kind_of_job_and_its_arguments():
    (table,) = re.findall(r"^\| verb \|.*?\n\n", (REPOSITORY / "docs" / "jobs.md").read_text("utf-8"), re.M | re.DOTALL)
    assert set(re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE)) == set(VERBS)


@each_page("page")
def test_documents_of_a_page_can_be_read(page):
    for block in blocks(page, "json"):
        json.loads(block)
    for block in blocks(page, "toml"):
        tomllib.loads(block)


@each_page("page")
def test_python_of_a_page_is_python_and_imports_what_is_there(page):
    for block in blocks(page, "python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "CLIPSLib":
                module = importlib.import_module(node.module)
                assert not [alias.name for alias in node.names if not hasattr(module, alias.name)]


@each_page("page")
def test_every_target_of_make_that_a_page_names_is_there(page):
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z]+(?:-[a-z]+)*)", "\n".join(code_of(page)))) <= targets


def code_of(page: Path) -> list[str]:
    return [*blocks(page, "", "console", "sh"), *re.findall(r"`([^`\n]+)`", prose(page))]
