"""Synthetic whole-body FDG PET/CT studies as valid DICOM, with known truth.

from CLIPSLib.phantom import write_phantom
truth = write_phantom("demo/study", preset="small")
truth.threshold(4.0).preselected_volume_ml
"""

from CLIPSLib.phantom.dicom_ct import CtSpec, write_ct_series
from CLIPSLib.phantom.dicom_pet import EncodedPet, PetSpec, encode_pet, write_pet_series
from CLIPSLib.phantom.generator import write_phantom
from CLIPSLib.phantom.grid import ORIENTATIONS
from CLIPSLib.phantom.headers import Patient, SeriesHeader, StudyHeader, make_uid
from CLIPSLib.phantom.presets import PRESETS, Preset
from CLIPSLib.phantom.truth import read_truth
from CLIPSLib.phantom.types import OTHER_LABEL, ObjectTruth, PhantomTruth, ThresholdTruth
from CLIPSLib.phantom.vendors import VENDORS, Vendor

__all__ = [
    "ORIENTATIONS",
    "OTHER_LABEL",
    "PRESETS",
    "VENDORS",
    "CtSpec",
    "EncodedPet",
    "ObjectTruth",
    "Patient",
    "PetSpec",
    "PhantomTruth",
    "Preset",
    "SeriesHeader",
    "StudyHeader",
    "ThresholdTruth",
    "Vendor",
    "encode_pet",
    "make_uid",
    "read_truth",
    "write_ct_series",
    "write_pet_series",
    "write_phantom",
]
