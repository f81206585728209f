"""The distribution of a kernel's initial values, with and without a mistake."""

from collections.abc import Mapping, Sequence

import numpy as np

from resnet_duet.book.figures.drawing import (
    BASELINE,
    COLORS,
    FLOAT32,
    Figures,
    Panel,
    blank,
    colored,
)
from resnet_duet.book.table import cell
from resnet_duet.differences.difference import Mistake
from resnet_duet.frameworks import KERAS, TORCH
from resnet_duet.scenarios import initialization
from resnet_duet.scenarios.initialization import InitScenario
from resnet_duet.weights.relative_error import relative_error


def draw(scenario: InitScenario, mistakes: Sequence[Mistake]) -> Figures:
    """Draw the quantiles, and their errors."""
    torch, keras = scenario.run(TORCH.name), scenario.run(KERAS.name)
    wrong = {mistake.description: mistake.scenario.run(KERAS.name) for mistake in mistakes}
    return Figures((_quantiles(torch, keras, wrong), _errors(torch, keras, wrong)), tuple(wrong))


def _quantiles(torch: np.ndarray, keras: np.ndarray, wrong: Mapping[str, np.ndarray]) -> Panel:
    figure, axes = blank()
    axes.plot(initialization.LEVELS, torch, color=BASELINE, lw=2.5, label="correct, PyTorch")
    axes.plot(initialization.LEVELS, keras, color=FLOAT32, ls="--", label="correct, Keras")
    for color, values in colored(wrong.values()):
        axes.plot(initialization.LEVELS, values, color=color, lw=1.5)
    axes.set(xlabel="quantile", ylabel="value in the kernel")
    axes.legend(frameon=False)
    largest = "; ".join(
        f"if {description}, {cell(float(values.max()))}" for description, values in wrong.items()
    )
    return Panel(
        figure,
        "The quantiles of one large kernel.",
        f"The largest quantile is {cell(float(torch.max()))} without a mistake; {largest}.",
    )


def _errors(torch: np.ndarray, keras: np.ndarray, wrong: Mapping[str, np.ndarray]) -> Panel:
    errors = {description: relative_error(torch, values) for description, values in wrong.items()}
    baseline = relative_error(torch, keras)
    figure, axes = blank()
    axes.barh(range(len(errors)), list(errors.values()), color=COLORS[: len(errors)])
    axes.axvline(baseline, color=BASELINE, ls=":")
    axes.set(xscale="log", yticks=[], xlabel="relative error of the quantiles")
    listed = "; ".join(f"if {description}, {cell(error)}" for description, error in errors.items())
    return Panel(
        figure,
        "Relative error of the quantiles. Dotted: baseline, the sampling error of two random"
        " generators without a mistake.",
        f"Relative errors of the quantiles: {listed}; without a mistake, {cell(baseline)}.",
    )
