"""The one scale for errors: the largest difference, relative to the reference."""

import numpy as np

from resnet_duet.weights.relative_error import relative_error


def test_the_error_is_relative_to_the_largest_value_of_the_reference():
    reference, other = np.array([1.0, -4.0]), np.array([1.0, -2.0])
    assert relative_error(reference, other) == 0.5
    assert relative_error(other, reference) == 1.0


def test_the_error_of_a_zero_reference_is_absolute():
    assert relative_error(np.zeros(2), np.array([0.0, 0.25])) == 0.25


def test_other_shapes_are_infinitely_far_apart_and_nan_is_nan():
    assert relative_error(np.zeros((2, 3)), np.zeros((3, 2))) == np.inf
    assert np.isnan(relative_error(np.ones(2), np.array([1.0, np.nan])))
    assert np.isnan(relative_error(np.array([1.0, np.nan]), np.ones(2)))
