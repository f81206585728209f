"""Running variances as the other framework keeps them, as mistakes."""

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
from resnet_duet.scenarios.networks import at_even_size
from resnet_duet.scenarios.optimizer_settings import PLAIN, Variance
from resnet_duet.scenarios.training import TrainingScenario, counts, small_training
from resnet_spec import ArraySpec, Role
from resnet_spec.measure import default_image_size

BATCHES = (1, 2, 8, 32, 128, 256)  # common batch sizes per device


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """The other variance kept in training, or converted by the n of a common batch size."""
    if isinstance(scenario, TrainingScenario):
        yield _other_variance_kept(scenario)
    elif isinstance(scenario, InferenceScenario):
        for batch in BATCHES:
            for wrong in Variance:
                yield from _other_variance_loaded(scenario, batch, wrong)


def _other_variance_kept(scenario: TrainingScenario) -> Mistake:
    right = scenario.settings.variance
    (wrong,) = set(Variance) - {right}
    settings = replace(scenario.settings, variance=wrong)
    description = f"norms keep the {wrong} variance, not the {right} one"
    return Mistake(description, replace(scenario, settings=settings), _fix(right))


def _other_variance_loaded(
    scenario: InferenceScenario, batch: int, wrong: Variance
) -> Iterator[Mistake]:
    """Running variances as the other framework would have kept them."""
    plan = resnet_spec.plan(scenario.spec)
    height, width = default_image_size(plan)
    values_per_channel = counts(plan, batch, (height, width))
    if min(values_per_channel.values()) < 2:
        return  # a single value has no unbiased variance

    def change(array_spec: ArraySpec, array: np.ndarray) -> np.ndarray:
        if array_spec.role is not Role.VAR:
            return array
        n = values_per_channel[array_spec.layer.name]
        return array * ((n - 1) / n if wrong is Variance.BIASED else n / (n - 1))

    (right,) = set(Variance) - {wrong}
    images = f"batches of {batch} at {height}x{width}"
    description = f"running variances are the {wrong} ones, not the {right} ones, of {images}"
    yield Mistake(description, map_arrays(scenario, change), _fix(right))


def _fix(right: Variance) -> str:
    return f"running_var *= {'n / (n - 1)' if right is Variance.UNBIASED else '(n - 1) / n'}"


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.NORMALISATION,
    mistake_in="keras",
    mistakes=mistakes,
    visible=lambda: small_training(PLAIN, batch=4),
    unnoticed=(
        Unnoticed(
            "norms in training mode use the variance of the batch, not the running one",
            lambda: replace(at_even_size("resnet18"), training=True),
        ),
    ),
)
