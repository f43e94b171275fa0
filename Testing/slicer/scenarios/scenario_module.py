"""The module in Slicer's own module factory: it loads, describes itself, and passes its self test."""

import unittest

import slicer


class ModuleScenario(unittest.TestCase):
    def test_the_module_is_loaded_and_described(self) -> None:
        module = slicer.modules.clipssegmentation
        self.assertEqual(module.title, "CLIPS Segmentation")
        self.assertIn("Segmentation", module.categories)

    def test_its_self_test_passes(self) -> None:
        slicer.selfTests["CLIPSSegmentation"]()
