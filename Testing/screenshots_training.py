"""Pictures of the panel of CLIPS Training and of its views, for docs/review-panel.md. Called by screenshots.py."""

from __future__ import annotations

from pathlib import Path

import numpy as np

WIDTH = 470
READER, COLLEAGUE = "A. Reader", "B. Reader"
_SIZES = {"Red": (480, 640), "Green": (420, 640), "Yellow": (300, 640)}


class TrainingPictures:
    """host: of screenshots.py; folder: for what is made; study: the whole-body phantom, small: the small one."""

    def __init__(self, host, folder: Path, study, small) -> None:
        self.host, self.folder = host, folder
        self.registry = make_registry(folder / "registry", study, small)

    def unfinished(self):
        """A case with unfinished work; what others say and how far the prediction is off is hidden."""
        import slicer

        opened = self._open()
        opened.open("C0001")
        opened.delete_lesion()
        opened.settle()
        slicer.mrmlScene.Clear()  # work is interrupted ...
        opened.open("C0001")  # ... and goes on
        opened.review.ui.versionsBox.collapsed = False
        return self._grab(opened, "unfinished")

    def rated(self):
        """The correction is saved, two outlines are compared, and the case is rated."""
        opened = self._open()
        opened.open("C0001")
        opened.review.ui.saveButton.click()
        opened.rating.choose(4)
        opened.rating._tags["near physiological uptake"].checked = True
        opened.rating.ui.ratingCommentEdit.text = "Lesion beside the bladder"
        opened.review.ui.goOnCheckBox.checked = False
        opened.rating.ui.rateButton.click()
        opened.review.ui.versionsBox.collapsed = opened.review.ui.editorBox.collapsed = False
        opened.review.versions.toggle()
        self.opened = opened
        return self._grab(opened, "rated")

    def views(self):
        """Two outlines on the fused slices: a person's correction, and the prediction in light blue."""
        import slicer
        from PIL import Image
        from slicer_host import views

        for name, size in _SIZES.items():
            logic = slicer.app.layoutManager().sliceWidget(name).sliceLogic()
            logic.ResizeSliceNode(*size)
            logic.FitSliceToBackground()
        lesions = self.opened.review.lesions
        lesions.table.select([lesions.live.measures.lesions[0].lesion_id])
        return Image.fromarray(np.hstack([views.draw_slice(name, size) for name, size in _SIZES.items()]))

    def _open(self):
        import builders_training_panel

        self.host.reset()
        opened = builders_training_panel.TrainingPanel(self.host)
        opened.open_registry(self.registry, READER)
        return opened

    def _grab(self, opened, name: str):
        from PIL import Image

        path = self.host.screenshot(opened.widget, self.folder / f"{name}.png", WIDTH)
        self.host.check()
        return Image.open(path).convert("RGB")


def make_registry(folder: Path, study, small) -> Path:
    """Eight cases in different states, two raters; the first is the whole-body phantom with two versions to compare."""
    import builders_training_panel
    from CLIPSLib import segment_study
    from CLIPSLib.cases import Registry

    with Registry.create(folder) as registry:
        for number in range(1, 9):
            own = builders_training_panel.study_of(study if number == 1 else small, number)
            case = registry.add_case(own, source="phantom", stratum="A" if number % 3 else "B").case_id
            mask = registry.add_mask(case, segment_study(own, "suv4"), origin="predicted", author="suv4")
            if number in (3, 4, 6):
                registry.set_reference(case, mask.id, author=COLLEAGUE)
                registry.review(case, status="accepted", reader=COLLEAGUE, mask_id=mask.id)
        registry.review("C0001", status="flagged", reader=COLLEAGUE, comment="Bladder?")
        registry.review("C0005", status="unusable", reader=READER, comment="Paravenous injection")
        for case, own, other in (("C0003", 2, 1), ("C0004", 3, 3), ("C0006", 5, 4), ("C0001", None, 5)):
            for rater, score in ((READER, own), (COLLEAGUE, other)):
                if score is not None:
                    registry.rate(case, rater=rater, score=score)
    return folder
