"""Slicer's subject hierarchy (patient, study, series): whose a volume is, and where a result belongs.

Called by volumes and segments. Name, identifier and birth date of the patient live here and not in node attributes,
because Slicer writes a volume's attributes into the header of an nrrd file.
"""

from __future__ import annotations

from dataclasses import replace

from CLIPSLib.study import StudyIdentity

PERSONAL_FIELDS = ("patient_id", "patient_name", "birth_date")
_DICOM = "DICOM"  # the name of DICOM UIDs in the hierarchy


def file_study(identity: StudyIdentity, pet_node, ct_node=None) -> None:
    """Put a study's volumes under its patient and study, as Slicer's DICOM import does, joining what is there.

    A study without DICOM UIDs (read from a NIfTI file) stays where it is.
    """
    import slicer

    if not (identity.study_uid and identity.pet_series_uid):
        return
    hierarchy = _hierarchy(pet_node)
    # as Slicer's import does without an ID; by the bare UID of the study, patient and study are taken for each other
    patient_uid = identity.patient_id or f"Patient-{identity.study_uid}"
    series = [(pet_node, identity.pet_series_uid, "PT")]
    if ct_node is not None and identity.ct_series_uid:
        series.append((ct_node, identity.ct_series_uid, "CT"))
    for node, series_uid, modality in series:
        item = _item(node) or hierarchy.CreateItem(hierarchy.GetSceneItemID(), node)
        hierarchy.SetItemUID(item, _DICOM, series_uid)
        hierarchy.SetItemAttribute(item, "DICOM.Modality", modality)
        slicer.vtkSlicerSubjectHierarchyModuleLogic.InsertDicomSeriesInHierarchy(
            hierarchy, patient_uid, identity.study_uid, series_uid
        )
    _describe(hierarchy, hierarchy.GetItemParent(_item(pet_node)), identity)


def identity_with_person(identity: StudyIdentity, pet_node, ct_node=None) -> StudyIdentity:
    """`identity` completed by what the hierarchy knows; fields that `identity` has are kept.

    Empty where the hierarchy is. A volume that another module made SUV has no weight and no dose here.
    """
    hierarchy, item = _hierarchy(pet_node), _item(pet_node)
    if not item:
        return identity
    study = hierarchy.GetItemParent(item)
    patient = hierarchy.GetItemParent(study)

    def attribute(of_item: int, name: str) -> str:
        return hierarchy.GetItemAttribute(of_item, f"DICOM.{name}") if of_item else ""

    known = {
        "patient_id": attribute(patient, "PatientID"),
        "patient_name": attribute(patient, "PatientName"),
        "sex": attribute(patient, "PatientSex"),
        "birth_date": attribute(patient, "PatientBirthDate").replace("-", ""),
        "study_date": attribute(study, "StudyDate").replace("-", ""),
        "study_description": attribute(study, "StudyDescription"),
        "study_uid": hierarchy.GetItemUID(study, _DICOM) if study else "",
        "pet_series_uid": hierarchy.GetItemUID(item, _DICOM),
        "ct_series_uid": hierarchy.GetItemUID(_item(ct_node), _DICOM) if ct_node and _item(ct_node) else "",
    }
    return replace(identity, **{name: value for name, value in known.items() if not getattr(identity, name)})


def series_uid(node) -> str:
    """The DICOM series that a volume was filed as, by whatever module; "" when the hierarchy does not know."""
    item = _item(node)
    return _hierarchy(node).GetItemUID(item, _DICOM) if item else ""


def place_beside(node, pet_node) -> None:
    """Put a result under the study of its PET, where the hierarchy has the PET."""
    hierarchy, pet_item = _hierarchy(pet_node), _item(pet_node)
    if not pet_item:
        return
    study = hierarchy.GetItemParent(pet_item)
    item = _item(node)
    if item:
        hierarchy.SetItemParent(item, study)
    else:
        hierarchy.CreateItem(study, node)


def _describe(hierarchy, study_item: int, identity: StudyIdentity) -> None:
    """Name new study and patient items, with the attributes that Slicer's DICOM import gives; known ones stay."""
    patient = {
        "PatientID": identity.patient_id,
        "PatientName": identity.patient_name,
        "PatientSex": identity.sex,
        "PatientBirthDate": identity.birth_date,
    }
    study = {
        "StudyInstanceUID": identity.study_uid,
        "StudyDate": identity.study_date,
        "StudyDescription": identity.study_description,
    }
    patient_name = identity.patient_name or identity.patient_id or "Patient"
    study_name = f"{identity.study_description or 'PET/CT'} {identity.study_date}".strip()
    patient_item = hierarchy.GetItemParent(study_item)
    for item, name, values in ((patient_item, patient_name, patient), (study_item, study_name, study)):
        if any(hierarchy.GetItemAttribute(item, f"DICOM.{key}") for key in values):
            continue
        hierarchy.SetItemName(item, name)
        for key, value in values.items():
            hierarchy.SetItemAttribute(item, f"DICOM.{key}", value)


def _hierarchy(node):
    import slicer

    return slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(node.GetScene())


def _item(node) -> int:
    """The hierarchy's item of a node, 0 when there is none."""
    return _hierarchy(node).GetItemByDataNode(node)
