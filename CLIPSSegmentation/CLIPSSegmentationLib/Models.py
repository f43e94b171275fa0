"""Installing networks from files that the user chose. Used by ModelPanel."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

FILTER = "*.zip model.json *.model *.pt *.pth"
_WEIGHTS = (".model", ".pt", ".pth")  # TMTV-Net is published as .model, and is not a package of ours


def install(paths: Sequence[str | Path]) -> tuple[str, list[str]]:
    """Install what was chosen.

    paths: a ZIP file; the `model.json` of a folder; both weight files of TMTV-Net, or one of them with the other
        beside it.

    Returns:
        The name of the model, and what must be known about it.

    Raises:
        ClipsError: no model, damaged, or installed already.
    """
    from CLIPSLib.models import ModelStore, install_tmtvnet

    chosen, store = [Path(path) for path in paths], ModelStore()
    first = chosen[0]
    if len(chosen) > 1:
        model, cautions = install_tmtvnet(store, chosen)
    elif first.suffix in _WEIGHTS:
        model, cautions = install_tmtvnet(store, [first.parent])
    else:
        model, cautions = store.install(first if first.suffix == ".zip" else first.parent)
    return model.model_id, [str(caution) for caution in cautions]
