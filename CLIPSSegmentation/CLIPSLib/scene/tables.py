"""Measures as a table node with typed columns and units. Called by the module's logic."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from CLIPSLib.measures import LesionMeasures, Measures, PatientMeasures
from CLIPSLib.scene.volumes import scene_or_default

_SUV_UNITS = "g/mL"
_PROBLEM = "CLIPS.Problem"


class _Column(NamedTuple):
    """A column: name (stable), title, unit, and its values in a lesion's row and in the total's."""

    name: str
    title: str
    unit: str
    kind: type
    of_lesion: Callable[[LesionMeasures], Any]
    of_total: Callable[[PatientMeasures], Any]


def _no_value(_measures: object) -> None:
    """For cells that have no meaning in their row."""
    return None


def _centroid_ras(lesion: LesionMeasures, axis: int) -> float | None:
    """One coordinate (R, A, S) of a lesion's centroid; none for a segment without voxels."""
    if lesion.centroid_lps_mm is None:
        return None
    return lesion.centroid_lps_mm[axis] * (1.0 if axis == 2 else -1.0)


_COLUMNS = (
    _Column("lesion_id", "Lesion id", "", str, lambda m: m.lesion_id, lambda m: "TOTAL"),
    _Column("name", "Name", "", str, lambda m: m.name, lambda m: "Total (tumor)"),
    _Column("kind", "Kind", "", str, lambda m: m.kind, _no_value),
    _Column("lesion_count", "Number of lesions", "", int, lambda m: 1, lambda m: m.lesion_count),
    _Column("volume_ml", "Metabolic volume", "mL", float, lambda m: m.volume_ml, lambda m: m.tmtv_ml),
    _Column("suv_max", "SUVmax", _SUV_UNITS, float, lambda m: m.suv_max, lambda m: m.suv_max),
    _Column("suv_mean", "SUVmean", _SUV_UNITS, float, lambda m: m.suv_mean, lambda m: m.suv_mean),
    _Column("suv_peak", "SUVpeak", _SUV_UNITS, float, lambda m: m.suv_peak, lambda m: m.suv_peak),
    _Column("tlg_g", "Total lesion glycolysis", "g", float, lambda m: m.tlg_g, lambda m: m.tlg_g),
    _Column("max_diameter_mm", "Largest diameter", "mm", float, lambda m: m.max_diameter_mm, _no_value),
    _Column("d_max_mm", "Largest distance between lesions", "mm", float, _no_value, lambda m: m.d_max_mm),
    _Column("sd_max_per_m", "Dmax / body surface area", "1/m", float, _no_value, lambda m: m.sd_max_per_m),
    _Column("centroid_r_mm", "Centroid, right", "mm", float, lambda m: _centroid_ras(m, 0), _no_value),
    _Column("centroid_a_mm", "Centroid, anterior", "mm", float, lambda m: _centroid_ras(m, 1), _no_value),
    _Column("centroid_s_mm", "Centroid, superior", "mm", float, lambda m: _centroid_ras(m, 2), _no_value),
)


def add_measures_table(measures: Measures, segmentation_node=None, scene=None):
    """Show measures: a row per lesion and a last row with the patient's totals (tumor only).

    Centroids are RAS, as the rest of Slicer shows positions. A cell without a value is NaN (numbers) or empty (text).
    The attribute `CLIPS.Method` says how the lesions were delineated, `CLIPS.Reviewed` whether a person checked them.

    segmentation_node: what was measured; gives the table its name and is referenced by it (role "segmentation").

    Returns:
        The vtkMRMLTableNode.
    """
    import slicer

    scene = scene_or_default(scene)
    node = slicer.vtkMRMLTableNode()
    subject = f"{segmentation_node.GetName()} " if segmentation_node else ""
    node.SetName(scene.GenerateUniqueName(f"{subject}measures"))
    node.SetUseColumnTitleAsColumnHeader(True)
    update_measures_table(node, measures)
    scene.AddNode(node)
    if segmentation_node:
        node.SetNodeReferenceID("segmentation", segmentation_node.GetID())
    return node


def update_measures_table(node, measures: Measures) -> None:
    """Show other measures in a table node that `add_measures_table` made; views of it follow."""
    was_modifying = node.StartModify()
    node.RemoveAllColumns()
    node.RemoveAttribute(_PROBLEM)
    node.SetAttribute("CLIPS.Method", measures.patient.method)
    node.SetAttribute("CLIPS.Reviewed", "true" if measures.patient.reviewed else "false")
    for column in _COLUMNS:
        values = [column.of_lesion(lesion) for lesion in measures.lesions]
        _add_column(node, column, [*values, column.of_total(measures.patient)])
    node.EndModify(was_modifying)


def clear_measures_table(node, reason: str) -> None:
    """Take all rows out of a table node that `add_measures_table` made: they are not of the mask as it is now.

    reason: why nothing was measured; stays as the attribute `CLIPS.Problem` until there are measures again.
    """
    was_modifying = node.StartModify()
    node.RemoveAllColumns()
    node.SetAttribute(_PROBLEM, reason)
    node.SetAttribute("CLIPS.Reviewed", "false")
    node.EndModify(was_modifying)


def _add_column(node, column: _Column, values: list[Any]) -> None:
    import vtk

    array = {str: vtk.vtkStringArray, int: vtk.vtkIntArray, float: vtk.vtkDoubleArray}[column.kind]()
    absent = {str: "", int: 0, float: math.nan}[column.kind]
    array.SetName(column.name)
    for value in values:
        array.InsertNextValue(absent if value is None else value)
    node.AddColumn(array)
    node.SetColumnTitle(column.name, f"{column.title} ({column.unit})" if column.unit else column.title)
    if column.unit:
        node.SetColumnUnitLabel(column.name, column.unit)
