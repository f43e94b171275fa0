"""The panel of CLIPS Training with a registry, for its tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import SimpleITK as sitk

REPOSITORY = Path(__file__).resolve().parent.parent
SEGMENTATION_FILE = REPOSITORY / "CLIPSSegmentation" / "CLIPSSegmentation.py"
MODULE_FILE = REPOSITORY / "CLIPSTraining" / "CLIPSTraining.py"
PATIENCE_S = 60.0
READER = "A. Reader"


def study_of(study, number: int):
    """The images, but for a voxel of air, as the study of another patient."""
    pet = sitk.Image(study.pet)
    pet.SetPixel(0, 0, 0, pet.GetPixel(0, 0, 0) + number * 1e-3)
    uid = f"2.25.{1000 + number}"
    identity = replace(study.identity, patient_id=f"P{number}", study_uid=f"{uid}.1", pet_series_uid=uid)
    return replace(study, pet=pet, identity=identity)


def make_registry(folder: Path, study, count: int = 3):
    """A registry of `count` cases of one phantom, each with the prediction of SUV >= 4; returns its folder."""
    from CLIPSLib import segment_study
    from CLIPSLib.cases import Registry

    with Registry.create(folder) as registry:
        for number in range(1, count + 1):
            own = study_of(study, number)
            case = registry.add_case(own, source="phantom", stratum="A" if number % 2 else "B")
            registry.add_mask(case.case_id, segment_study(own, "suv4"), origin="predicted", author="suv4")
    return folder


def written(registry) -> dict[str, int]:
    """How many mask versions each case has."""
    return {row.case_id: row.mask_count for row in registry.cases()}


class TrainingPanel:
    """The module's panel, opened on a host, with the widgets of its sections."""

    def __init__(self, host) -> None:
        self.host = host
        host.load_module(SEGMENTATION_FILE)
        self.widget = host.open_panel(MODULE_FILE)
        self.panel, self.logic = self.widget.panel, self.widget.logic
        self.cases, self.review, self.rating = self.panel.cases, self.panel.review, self.panel.rating

    @property
    def registry(self):
        return self.panel.registry

    @property
    def live(self):
        return self.review.lesions.live

    def open_registry(self, folder: Path, reader: str = READER) -> None:
        """Type a name and open a registry."""
        self.cases.ui.readerEdit.text = reader
        self.cases.ui.readerEdit.editingFinished.emit()
        with self.host.answering(str(folder)):
            self.cases.ui.openRegistryButton.click()

    def rows(self) -> list[list[str]]:
        """The case list as text."""
        table = self.cases.ui.caseTable
        return [
            [table.item(row, column).text() for column in range(table.columnCount)] for row in range(table.rowCount)
        ]

    def open(self, case_id: str) -> bool:
        """Open a case, and wait until it has been measured."""
        opened = self.panel.openCase(case_id)
        self.settle()
        return opened

    def settle(self) -> None:
        """Wait until edits have been measured."""
        self.host.wait_until(lambda: not self.live.pending, PATIENCE_S)

    def delete_lesion(self, row: int = 0) -> None:
        """Change the open case by one edit of the user."""
        self.settle()
        lesions = self.review.lesions
        lesions.table.select([self.live.measures.lesions[row].lesion_id])
        self.review.ui.deleteButton.click()
