"""The extension configures, builds and installs as Slicer would install it, and what is installed works by itself.

Runs against a stand-in for Slicer's build tree (SlicerConfig.cmake), whose checks are proven on broken copies.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGING = Path(__file__).resolve().parent
REPOSITORY = PACKAGING.parent.parent
MODULE = "CLIPSSegmentation"  # with the core; the one that tests break
MODULES = (MODULE, "CLIPSTraining")
INSTALLED = "lib/Slicer-5.12/qt-scripted-modules"
RAW_FILES = "https://raw.githubusercontent.com/CLIPS-TMTV/SlicerCLIPS/main/"
# Python modules need no compiler, but CMake's `project` wants one: any program that exists, never run.
NO_COMPILER = [
    f"-DCMAKE_{language}_COMPILER{suffix}"
    for language in ("C", "CXX")
    for suffix in (f"={sys.executable}", "_FORCED=1")
]


@pytest.fixture(scope="session")
def cmake() -> str:
    beside_python = str(Path(sys.executable).parent)
    found = shutil.which("cmake", path=os.pathsep.join([beside_python, os.environ.get("PATH", "")]))
    if not found:
        pytest.skip("needs CMake (pip install cmake)")
    return found


@pytest.fixture
def copy_of_extension(tmp_path) -> Path:
    """What Slicer's build sees of the repository, to be broken."""
    root = tmp_path / "SlicerCLIPS"
    root.mkdir()
    shutil.copy2(REPOSITORY / "CMakeLists.txt", root)
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for module in MODULES:
        shutil.copytree(REPOSITORY / module, root / module, ignore=ignored)
    return root


def configure(cmake: str, source: Path, build: Path) -> subprocess.CompletedProcess:
    return run(cmake, "-S", source, "-B", build, f"-DSlicer_DIR={PACKAGING}", "-DBUILD_TESTING=ON", *NO_COMPILER)


def run(*command: object) -> subprocess.CompletedProcess:
    return subprocess.run([str(part) for part in command], capture_output=True, text=True)


def assert_done(done: subprocess.CompletedProcess) -> None:
    assert done.returncode == 0, done.stdout + done.stderr


def assert_refused(cmake: str, source: Path, message: str) -> None:
    done = configure(cmake, source, source.parent / "build")
    said = re.sub(r"\s+", " ", done.stderr)  # CMake wraps its messages
    assert done.returncode != 0
    assert message in said


def list_also(source: Path, name: str) -> None:
    """Add a line to the module's list of resources."""
    path = source / MODULE / "CMakeLists.txt"
    text = path.read_text(encoding="utf-8")
    marker = "  # listed files: resources\n"
    assert marker in text
    path.write_text(text.replace(marker, f"{marker}  {name}\n"), encoding="utf-8")


def run_installed(folder: Path, code: str) -> str:
    """Run code with the installed modules first on the path; -I keeps the repository and the user's packages away."""
    code = f"import sys; sys.path.insert(0, {str(folder)!r})\n{code}"
    done = run(sys.executable, "-I", "-c", code)
    assert_done(done)
    return done.stdout.strip()


@pytest.fixture(scope="session")
def installed(cmake, tmp_path_factory) -> Path:
    """The folder into which Slicer installs all modules of the extension."""
    folder = tmp_path_factory.mktemp("packaging")
    build = folder / "build"
    assert_done(configure(cmake, REPOSITORY, build))
    assert_done(run(cmake, "--build", build))
    assert_done(run(cmake, "--install", build, "--prefix", folder / "package"))
    return folder / "package" / INSTALLED


def test_every_file_of_the_modules_is_installed_and_nothing_else(installed):
    def files(folder: Path) -> set[str]:
        found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
        wanted = (path for path in found if not re.search(r"__pycache__|\.egg-info", path.as_posix()))
        return {path.as_posix() for path in wanted} - {"CMakeLists.txt"}

    assert files(installed) == set().union(*(files(REPOSITORY / module) for module in MODULES))


def test_the_installed_core_is_imported_from_the_package_and_segments(installed):
    code = """
import numpy, SimpleITK, CLIPSLib
from CLIPSLib import measure_lesions, segment_study
from CLIPSLib.study import PetCtStudy
suv = numpy.ones((20, 20, 20), numpy.float32)
suv[5:10, 5:10, 5:10] = 8.0
pet = SimpleITK.GetImageFromArray(suv)
pet.SetSpacing((4.0, 4.0, 4.0))
study = PetCtStudy(pet=pet)
segmentation = segment_study(study, "suv4")
print(CLIPSLib.__file__)
print(len(segmentation.lesions), measure_lesions(segmentation, study).patient.tmtv_ml)
"""
    where, numbers = run_installed(installed, code).splitlines()
    assert Path(where) == installed / "CLIPSLib" / "__init__.py"
    assert numbers == "1 8.0"  # 5 x 5 x 5 voxels of 4 x 4 x 4 mm


