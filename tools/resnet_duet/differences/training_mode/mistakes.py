"""Norms in the wrong mode, as mistakes."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from resnet_duet.differences.difference import (
    Category,
    Difference,
    Mistake,
    Scenario,
    Unnoticed,
)
from resnet_duet.frameworks import KERAS
from resnet_duet.scenarios.inference import InferenceScenario, cached_network
from resnet_duet.scenarios.networks import at_even_size
from resnet_duet.weights.convert import convert
from resnet_duet.weights.dialects.torchvision import DIALECT


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """The other mode."""
    if not isinstance(scenario, InferenceScenario):
        return
    wrong = replace(scenario, training=not scenario.training)
    if wrong.training:
        fix = "net.eval(); model(x, training=False)"
        yield Mistake("norms use the batch's statistics", wrong, fix)
    else:
        fix = "net.train(); model(x, training=True)"
        yield Mistake("norms use their running statistics", wrong, fix)


def measured_on_the_batch() -> InferenceScenario:
    """A network whose running statistics are those of its images."""
    scenario = at_even_size("resnet18")
    # With a decay of 0, one step replaces the running statistics by those of the batch. Keras keeps
    # the variance that it divides by, PyTorch the unbiased one.
    updating = replace(scenario, spec=replace(scenario.spec, norm_decay=0.0), training=True)
    updating.run(KERAS.name)
    plan = updating.plan
    arrays = KERAS.read(cached_network(KERAS.name, plan, scenario.dtype))
    return replace(scenario, weights=convert(arrays, plan, KERAS.dialect, DIALECT.name))


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.NORMALISATION,
    mistake_in="torch",
    mistakes=mistakes,
    visible=lambda: at_even_size("resnet18"),
    unnoticed=(
        Unnoticed("the running statistics are those of this very batch", measured_on_the_batch),
    ),
)
