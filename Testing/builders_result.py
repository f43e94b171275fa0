"""A small study with its segmentation and measures, made by hand: oblique grid, one tumor of each kind of name.

Every number can be checked by eye; nothing here uses the rooms that are under test.
"""

from __future__ import annotations

import math

import numpy as np
import SimpleITK as sitk
from CLIPSLib.errors import Caution
from CLIPSLib.measures.types import LesionMeasures, Measures, PatientMeasures
from CLIPSLib.segmentation.types import PHYSIOLOGICAL, Lesion, Segmentation
from CLIPSLib.study.types import PetCtStudy, StudyIdentity, SuvAlternative, SuvFactor, SuvInput

IDENTITY = StudyIdentity(
    patient_id="HOP-00417",
    patient_name="DUPONT^JEANNE",
    sex="F",
    birth_date="19570302",
    age_years=66.0,
    weight_kg=72.0,
    height_m=1.65,
    study_date="20230611",
    study_description="TEP TDM corps entier",
    study_uid="1.2.826.0.1.3680043.8.498.1001",
    pet_series_uid="1.2.826.0.1.3680043.8.498.1002",
    ct_series_uid="1.2.826.0.1.3680043.8.498.1003",
    frame_of_reference_uid="1.2.826.0.1.3680043.8.498.1004",
    pet_description="PET AC",
    ct_description="CT low dose",
    scanner="Vendor Model",
    tracer="FDG F-18",
    injected_dose_bq=250e6,
    uptake_min=61.0,
    user_entered=("weight_kg",),
)

SUV = SuvFactor(
    factor=72000.0 / 171158250.0,
    formula="SUVbw = C * weight / dose at scan = C * 72000 g / 171158250 Bq; injected 2023-06-11T08:59:00",
    inputs=(
        SuvInput(name="PatientWeight", value=72.0, unit="kg", source="user-entered"),
        SuvInput(name="RadionuclideTotalDose", value=250e6, unit="Bq", source="(0018,1074)"),
        SuvInput(name="RadiopharmaceuticalStartDateTime", value="20230611085900", source="(0018,1078)"),
    ),
    alternatives=(
        SuvAlternative(factor=72000.0 / 250e6, description="decay corrected to injection (ADMIN)"),
        SuvAlternative(factor=None, description="FrameReferenceTime, not usable: slices disagree by 1215 s"),
    ),
)


def oblique_image(array: np.ndarray, *, flip: bool = True) -> sitk.Image:
    """An image on a grid turned by 0.3 rad about the body axis, slices running feetward when `flip`."""
    image = sitk.GetImageFromArray(array)
    image.SetSpacing((2.5, 2.0, 3.0))
    image.SetOrigin((-11.0, 22.5, 633.25))
    c, s = math.cos(0.3), math.sin(0.3)
    image.SetDirection((c, -s, 0, s, c, 0, 0, 0, -1.0 if flip else 1.0))
    return image


def study(*, with_ct: bool = True) -> PetCtStudy:
    """PET of 6x5x4 voxels: background 1, a tumor voxel row of 5 and 7, a bladder voxel of 30; CT on its own grid."""
    pet = np.ones((4, 5, 6), np.float32)
    pet[1, 2, 2:4] = (5.0, 7.0)
    pet[3, 4, 5] = 30.0
    ct = sitk.GetImageFromArray(np.full((3, 7, 8), -1000.0, np.float32)) if with_ct else None
    image = oblique_image(pet)
    image.SetMetaData("0010|0010", "DUPONT^JEANNE")  # images read from DICOM carry such attributes
    caution = Caution("weight-entered", "The weight of DUPONT was typed in", "/data/HOP-00417/pet")
    return PetCtStudy(pet=image, ct=ct, identity=IDENTITY, suv=SUV, cautions=(caution,))


def segmentation(*, reviewed: bool = False) -> Segmentation:
    """Label 1: two tumor voxels; label 2: one voxel of bladder, tagged physiological."""
    labels = np.zeros((4, 5, 6), np.uint16)
    labels[1, 2, 2:4] = 1
    labels[3, 4, 5] = 2
    return Segmentation(
        labels=oblique_image(labels),
        lesions=(
            Lesion(label=1, lesion_id="lesion-a3f1", name="Lésion 1: cou | gauche"),
            Lesion(label=2, lesion_id="uptake-77c0", name="Bladder", kind=PHYSIOLOGICAL),
        ),
        provenance={
            "model": "suv4",
            "parameters": {"threshold": 4.0, "min_volume_ml": 3.0},
            "pet_series_uid": IDENTITY.pet_series_uid,
        },
        valid_for="SUV >= 4",
        reviewed=reviewed,
        cautions=(Caution("discarded", "2 components below 3 mL were discarded"),),
    )


def measures(*, reviewed: bool = False) -> Measures:
    """What the tumor and the bladder of `study` measure; a voxel holds 2.5 x 2 x 3 mm3 = 0.015 mL."""
    tumor = LesionMeasures(
        lesion_id="lesion-a3f1",
        name="Lésion 1: cou | gauche",
        kind="tumor",
        label=1,
        voxel_count=2,
        volume_ml=0.03,
        suv_max=7.0,
        suv_mean=6.0,
        suv_peak=None,
        suv_peak_local=None,
        tlg_g=0.18,
        centroid_lps_mm=(-6.2, 28.1, 630.25),
        max_diameter_mm=5.0,
    )
    bladder = LesionMeasures(
        lesion_id="uptake-77c0",
        name="Bladder",
        kind=PHYSIOLOGICAL,
        label=2,
        voxel_count=1,
        volume_ml=0.015,
        suv_max=30.0,
        suv_mean=30.0,
        suv_peak=None,
        suv_peak_local=None,
        tlg_g=0.45,
        centroid_lps_mm=(-1.4, 33.8, 624.25),
        max_diameter_mm=None,
    )
    patient = PatientMeasures(
        tmtv_ml=0.03,
        tlg_g=0.18,
        lesion_count=1,
        lesion_count_3ml=0,
        suv_max=7.0,
        suv_mean=6.0,
        suv_peak=None,
        d_max_mm=0.0,
        sd_max_per_m=0.0,
        connectivity=26,
        method="SUV >= 4.0",
        reviewed=reviewed,
    )
    return Measures(lesions=(tumor, bladder), patient=patient)
