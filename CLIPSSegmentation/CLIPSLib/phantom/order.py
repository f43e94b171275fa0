"""What was asked for, looked up and checked; the patient, times and UIDs that follow. Called by the generator."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import numpy as np

from CLIPSLib.errors import UsageError
from CLIPSLib.phantom.dicom_ct import CtSpec
from CLIPSLib.phantom.dicom_pet import PetSpec
from CLIPSLib.phantom.grid import ORIENTATIONS, Orientation
from CLIPSLib.phantom.headers import Patient, SeriesHeader, StudyHeader, make_uid
from CLIPSLib.phantom.presets import Preset, preset_named
from CLIPSLib.phantom.truth import THRESHOLDS_SUV
from CLIPSLib.phantom.vendors import Vendor, vendor_named

_DOSE_MBQ_PER_KG = 3.0  # EANM procedure guideline for FDG
_CT_BEFORE_PET_S = 150


@dataclass(frozen=True, kw_only=True)
class Order:
    """What was asked for, looked up."""

    preset: Preset
    vendor: Vendor
    units: str
    orientation_name: str
    orientation: Orientation
    seed: int
    noise: bool

    @property
    def uid_key(self) -> tuple[object, ...]:
        """All that tells this study from others: equal orders, and only they, have equal UIDs."""
        return (self.preset, self.vendor.name, self.units, self.orientation_name, self.seed, self.noise)


def understood(preset: str | Preset, vendor: str, units: str | None, orientation: str, seed: int, noise: bool) -> Order:
    """Look up what the names stand for. Raises `UsageError` saying what there is."""
    maker = vendor_named(vendor)
    if orientation not in ORIENTATIONS:
        known = ", ".join(ORIENTATIONS)
        raise UsageError("unknown-orientation", f"There is no orientation '{orientation}'", remedy=f"Choose: {known}.")
    if units not in (None, "BQML", "CNTS", "GML"):
        raise UsageError("unknown-units", f"PET units '{units}' are not written", remedy="Choose: BQML, CNTS, GML.")
    if units == "CNTS" and vendor != "philips":
        raise UsageError("units-of-another-vendor", "Only Philips writes CNTS", remedy="Ask for vendor philips.")
    if seed < 0:
        raise UsageError("negative-seed", f"The seed {seed} is negative", remedy="Use 0 or a positive number.")
    return Order(
        preset=preset if isinstance(preset, Preset) else preset_named(preset),
        vendor=maker,
        units=units or maker.units,
        orientation_name=orientation,
        orientation=ORIENTATIONS[orientation],
        seed=seed,
        noise=noise,
    )


def series_specs(order: Order) -> tuple[PetSpec, CtSpec]:
    """The PET and the CT series of the patient whom the seed stands for."""
    generator = np.random.Generator(np.random.PCG64([order.seed, 1]))
    weight_kg, height_m = round(float(generator.uniform(55, 95)), 1), round(float(generator.uniform(1.66, 1.80)), 2)
    arrived = datetime.datetime(2024, 1, 8, 8, 30) + datetime.timedelta(days=order.seed % 700)
    injected = arrived + datetime.timedelta(seconds=int(generator.integers(0, 4 * 3600)))
    pet_start = injected + datetime.timedelta(seconds=int(generator.integers(52 * 60, 72 * 60)))
    ct_start = pet_start - datetime.timedelta(seconds=_CT_BEFORE_PET_S)
    patient = Patient(
        name=f"Phantom^Seed{order.seed}",
        patient_id=f"PHANTOM-{order.seed:04d}",
        birth_date=f"{1940 + int(generator.integers(0, 50))}0615",
        sex="M",
        weight_kg=weight_kg,
        height_m=height_m,
    )
    study = _study(order, patient, ct_start - datetime.timedelta(seconds=90))
    pet = PetSpec(
        series=_series(order, study, 4, "PT", order.vendor.description, pet_start),
        vendor=order.vendor,
        dose_bq=round(_DOSE_MBQ_PER_KG * weight_kg, 1) * 1e6,
        injected=injected,
        units=order.units,
        clear_of_suv=THRESHOLDS_SUV,
    )
    ct = CtSpec(series=_series(order, study, 2, "CT", "CT WB 3.0", ct_start), kernel=order.vendor.ct_kernel)
    return pet, ct


def header_facts(spec: PetSpec) -> dict[str, object]:
    """What the SUV factor follows from, and the UIDs: JSON-ready, for the truth."""
    patient, study = spec.series.study.patient, spec.series.study
    return {
        "weight_kg": patient.weight_kg,
        "height_m": patient.height_m,
        "sex": patient.sex,
        "dose_bq": spec.dose_bq,
        "half_life_s": spec.vendor.half_life_s,
        "injected": spec.injected.isoformat(),
        "series_start": spec.series.started.isoformat(),
        "study_uid": study.study_uid,
        "pet_series_uid": spec.series.series_uid,
        "frame_of_reference_uid": study.frame_of_reference_uid,
    }


def _study(order: Order, patient: Patient, started: datetime.datetime) -> StudyHeader:
    return StudyHeader(
        patient=patient,
        study_uid=make_uid("study", *order.uid_key),
        frame_of_reference_uid=make_uid("frame of reference", *order.uid_key),
        started=started,
        patient_position=order.orientation.patient_position,
        manufacturer=order.vendor.manufacturer,
        model=order.vendor.model,
        software=order.vendor.software,
    )


def _series(
    order: Order, study: StudyHeader, number: int, modality: str, description: str, started: datetime.datetime
) -> SeriesHeader:
    return SeriesHeader(
        study=study,
        series_uid=make_uid("series", modality, *order.uid_key),
        number=number,
        description=description,
        started=started,
        first_image=order.orientation.first_image,
    )
