"""Blur, threshold bias and noise against closed forms and published simulation results."""

import numpy as np
import pytest
from CLIPSLib.phantom.fitted import blurred_sphere
from CLIPSLib.phantom.grid import Grid
from CLIPSLib.phantom.rendering import FWHM_PER_SIGMA, Part, add_pet_noise, correlated_noise, pet_image
from CLIPSLib.phantom.shapes import sphere
from scipy.integrate import quad

FINE = Grid(size=(64, 64, 64), spacing_mm=(1.0, 1.0, 1.0), center_mm=(0.0, 0.0, 0.0))


def warm_room(suv, grid):
    return Part(name="warm", kind="background", shape=sphere((0, 0, 0), 4.0 * max(grid.size)), suv=suv, hu=0.0)


def hot_sphere(diameter_mm, suv=10.0):
    return Part(name="hot", kind="tumor", shape=sphere((0.2, 0.1, -0.3), diameter_mm), suv=suv, hu=0.0)


def blurred_sphere_by_integration(distance, radius, sigma):
    """Radial convolution of a ball with a Gaussian, integrated numerically: the reference for the closed form."""

    def shell(r):
        near, far = (np.exp(-((distance - s * r) ** 2) / (2.0 * sigma**2)) for s in (1.0, -1.0))
        return r * (near - far)

    value, _ = quad(shell, 0.0, radius)
    return value / (distance * sigma * np.sqrt(2.0 * np.pi))


@pytest.mark.parametrize("distance_mm", [0.5, 4.0, 8.5, 12.0])
def test_blurred_sphere_equals_the_integral(distance_mm):
    expected = blurred_sphere_by_integration(distance_mm, 8.5, 2.5)
    assert blurred_sphere(distance_mm, 8.5, 2.5) == pytest.approx(expected, abs=1e-9)


def test_rendered_sphere_follows_the_closed_form():
    image = pet_image(FINE, [hot_sphere(20.0, 1.0)], 6.0)
    sigma = np.sqrt((6.0 / FWHM_PER_SIGMA) ** 2 + 1.0 / 12.0)
    x, y, z = FINE.coordinates_mm((slice(0, 64),) * 3)
    distance = np.sqrt((x - 0.2) ** 2 + (y - 0.1) ** 2 + (z + 0.3) ** 2)
    for voxel in ((31, 31, 31), (31, 31, 40), (41, 33, 31), (25, 38, 28)):
        assert image[voxel] == pytest.approx(blurred_sphere(float(distance[voxel]), 10.0, sigma), abs=0.01)


@pytest.mark.parametrize(
    ("diameter_mm", "fwhm_mm", "low", "high"),
    [
        (17.0, 4.0, 1.09, 1.16),
        (17.0, 7.0, 1.07, 1.16),
        (28.0, 6.0, 1.09, 1.16),
        (37.0, 5.0, 1.09, 1.16),
        (13.0, 8.0, 0.77, 0.87),
        (10.0, 8.0, 0.28, 0.38),
    ],
)
def test_volume_at_suv_4_of_a_10_to_1_sphere_is_biased_as_published(diameter_mm, fwhm_mm, low, high):
    # SUV 10 in 1: 1.11-1.15 (+- 0.03) for 17-37 mm at 4-7 mm FWHM; at 8 mm 0.82 for 13 mm and 0.33 for 10 mm
    image = pet_image(FINE, [warm_room(1.0, FINE), hot_sphere(diameter_mm)], fwhm_mm)
    volume = np.count_nonzero(image >= 4.0) * FINE.voxel_ml
    assert low <= volume / (np.pi / 6.0 * diameter_mm**3 / 1000.0) <= high


def test_activity_just_outside_the_scan_spills_into_the_last_slice():
    grid = Grid(size=(40, 40, 10), spacing_mm=(4.0, 4.0, 4.0), center_mm=(0.0, 0.0, 0.0))
    outside = Part(name="bladder", kind="physiological", shape=sphere((0.0, 0.0, 34.0), 26.0), suv=20.0, hu=0.0)
    image = pet_image(grid, [outside], 6.0)
    assert image[-1].max() > 1.0
    assert image[0].max() == pytest.approx(0.0, abs=1e-6)


def test_noise_has_unit_variance_and_its_correlation_and_depends_on_the_seed_only():
    grid = Grid(size=(60, 60, 60), spacing_mm=(4.0, 4.0, 3.0), center_mm=(0.0, 0.0, 0.0))
    noise = correlated_noise(grid, seed=3)
    assert noise.std() == pytest.approx(1.0, abs=0.05)
    # Two voxels 3 mm apart in noise filtered with FWHM 5.5 mm (sigma 2.336): exp(-3^2 / (4 sigma^2)) = 0.66
    assert np.mean(noise[1:] * noise[:-1]) == pytest.approx(0.66, abs=0.05)
    assert np.array_equal(noise, correlated_noise(grid, seed=3))
    assert not np.array_equal(noise, correlated_noise(grid, seed=4))


def test_noise_is_scaled_to_the_liver_and_grows_with_the_root_of_suv():
    grid = Grid(size=(60, 60, 60), spacing_mm=(4.0, 4.0, 3.0), center_mm=(0.0, 0.0, 0.0))
    liver = add_pet_noise(np.full(grid.shape, 2.1, np.float32), grid, 1, liver_suv=2.1, liver_cov=0.10)
    assert liver.std() / liver.mean() == pytest.approx(0.10, abs=0.005)
    bladder = add_pet_noise(np.full(grid.shape, 21.0, np.float32), grid, 1, liver_suv=2.1, liver_cov=0.10)
    assert bladder.std() / liver.std() == pytest.approx(np.sqrt(10.0), rel=0.01)
    assert add_pet_noise(np.full(grid.shape, 0.001, np.float32), grid, 1, liver_suv=2.1, liver_cov=0.1).min() >= 0.0
