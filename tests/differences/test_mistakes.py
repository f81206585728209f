"""Mistakes show where the registry says so, and only there."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from resnet_duet.differences import DIFFERENCES
from resnet_duet.differences.difference import Difference, Mistake, Unnoticed
from resnet_duet.differences.flatten_order.mistakes import HWC, flattened
from resnet_duet.differences.measure import Measurement, exceeds, measure
from resnet_duet.differences.resize.mistakes import ROUGH, resized
from resnet_duet.scenarios.inference import InferenceScenario, with_choices
from resnet_duet.scenarios.layouts import reshaped, transpose
from resnet_duet.scenarios.networks import at_even_size
from resnet_duet.scenarios.transforms import SOFTMAX
from resnet_duet.weights.convert import relayout
from resnet_duet.weights.relative_error import relative_error
from support.networks import TOLERANCE

# The baseline of the experiments is 1e-16 to 2e-15, except where float32 (3e-7) or sampling (3e-3)
# is the subject.
FLOAT64 = 1e-14


def contradictions(difference: Difference, measurement: Measurement) -> Iterator[str]:
    """Where a measurement contradicts the registry."""
    if not measurement.visible:
        yield "there is no visible mistake"
    for row in measurement.visible:
        if not row.is_visible or (row.baseline < FLOAT64 and row.error < TOLERANCE):
            yield f"{row.description}: {row.error} is not visible"
    for row in (row for _, row in measurement.unnoticed if row.is_visible):
        yield f"{row.description}: {row.error} is visible"
    measured = {reason for reason, _ in measurement.unnoticed}
    for reason in (one.reason for one in difference.unnoticed if one.reason not in measured):
        yield f"{reason}: no mistake applies"


@pytest.mark.long
@pytest.mark.parametrize("name", DIFFERENCES)
def test_mistakes_are_visible_or_unnoticed_as_the_registry_says(name):
    difference = DIFFERENCES[name]
    assert list(contradictions(difference, measure(difference))) == []


NORM_EPS = DIFFERENCES["norm_eps"]
NOTHING = lambda scenario: iter([Mistake("nothing", scenario, "")])  # noqa: E731
VISIBLE = Unnoticed("it is the same scenario", NORM_EPS.visible)
WITHOUT = Unnoticed("there are no groups", lambda: at_even_size("resnet18"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (replace(NORM_EPS, mistakes=NOTHING), "is not visible"),
        (replace(NORM_EPS, mistakes=lambda scenario: iter(())), "there is no visible mistake"),
        (replace(NORM_EPS, unnoticed=(VISIBLE,)), "is visible"),
        (replace(DIFFERENCES["grouped_kernels"], unnoticed=(WITHOUT,)), "no mistake applies"),
    ],
)
def test_a_registry_that_contradicts_the_measurement_is_found(wrong, message):
    assert any(message in found for found in contradictions(wrong, measure(wrong)))


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [n for n, d in DIFFERENCES.items() if isinstance(d.visible(), InferenceScenario)]
)
def test_a_mistake_has_the_same_output_in_both_frameworks(name):
    """So that `diagnose` needs only one of them."""
    scenario = DIFFERENCES[name].visible()
    right = scenario.run("torch")
    baseline = relative_error(right, scenario.run("keras"))
    for mistake in DIFFERENCES[name].mistakes(scenario):
        rounds = mistake.scenario.dtype != scenario.dtype
        allowed = relative_error(right, scenario.in_float32().run("keras")) if rounds else baseline
        error = relative_error(mistake.scenario.run("torch"), mistake.scenario.run("keras"))
        assert not exceeds(error, allowed), mistake.description


@pytest.mark.parametrize(("source", "target"), [("OIHW", "HWIO"), ("HWIO", "OIHW"), ("IO", "OI")])
def test_the_line_that_fixes_a_reshape_is_the_transpose(source, target):
    kernel = np.arange(np.prod(range(2, 2 + len(source)))).reshape(range(2, 2 + len(source)))
    fixed = eval(transpose("kernel", source, target), {"kernel": kernel})
    np.testing.assert_array_equal(fixed, relayout(kernel, source, target))
    back = reshaped(relayout(fixed, target, source), source, source, target)
    assert back.shape == kernel.shape
    assert not np.array_equal(back, kernel)


def chosen(name: str, **choices) -> InferenceScenario:
    """The small network with other choices."""
    scenario = with_choices(at_even_size(name), choices)
    assert scenario
    return scenario


def with_softmax() -> InferenceScenario:
    return replace(at_even_size("resnet18"), postprocessing=(SOFTMAX,))


OPPOSITE = [  # (difference, number of mistakes, a scenario in which the opposite is correct)
    ("flatten_order", 1, lambda: replace(flattened((32, 48)), postprocessing=(HWC,))),
    ("same_convolution", 1, lambda: chosen("resnet18", padding="same")),
    ("same_pool", 2, lambda: chosen("resnet18", stem={"pool": "same"})),
    ("pool_border", 1, lambda: chosen("preresnet18", stem={"pool": "zero"})),
    ("training_mode", 1, lambda: replace(at_even_size("resnet18"), training=True)),
    ("stride_in_1x1", 1, lambda: chosen("resnet50", stride_in_1x1=True)),
    ("stride_block", 1, lambda: at_even_size("resnet18")),
    ("stride_block", 1, lambda: at_even_size("cifar_plain20")),
    ("shortcut_pool", 1, lambda: at_even_size("resnet18")),
    ("shortcut_pool", 1, lambda: at_even_size("cifar_resnet20")),
    ("shortcut_pool", 1, lambda: at_even_size("keras_resnet50v2")),
    ("zero_pad_sides", 1, lambda: at_even_size("cifar_resnet20_a_end")),
    ("missing_shortcut", 2, lambda: at_even_size("cifar_plain20")),
    ("projection_input", 1, lambda: at_even_size("preresnet18")),
    ("projection_input", 2, lambda: chosen("preresnet50", shortcut={"reads": "block_input"})),
    ("relu_position", 3, lambda: at_even_size("cifar_resnet20")),
    ("relu_position", 2, lambda: chosen("resnet18", ordering="relu_preactivation")),
    ("final_norm", 1, lambda: chosen("resnet18", ordering="relu_preactivation")),
    ("softmax", 2, with_softmax),
    ("image_mean", 3, lambda: at_even_size("resnet18")),
    ("resize", 1, lambda: replace(resized((80, 112)), preprocessing=(ROUGH,))),
]


@pytest.mark.parametrize(("name", "count", "scenario"), OPPOSITE)
def test_mistakes_are_made_in_both_directions(name, count, scenario):
    right = scenario()
    mistakes = list(DIFFERENCES[name].mistakes(right))
    assert len(mistakes) == count
    for mistake in mistakes:
        error = relative_error(right.run("torch"), mistake.scenario.run("torch"))
        assert error > 1e-6, mistake.description


INAPPLICABLE = [
    ("grouped_kernels", "resnet50"),
    ("average_pool_border", "resnet50"),
    ("average_pool_border", "cifar_plain20"),
    ("same_pool", "cifar_resnet20"),
    ("pool_border", "cifar_resnet20"),
    ("convolution_bias", "resnet18"),
    ("stride_in_1x1", "resnet18"),
    ("zero_pad_sides", "resnet18"),
    ("missing_shortcut", "resnet18"),
    ("projection_input", "resnet18"),
    ("final_norm", "resnet18"),
    ("flatten_order", "resnet18"),
    ("resize", "resnet18"),
    ("shortcut_pool", "cifar_plain20"),
]


@pytest.mark.parametrize(("name", "network"), INAPPLICABLE)
def test_no_mistake_is_made_where_it_does_not_apply(name, network):
    assert list(DIFFERENCES[name].mistakes(at_even_size(network))) == []
