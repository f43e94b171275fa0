"""What the network sees and finds, from the recipe, in the words of `model.json`: training and inference share them.

Called by the preparation of images and by the engine (validation, the resulting model).
"""

from __future__ import annotations

from CLIPSLib.models import Channel, Inputs, Label
from CLIPSLib.training.recipe import DataRecipe

BACKGROUND = Label(channel=0, name="Background", kind="background")

# The windows of TMTV-Net, in the order of its networks' first convolution.
_CT = Channel(name="ct", image="hu", clip=(-150.0, 300.0), scaling="unit")
_SUV = Channel(name="suv", image="suv", clip=(0.0, 30.0), scaling="unit")
_LUNG = Channel(name="ct_lung", image="hu", clip=(-1000.0, -200.0), scaling="unit")
_SOFT = Channel(name="ct_soft", image="hu", clip=(-100.0, 100.0), scaling="unit")
_HOT = Channel(name="suv_hot", image="suv", clip=(2.0, 10.0), scaling="unit")
_NAMED = {"pet-ct": (_CT, _SUV, _LUNG, _SOFT, _HOT), "pet": (_SUV, _HOT), "ct": (_CT, _LUNG, _SOFT)}


def network_inputs(data: DataRecipe) -> Inputs:
    """Channels, orientation and spacing (z, y, x, mm) of the network. A refiner's prior comes after the channels."""
    channels = data.channels if data.use == "custom" else _NAMED[data.use]
    return Inputs(channels=tuple(channels), grid="pet", spacing_mm=data.spacing_mm, orientation="LPS", axes="zyx")


def network_labels(data: DataRecipe) -> tuple[Label, ...]:
    """Output channels of the network: background, then the recipe's classes in their order."""
    found = (Label(channel=i, name=each.name, kind=each.kind) for i, each in enumerate(data.classes, start=1))
    return (BACKGROUND, *found)
