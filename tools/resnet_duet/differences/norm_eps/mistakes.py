"""The epsilons that other code uses, as mistakes."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from resnet_duet.differences.difference import (
    Category,
    Difference,
    Mistake,
    Scenario,
    Unnoticed,
)
from resnet_duet.scenarios.inference import InferenceScenario, map_arrays, with_choices
from resnet_duet.scenarios.networks import at_even_size
from resnet_spec import ArraySpec, Role

# PyTorch, Keras, keras.applications, MXNet, and the code of papers
EPSILONS = (1e-5, 1e-3, 1.001e-5, 2e-5, 1e-4, 1e-6)
# Blocks of common tutorials build the norm of a projection in separate code.
PROJECTION_EPSILONS = (1e-5, 1e-3, 1.001e-5)


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """Every other known epsilon, in all norms and in those of the projections."""
    if not isinstance(scenario, InferenceScenario):
        return
    right = scenario.spec.norm_eps
    for eps in EPSILONS:
        if wrong := with_choices(scenario, {"norm_eps": eps}):
            fix = f"BatchNormalization(epsilon={right:g}); BatchNorm2d(eps={right:g})"
            yield Mistake(f"norm_eps is {eps:g}, not {right:g}", wrong, fix)
    right = scenario.spec.shortcut.norm_eps or scenario.spec.norm_eps
    for eps in PROJECTION_EPSILONS:
        if wrong := with_choices(scenario, {"shortcut.norm_eps": eps}):
            fix = f"BatchNormalization(epsilon={right:g}); BatchNorm2d(eps={right:g})"
            yield Mistake(f"norm_eps of the projections is {eps:g}, not {right:g}", wrong, fix)


def huge_variances() -> InferenceScenario:
    """Running variances of 1e12, against which any epsilon is negligible."""

    def huge(array_spec: ArraySpec, array: np.ndarray) -> np.ndarray:
        return array * 1e12 if array_spec.role is Role.VAR else array

    return map_arrays(at_even_size("resnet18"), huge)


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.NORMALISATION,
    mistake_in="keras",
    mistakes=mistakes,
    visible=lambda: at_even_size("resnet18"),
    unnoticed=(Unnoticed("the variances are so large that epsilon is negligible", huge_variances),),
)
