"""From frozen cases to batches of patches: prepared once, drawn and augmented as a pure function of (case, step, seed).

`open_patches` is what the engine calls; `preview_image` shows people what the network will see.
"""

from CLIPSLib.training.data.inputs import network_inputs, network_labels
from CLIPSLib.training.data.patches import open_patches
from CLIPSLib.training.data.preview import preview_image
from CLIPSLib.training.data.tmtvnet_batches import tmtvnet_datasets

__all__ = ["network_inputs", "network_labels", "open_patches", "preview_image", "tmtvnet_datasets"]
