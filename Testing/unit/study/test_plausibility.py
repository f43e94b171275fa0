"""The mean SUV of the body, whatever the scale of the values."""

import numpy as np
import pytest
from CLIPSLib.study.plausibility import body_mean_suv, check_suv


def patient(scale=1.0):
    """A body of SUV 0.9 in a fifth of the field of view, with a hot lesion, in noisy air."""
    volume = np.abs(np.random.default_rng(0).normal(0.0, 0.02, (20, 40, 40)))
    volume[:, 10:28, 10:28] = 0.9
    volume[8:12, 15:18, 15:18] = 12.0
    return (volume * scale).astype(np.float32)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e4])
def test_the_body_is_found_at_any_scale(scale):
    assert body_mean_suv(patient(scale)) == pytest.approx(0.96 * scale, rel=0.05)


def test_a_patient_passes_and_wrong_units_do_not():
    assert check_suv(patient()) == ()
    for scale in (1e-3, 0.1, 10.0, 1e6):
        assert check_suv(patient(scale))[0].code == "body-mean-suv"


def test_an_empty_or_negative_image_does_not_pass():
    assert check_suv(np.zeros((4, 4, 4), dtype=np.float32))
    assert check_suv(np.full((4, 4, 4), -1.0, dtype=np.float32))
