"""Tensors into a file, with the reason said when the disk does not take them. Called where weights are written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch


def write_tensors(content: Mapping[str, Any], path: Path) -> None:
    """Write what `torch.load(weights_only=True)` reads back.

    Raises:
        OSError: the disk is full or cannot be written to. PyTorch itself reports that as a broken rule of its archive.
    """
    with open(path, "wb") as stream:
        try:
            torch.save(dict(content), stream)
        except RuntimeError as error:
            if isinstance(error.__context__, OSError):
                raise error.__context__ from error
            raise
