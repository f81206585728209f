"""Convolution biases that were not converted, as mistakes."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

import resnet_spec
from resnet_duet.differences.difference import (
    Category,
    Difference,
    Mistake,
    Scenario,
    Unnoticed,
)
from resnet_duet.scenarios.inference import InferenceScenario, map_arrays
from resnet_duet.scenarios.networks import at_even_size, untrained
from resnet_spec import ArraySpec, ResNetSpec, Role
from resnet_spec.layers import Conv


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """All convolution biases dropped, in a network that has them."""
    if isinstance(scenario, InferenceScenario) and _has_biases(scenario.spec):
        fix = "Conv2d(64, 64, 3, padding=1, bias=True), and copy its bias"
        yield Mistake(
            "biases of convolutions are dropped", map_arrays(scenario, _without_bias), fix
        )


def _has_biases(spec: ResNetSpec) -> bool:
    layers = resnet_spec.plan(spec).layers()
    return any(isinstance(layer, Conv) and layer.bias for layer in layers)


def _without_bias(array_spec: ArraySpec, array: np.ndarray) -> np.ndarray:
    is_conv_bias = array_spec.role is Role.BIAS and isinstance(array_spec.layer, Conv)
    return np.zeros_like(array) if is_conv_bias else array


def in_training() -> InferenceScenario:
    """Norms that use the mean of the batch."""
    return replace(at_even_size("keras_resnet50"), training=True)


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.ARCHITECTURE,
    mistake_in="torch",
    mistakes=mistakes,
    visible=lambda: at_even_size("keras_resnet50"),
    unnoticed=(
        Unnoticed("the biases are 0, as before training", lambda: untrained("keras_resnet50")),
        Unnoticed("norms subtract the batch's mean, and the bias with it", in_training),
    ),
)
