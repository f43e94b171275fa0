"""`slicer.packaging`: answers what a test says is installed, and installs nothing.

`pretend(torch=None, pandas="2.3")` says what is there; other packages are looked up in this environment. What a module
asked pip for is in `requests`.
"""

from __future__ import annotations

import tomllib
from importlib import metadata
from pathlib import Path

import slicer
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

requests: list[dict] = []  # the calls of pip_install
_pretended: dict[str, str | None] = {}


def pretend(**versions: str | None) -> None:
    """From now on these packages have these versions; None: missing."""
    _pretended.update({canonicalize_name(name): version for name, version in versions.items()})


def reset() -> None:
    requests.clear()
    _pretended.clear()


def load_requirements(path) -> list[Requirement]:
    lines = [line.strip() for line in Path(path).read_text(encoding="utf-8").splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-"))]


def load_pyproject_dependencies(path) -> list[Requirement]:
    with open(path, "rb") as stream:
        return [Requirement(line) for line in tomllib.load(stream)["project"].get("dependencies", [])]


def pip_check(req) -> bool:
    """True when all requirements that apply here are fulfilled."""
    return all(_is_fulfilled(requirement) for requirement in _requirements(req))


def isPipInstallInProgress() -> bool:
    return False


def pip_ensure(
    requirements,
    constraints=None,
    skip_packages=None,
    prompt_install: bool = True,
    prompt_restart: bool = True,
    requester: str | None = None,
    skip_in_testing: bool = True,
    show_progress: bool = True,
):
    """Ask the user and install what is missing; RuntimeError when the user declines."""
    missing = [requirement for requirement in _requirements(requirements) if not _is_fulfilled(requirement)]
    if not missing or (skip_in_testing and slicer.app.testingEnabled()):
        return None
    if prompt_install:
        question = f"{len(missing)} Python packages need to be installed. Continue?"
        if not slicer.util.confirmOkCancelDisplay(question, f"{requester} - Install Python Packages"):
            raise RuntimeError("User declined package installation")
    names = [str(requirement) for requirement in missing]
    return pip_install(names, constraints, skip_packages=skip_packages, requester=requester)


def pip_install(
    requirements,
    constraints=None,
    no_deps_requirements=None,
    skip_packages=None,
    blocking: bool = True,
    show_progress: bool = True,
    requester: str | None = None,
    logCallback=None,
    completedCallback=None,
):
    """Remember the call; from now on the packages count as installed."""
    if skip_packages is not None and (no_deps_requirements is not None or not blocking):
        raise ValueError("skip_packages goes neither with no_deps_requirements nor with blocking=False")
    requests.append({"requirements": requirements, "constraints": constraints, "skip_packages": skip_packages})
    for requirement in _requirements(requirements):
        version = next((spec.version for spec in requirement.specifier if spec.operator in ("==", ">=", "~=")), "1.0")
        pretend(**{requirement.name: version})
    if completedCallback and not blocking:
        completedCallback(0)
    return [] if skip_packages is not None else None


def _requirements(given) -> list[Requirement]:
    given = [given] if isinstance(given, (str, Requirement)) else given
    return [Requirement(each) if isinstance(each, str) else each for each in given]


def _is_fulfilled(requirement: Requirement) -> bool:
    if requirement.marker is not None and not requirement.marker.evaluate():
        return True
    name = canonicalize_name(requirement.name)
    try:
        version = _pretended[name] if name in _pretended else metadata.version(name)
    except metadata.PackageNotFoundError:
        version = None
    return version is not None and requirement.specifier.contains(version, prereleases=True)
