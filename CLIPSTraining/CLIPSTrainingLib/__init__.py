"""What the module CLIPS Training consists of besides its module file: cases in the scene, and the panel.

Imported when Slicer needs it, not when Slicer starts. Files without "Panel", "Table" or "Shortcuts" in their name know
no widget and work without a window.
"""
