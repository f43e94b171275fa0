"""Who made a result: software, versions, time. Every result and export carries this.

Ground floor; called by segmentation, formats, report and tasks.
"""

from __future__ import annotations

import datetime
import platform
import sys

VERSION = "0.1.0"
RESEARCH_USE = "For research use only. Not a medical device."


def utc_now() -> str:
    """The time now as ISO 8601 in UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def software() -> dict[str, str]:
    """Name and version of this software and of the Python it runs on."""
    return {
        "name": "CLIPS",
        "version": VERSION,
        "python": platform.python_version(),
        "platform": sys.platform,
    }


def library_versions() -> dict[str, str]:
    """Versions of the numerical libraries that are loaded already; loads none."""
    versions = {}
    for name in ("numpy", "scipy", "SimpleITK", "pydicom", "torch", "monai"):
        module = sys.modules.get(name)
        version = getattr(module, "__version__", None) if module else None
        if version:
            versions[name] = str(version)
    return versions