def test_every_installed_file_of_the_core_can_be_imported(installed):
    code = """
import importlib, pkgutil, CLIPSLib
for module in pkgutil.walk_packages(CLIPSLib.__path__, "CLIPSLib.", onerror=lambda name: None):
    if module.name.endswith("__main__"):
        continue
    try:
        importlib.import_module(module.name)
    except ModuleNotFoundError as error:
        if error.name not in ("torch", "monai"):  # not in every environment; a missing file of ours has another name
            raise
print("imported")
"""
    assert run_installed(installed, code) == "imported"


def test_the_icon_and_screenshot_that_the_extensions_index_shows_exist():
    text = (REPOSITORY / "CMakeLists.txt").read_text(encoding="utf-8")
    lists = re.findall(r"EXTENSION_(?:ICONURL|SCREENSHOTURLS) \"(.+)\"", text)
    addresses = [address for addresses in lists for address in addresses.split()]
    for address in addresses:
        assert address.startswith(RAW_FILES)
        assert (REPOSITORY / address.removeprefix(RAW_FILES)).is_file()
    assert len(lists) == 2


def test_the_entry_for_the_extensions_index_says_what_the_extension_says():
    """Its file name is the name of the extension; the fields are those of schema 1.0.1."""
    text = (REPOSITORY / "CMakeLists.txt").read_text(encoding="utf-8")
    said = dict(re.findall(r"set\(EXTENSION_(\w+) \"(.*)\"\)", text))
    name = re.search(r"^project\((\w+)\)", text, re.MULTILINE).group(1)
    entry = json.loads((REPOSITORY / "Resources" / "ExtensionsIndex" / f"{name}.json").read_text(encoding="utf-8"))
    schema = entry.pop("$schema")
    assert schema.endswith("/slicer-extension-catalog-entry-schema-v1.0.1.json#")
    assert entry == {
        "build_dependencies": said["DEPENDS"].split(),
        "build_subdirectory": ".",
        "category": "Segmentation",  # of both modules
        "scm_revision": RAW_FILES.rstrip("/").rpartition("/")[2],
        "scm_url": said["HOMEPAGE"],
        "tier": 1,  # where new extensions begin
    }


@pytest.mark.parametrize("name", ["new.py", "new.ui", "new.json", "new.css"])
def test_a_file_that_is_not_listed_is_refused(cmake, copy_of_extension, name):
    (copy_of_extension / MODULE / "CLIPSLib" / name).write_text("", encoding="utf-8")
    assert_refused(cmake, copy_of_extension, f"CLIPSLib/{name} is not listed")


def test_a_listed_file_that_does_not_exist_is_refused(cmake, copy_of_extension):
    (copy_of_extension / MODULE / "CLIPSLib" / "errors.py").unlink()
    assert_refused(cmake, copy_of_extension, "CLIPSLib/errors.py is listed and does not exist")


def test_a_path_out_of_the_module_is_refused(cmake, copy_of_extension):
    list_also(copy_of_extension, "../CMakeLists.txt")
    assert_refused(cmake, copy_of_extension, "../CMakeLists.txt leaves the module's folder")


def test_an_absolute_path_is_refused(cmake, copy_of_extension):
    list_also(copy_of_extension, "${CMAKE_CURRENT_SOURCE_DIR}/CLIPSLib/errors.py")
    assert_refused(cmake, copy_of_extension, "is an absolute path")


def test_a_file_listed_twice_is_refused(cmake, copy_of_extension):
    list_also(copy_of_extension, "CLIPSLib/errors.py")
    assert_refused(cmake, copy_of_extension, "CLIPSLib/errors.py has the destination of a file of CLIPSSegmentation")


@pytest.mark.parametrize("name", ["Resources/requirements.txt", "resources/Requirements.TXT"])
def test_two_modules_with_the_same_file_are_refused_whatever_the_case(cmake, copy_of_extension, name):
    path = copy_of_extension / "Other" / name  # the module CLIPSSegmentation has one of this name
    path.parent.mkdir(parents=True)
    path.write_text("", encoding="utf-8")
    other = f"slicerMacroBuildScriptedModule(NAME Other SCRIPTS RESOURCES {name})\n"
    (copy_of_extension / "Other" / "CMakeLists.txt").write_text(other, encoding="utf-8")
    extension = copy_of_extension / "CMakeLists.txt"
    text = extension.read_text(encoding="utf-8")
    extension.write_text(text.replace("## NEXT_MODULE", "add_subdirectory(Other)\n## NEXT_MODULE"), encoding="utf-8")
    assert_refused(cmake, copy_of_extension, f"Other: {name} has the destination of a file of CLIPSSegmentation")


def test_an_option_that_slicer_does_not_know_is_refused(cmake, copy_of_extension):
    path = copy_of_extension / MODULE / "CMakeLists.txt"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("NAME ${MODULE_NAME}", "INSTALL NAME ${MODULE_NAME}"), encoding="utf-8")
    assert_refused(cmake, copy_of_extension, "unknown arguments: INSTALL")


def test_missing_extension_metadata_is_refused(cmake, copy_of_extension):
    path = copy_of_extension / "CMakeLists.txt"
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"set\(EXTENSION_ICONURL.*\n", "", text), encoding="utf-8")
    assert_refused(cmake, copy_of_extension, "EXTENSION_ICONURL is not set")
