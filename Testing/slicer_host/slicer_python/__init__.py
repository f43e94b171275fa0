"""The Python layer of Slicer, in our own words: offered as `slicer.i18n`, `slicer.packaging`, `DICOMLib` and so on."""
