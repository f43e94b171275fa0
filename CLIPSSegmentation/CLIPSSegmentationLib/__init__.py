"""What the module CLIPS Segmentation consists of besides its module file: logic on MRML nodes, and the panel.

Imported when Slicer needs it, not when Slicer starts. Files without "Panel", "Form", "Table" or "Follower" in their
name know no widget and work without a window.
"""
