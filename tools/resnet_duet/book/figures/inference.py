"""The effect of a mistake in one forward pass: within a feature map, and over the layers."""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite

import numpy as np

from resnet_duet.book.figures.drawing import (
    BASELINE,
    FLOAT32,
    Figures,
    Panel,
    blank,
    colored,
    height,
)
from resnet_duet.book.table import cell
from resnet_duet.comparison.plot import CEILING, EPSILON
from resnet_duet.differences.difference import Mistake
from resnet_duet.differences.measure import exceeds
from resnet_duet.frameworks import KERAS, TORCH
from resnet_duet.scenarios.inference import InferenceScenario
from resnet_duet.weights.relative_error import relative_error

Trace = Mapping[str, np.ndarray]  # {name of an output: (N, H, W, C) or (N, K)}
Errors = Mapping[str, float]  # {name of an output: relative error}


def draw(scenario: InferenceScenario, mistakes: Sequence[Mistake]) -> Figures:
    """Draw where the first mistake shows first, and the error of every layer for each mistake."""
    right = scenario.trace(TORCH.name)
    baseline = layer_errors(right, scenario.trace(KERAS.name))
    float32 = layer_errors(right, scenario.in_float32().trace(TORCH.name))
    traces = [_scenario(mistake).trace(KERAS.name) for mistake in mistakes]
    errors = [layer_errors(right, trace) for trace in traces]
    descriptions = tuple(mistake.description for mistake in mistakes)
    layer = first_divergence(right, traces[0], baseline)
    within_layer = _within_layer(
        layer, right[layer], traces[0][layer], baseline[layer], descriptions[0]
    )
    over_layers = _over_layers(errors, baseline, float32, descriptions)
    return Figures((within_layer, over_layers), descriptions)


def _within_layer(
    name: str, right: np.ndarray, wrong: np.ndarray, baseline: float, description: str
) -> Panel:
    errors = error_map(right, wrong)
    figure, axes = blank()
    image = axes.imshow(errors, cmap="magma", vmin=0)
    axes.set(title=name, xticks=[], yticks=[])
    figure.colorbar(image, ax=axes, shrink=0.8)
    rows, columns = errors.shape
    row, column = divmod(int(errors.argmax()), columns)
    count = sum(exceeds(error, baseline) for error in errors.flat)
    scope = "maximum over channels and images" if right.ndim == 4 else "one row for each image"
    return Panel(
        figure,
        f'Error of output "{name}" with the first mistake, relative to the largest correct value'
        f" ({scope}).",
        f'If {description}, output "{name}" is wrong at {count} of {rows} x {columns} positions.'
        f" The largest error is {cell(float(errors.max()))}, at row {row}, column {column}.",
    )


def _over_layers(
    errors: Sequence[Errors], baseline: Errors, float32: Errors, descriptions: Sequence[str]
) -> Panel:
    figure, axes = blank()
    for color, found in colored(errors):
        axes.plot([height(found.get(name)) for name in baseline], color=color, lw=1.5)
    axes.plot([height(error) for error in float32.values()], color=FLOAT32, lw=1, ls="--")
    axes.plot([height(error) for error in baseline.values()], color=BASELINE, lw=1, ls=":")
    axes.set(yscale="log", ylim=(EPSILON / 3, CEILING * 10), ylabel="relative error")
    axes.set(xlabel=f"{len(baseline)} outputs, from the images to the last", xticks=[])
    return Panel(
        figure,
        "Relative error of every output in execution order, at the top if its shape is wrong."
        " Dotted: baseline, without a mistake in float64. Dashed: float32 rounding.",
        " ".join(_sentences(descriptions, errors, baseline)),
    )


def layer_errors(right: Trace, wrong: Trace) -> dict[str, float]:
    """{name: relative error} of the outputs that both traces have."""
    return {name: relative_error(right[name], wrong[name]) for name in right if name in wrong}


def first_divergence(right: Trace, wrong: Trace, baseline: Errors) -> str:
    """The first output that has the correct shape and wrong values."""
    return next(
        name
        for name, error in layer_errors(right, wrong).items()
        if isfinite(error) and exceeds(error, baseline[name])
    )


def error_map(right: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """(H, W) of feature maps, the maximum over images and channels; (N, K) of logits."""
    error = np.abs(right - wrong) / np.abs(right).max()
    return error.max(axis=(0, -1)) if error.ndim == 4 else np.atleast_2d(error)


def _sentences(
    descriptions: Sequence[str], errors: Sequence[Errors], baseline: Errors
) -> Iterator[str]:
    """The lines of the drawing in words."""
    for description, found in zip(descriptions, errors, strict=True):
        first = next(name for name, error in found.items() if exceeds(error, baseline[name]))
        shown = f"an error of {cell(found[first])}"
        begin = shown if isfinite(found[first]) else "a wrong shape"
        *_, last = found.values()
        yield f'If {description}, "{first}" is the first wrong output, with {begin};'
        yield f"the error of the last output is {cell(last)}."
    yield f"Without a mistake the largest error is {cell(max(baseline.values()))}."


def _scenario(mistake: Mistake) -> InferenceScenario:
    assert isinstance(mistake.scenario, InferenceScenario)
    return mistake.scenario
