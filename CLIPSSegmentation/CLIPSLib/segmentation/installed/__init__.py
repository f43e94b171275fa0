"""Installed models as segmenters: their description in the list without torch, the networks loaded when they run."""
