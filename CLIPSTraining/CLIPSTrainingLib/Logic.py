"""Cases between the scene and a registry, on MRML nodes: what the console, scripts and the panel call. No widget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slicer.i18n import tr as _

if TYPE_CHECKING:
    from CLIPSLib.cases import CaseRecord, MaskVersion, Registry

    from CLIPSTrainingLib.OpenCase import OpenCase


class TrainingLogic:
    """One registry at a time, open until `closeRegistry` or the end of a `with` block."""

    registry: Registry | None = None

    def __enter__(self):
        return self

    def __exit__(self, *_exception) -> None:
        self.closeRegistry()

    def openRegistry(self, folder: str, create: bool = False) -> Registry:
        """Open the registry in a folder, or make an empty one there; the one that was open stays until that worked.

        Raises:
            ClipsError: there is none (or, with `create`, one already), it is damaged or a newer version's.
        """
        from CLIPSLib.cases import Registry

        opened = Registry.create(folder) if create else Registry.open(folder)
        self.closeRegistry()
        self.registry = opened
        return opened

    def closeRegistry(self) -> None:
        """Close the registry; nothing is pending in it."""
        if self.registry is not None:
            self.registry.close()
        self.registry = None

    def addCase(self, petNode, ctNode=None, stratum: str = "") -> tuple[CaseRecord, bool]:
        """Put the study of volume nodes into the registry; returns its case, and whether that is new.

        Raises:
            ValueError: no PET, no registry. ClipsError (`Refusal`): not SUVbw by its coded units, CT of another frame
                of reference, the same voxels are there under another name.
        """
        from CLIPSSegmentationLib.Inputs import verifiedStudy

        registry = self._opened()
        study = verifiedStudy(petNode, ctNode)
        known = registry.case_of_series(study.identity.pet_series_uid) if study.identity.pet_series_uid else None
        if known is not None:
            return known, False
        source = _("scene of 3D Slicer: {name}").format(name=petNode.GetName())
        return registry.add_case(study, source=source, stratum=stratum), True

    def addMask(
        self,
        caseId: str,
        segmentationNode,
        author: str,
        *,
        petNode=None,
        parent: str | None = None,
        reference: bool = False,
        comment: str = "",
    ) -> MaskVersion:
        """Keep the segments of a node as a version of a case's mask. petNode: by default the PET they lie on.

        With a `parent` it is a correction of that version; else a prediction where a network or a rule made it, and
        imported otherwise. reference: let it stand for the truth.

        Raises:
            ValueError: no PET. ClipsError: on another grid than the case's PET, made from another series, no author.
        """
        from CLIPSLib.scene import segmentation_from_node
        from CLIPSSegmentationLib.Logic import petOf

        registry, petNode = self._opened(), petNode or petOf(segmentationNode)
        if petNode is None:
            sentence = _("The PET that “{name}” belongs to is not in the scene, or not in SUV: choose it.")
            raise ValueError(sentence.format(name=segmentationNode.GetName()))
        segmentation = segmentation_from_node(segmentationNode, petNode)
        made = "predicted" if segmentation.provenance.get("model") and not segmentation.reviewed else "imported"
        with registry.together():
            version = registry.add_mask(
                caseId,
                segmentation,
                origin="corrected" if parent else made,
                author=author,
                parent=parent,
                comment=comment,
            )
            if reference:
                registry.set_reference(caseId, version.id, author=author)
        return version

    def showCase(self, caseId: str, maskId: str | None = None) -> OpenCase:
        """Bring a case into the scene with a version of its mask, by default the reference or the newest prediction.

        `remove()` of what it returns takes it out again.
        """
        from CLIPSTrainingLib.CaseReader import CaseReader
        from CLIPSTrainingLib.OpenCase import OpenCase

        reader = CaseReader(self._opened())
        try:
            return OpenCase(reader.read(caseId, "", maskId))
        finally:
            reader.stop()

    def _opened(self) -> Registry:
        if self.registry is None:
            raise ValueError(_("Open a registry first."))
        return self.registry
