"""Installing networks from files that the user chose. Used by ModelPanel."""

from __future__ import annotations

from pathlib import Path


def install(path: str) -> tuple[str, list[str]]:
    """Install a ZIP file, the folder of a `model.json`, or the folder of TMTV-Net's two weight files.

    Returns:
        The name of the model, and what must be known about it.

    Raises:
        ClipsError: no model, damaged, or installed already.
    """
    from CLIPSLib.models import ModelStore, install_tmtvnet

    chosen, store = Path(path), ModelStore()
    if chosen.suffix in (".pt", ".pth"):
        model, cautions = install_tmtvnet(store, [chosen.parent])
    else:
        model, cautions = store.install(chosen if chosen.suffix == ".zip" else chosen.parent)
    return model.model_id, [str(caution) for caution in cautions]
