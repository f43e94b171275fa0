"""The package that `pip` builds is whole, and the constraints say one version for everything that is required."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile

import pytest
import rooms
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = tomllib.loads((rooms.REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"].values()
REQUIREMENTS = [*PROJECT["dependencies"], *(requirement for extra in EXTRAS for requirement in extra)]


def constraints() -> dict[str, str]:
    lines = (rooms.REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [re.fullmatch(r"([\w.-]+)==(\S+)", line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(pin.group(1)): pin.group(2) for pin in pins}


@pytest.mark.parametrize("requirement", REQUIREMENTS)
def test_every_requirement_is_a_range_that_the_tested_version_is_in(requirement):
    required = Requirement(requirement)
    assert "==" not in requirement
    assert required.specifier.contains(constraints()[canonicalize_name(required.name)])


@pytest.mark.slow
def test_the_wheel_holds_every_file_of_the_core(tmp_path):
    pytest.importorskip("setuptools", minversion="77")
    source = tmp_path / "source"
    shutil.copytree(rooms.CORE, source / "CLIPSSegmentation" / "CLIPSLib", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(rooms.REPOSITORY / name, source)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", str(source)]
    subprocess.run([*command, "--wheel-dir", str(tmp_path)], check=True)
    (wheel,) = tmp_path.glob("slicer_clips-*.whl")
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("CLIPSLib/")}
    here = [path for path in rooms.CORE.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert packed == {path.relative_to(rooms.CORE.parent).as_posix() for path in here}
