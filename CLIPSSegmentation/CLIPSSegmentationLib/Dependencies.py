"""Python packages that networks need, installed when one is applied or trained and not before.

Called by ModelPanel and by the panel that trains. PyTorch comes from Slicer's PyTorch extension, which knows the
graphics card; the rest by pip, in the presence of constraints that forbid to replace anything Slicer ships. Threshold
methods need nothing.
"""

from __future__ import annotations

import importlib.util
import tempfile
from importlib import metadata
from pathlib import Path

from slicer.i18n import tr as _

from CLIPSSegmentationLib import Settings

_REQUESTER = "CLIPS"
_TORCH = "torch>=2.8"
# What Slicer ships and other modules rely on: pip must take these as they are, or fail.
_BUNDLED = ("numpy", "scipy", "SimpleITK", "pydicom", "highdicom", "Pillow", "requests", "torch")


def ensure(model: str, requirementsFile: str) -> None:
    """Make sure that a segmenter can run; asks the user before anything is installed.

    requirementsFile: the module's requirements.txt.

    Raises:
        RuntimeError: the user declined, or an extension is missing; says what to do.
    """
    from CLIPSLib.models import ModelStore, missing_package

    store = ModelStore()
    if not store.has(model):
        return
    description = store.get(model).description
    if missing_package(description) == "torch":
        _ensureTorch()
    if missing_package(description) is not None:
        _ensureListed(requirementsFile)
    importlib.invalidate_caches()


def ensureTraining(requirementsFile: str) -> None:
    """Make sure that networks can be trained; asks the user before anything is installed. Raises as `ensure`."""
    if importlib.util.find_spec("torch") is None:
        _ensureTorch()
    if importlib.util.find_spec("monai") is None:
        _ensureListed(requirementsFile)
    importlib.invalidate_caches()


def _ensureTorch() -> None:
    if Settings.wheelFolder():
        _ensurePackages([_TORCH])
        return
    try:
        import PyTorchUtils
    except ImportError:
        raise RuntimeError(
            _("This model needs the extension PyTorch. Install it in the Extensions Manager and restart Slicer.")
        ) from None
    logic = PyTorchUtils.PyTorchUtilsLogic()
    if not logic.torchInstalled() and logic.installTorch(askConfirmation=True, torchVersionRequirement=">=2.8") is None:
        raise RuntimeError(_("PyTorch was not installed."))


def _ensureListed(requirementsFile: str) -> None:
    _ensurePackages(_packaging().load_requirements(requirementsFile))


def _ensurePackages(requirements) -> None:
    """`pip_ensure` keeps the rules of Slicer: it asks, shows progress and offers a restart where one is needed."""
    packaging = _packaging()
    with tempfile.TemporaryDirectory(prefix="clips-pip-") as folder:
        constraints = Path(folder) / "constraints.txt"
        constraints.write_text(_constraints(), encoding="utf-8")
        packaging.pip_ensure(requirements, constraints=constraints, requester=_REQUESTER)


def _packaging():
    """`slicer.packaging`, which `import slicer` does not bring. Raises RuntimeError: this Slicer has none."""
    try:
        return importlib.import_module("slicer.packaging")
    except ImportError:
        raise RuntimeError(
            _("This Slicer cannot install what networks need: update it to version 5.12 or later.")
        ) from None


def _constraints() -> str:
    """The lines of a constraints file; with a wheel folder, pip is told by it to look there and nowhere else."""
    folder = Settings.wheelFolder()
    lines = ["--no-index", f"--find-links {Path(folder).as_uri()}"] if folder else []
    for name in _BUNDLED:
        try:
            lines.append(f"{name}=={metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return "\n".join(lines) + "\n"
