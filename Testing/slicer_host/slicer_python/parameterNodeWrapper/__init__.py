"""`slicer.parameterNodeWrapper`: typed parameters in a vtkMRMLScriptedModuleNode, bound to widgets.

Stored as Slicer stores them, so that a scene saved by one opens in the other. Left out: parameter packs, ranges, GUI
creation. Stricter: a name that is not a parameter cannot be assigned.
"""

from slicer_host.slicer_python.parameterNodeWrapper.annotations import (
    Choice,
    Decimals,
    Default,
    Label,
    Maximum,
    Minimum,
    SingleStep,
    WithinRange,
)
from slicer_host.slicer_python.parameterNodeWrapper.wrapper import isParameterNodeWrapper, parameterNodeWrapper

__all__ = [
    "Choice",
    "Decimals",
    "Default",
    "Label",
    "Maximum",
    "Minimum",
    "SingleStep",
    "WithinRange",
    "isParameterNodeWrapper",
    "parameterNodeWrapper",
]
