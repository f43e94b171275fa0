"""What runs inside Slicer: the panel of CLIPS Segmentation and the way from Slicer's DICOM database into the scene."""
