"""Reading and writing every file format: NIfTI, 3D Slicer's .seg.nrrd, JSON documents, tables, whole results."""

from CLIPSLib.formats.anonymous import Scrubber, anonymous_measures, anonymous_segmentation, anonymous_study
from CLIPSLib.formats.documents import STUDY_FORMAT, STUDY_VERSION, StudyFacts, write_measures_json
from CLIPSLib.formats.evaluations import (
    StoredEvaluation,
    read_evaluation_json,
    write_evaluated_lesions_csv,
    write_evaluation_csv,
    write_evaluation_json,
    write_hospital_csv,
)
from CLIPSLib.formats.hospital_metrics import read_hospital_metrics, write_hospital_metrics
from CLIPSLib.formats.nifti import read_image, read_labels, write_image, write_labels
from CLIPSLib.formats.nifti_numbers import require_numbers
from CLIPSLib.formats.reference_masks import LABEL_KINDS, MaskReading, read_reference_mask
from CLIPSLib.formats.result import (
    RESULT_FILES,
    StoredResult,
    corrected_segments,
    read_result,
    read_saved_study,
    write_result,
)
from CLIPSLib.formats.rtstruct import choose_rois, is_structure_set, read_rtstruct, read_structure_set
from CLIPSLib.formats.seg_nrrd import read_seg_nrrd, write_seg_nrrd
from CLIPSLib.formats.staging import together
from CLIPSLib.formats.tables import (
    FRENCH_EXCEL,
    PLAIN,
    CsvStyle,
    summary_row,
    write_lesions_csv,
    write_summary_csv,
)

__all__ = [
    "FRENCH_EXCEL",
    "LABEL_KINDS",
    "PLAIN",
    "RESULT_FILES",
    "STUDY_FORMAT",
    "STUDY_VERSION",
    "CsvStyle",
    "MaskReading",
    "Scrubber",
    "StoredEvaluation",
    "StoredResult",
    "StudyFacts",
    "anonymous_measures",
    "anonymous_segmentation",
    "anonymous_study",
    "choose_rois",
    "corrected_segments",
    "is_structure_set",
    "read_evaluation_json",
    "read_hospital_metrics",
    "read_image",
    "read_labels",
    "read_reference_mask",
    "read_result",
    "read_rtstruct",
    "read_saved_study",
    "read_seg_nrrd",
    "read_structure_set",
    "require_numbers",
    "summary_row",
    "together",
    "write_evaluated_lesions_csv",
    "write_evaluation_csv",
    "write_evaluation_json",
    "write_hospital_csv",
    "write_hospital_metrics",
    "write_image",
    "write_labels",
    "write_lesions_csv",
    "write_measures_json",
    "write_result",
    "write_seg_nrrd",
    "write_summary_csv",
]
