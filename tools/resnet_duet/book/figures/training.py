"""The effect of a mistake in training, step by step."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

import resnet_spec
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
from resnet_duet.frameworks import KERAS, TORCH
from resnet_duet.scenarios import train_torch
from resnet_duet.scenarios.inference import cached_network
from resnet_duet.scenarios.training import TrainingScenario
from resnet_duet.weights.convert import relayout
from resnet_duet.weights.relative_error import relative_error

Weights = Mapping[str, np.ndarray]
Course = Sequence[Weights]  # of a training, after each step

STEPS = 8
CORRECT = "without a mistake"


def lengthened(scenario: TrainingScenario) -> TrainingScenario:
    """The same training with STEPS steps, the further ones at its last learning rate."""
    rates = scenario.settings.rates
    more = (rates[-1],) * (STEPS - len(rates))
    return replace(scenario, settings=replace(scenario.settings, rates=(*rates, *more)))


def draw(scenario: TrainingScenario, mistakes: Sequence[Mistake]) -> Figures:
    """Draw the losses, and the errors of the weights."""
    right, baseline = scenario.weights_by_step(TORCH.name), scenario.weights_by_step(KERAS.name)
    float32 = scenario.in_float32().weights_by_step(TORCH.name)
    wrong = {
        mistake.description: _scenario(mistake).weights_by_step(KERAS.name) for mistake in mistakes
    }
    panels = (_losses(scenario, right, wrong), _errors(right, wrong, baseline, float32))
    return Figures(panels, tuple(wrong))


def _losses(scenario: TrainingScenario, right: Course, wrong: Mapping[str, Course]) -> Panel:
    curves = {
        description: [loss(scenario, weights) for weights in (scenario.weights, *course)]
        for description, course in {CORRECT: right, **wrong}.items()
    }
    figure, axes = blank()
    axes.plot(curves[CORRECT], color=BASELINE, lw=2.5, label="correct, PyTorch")
    for color, description in colored(wrong):
        axes.plot(curves[description], color=color, lw=1.5)
    axes.set(ylabel="training loss", xlabel="step")
    axes.legend(frameon=False)
    last = "; ".join(
        f"{cell(curve[-1])} {_if(description)}" for description, curve in curves.items()
    )
    return Panel(
        figure,
        "Loss on the training batch, computed by the correct formula.",
        f"The first loss is {cell(curves[CORRECT][0])}. After {STEPS} steps it is {last}.",
    )


def _errors(right: Course, wrong: Mapping[str, Course], baseline: Course, float32: Course) -> Panel:
    def errors(course: Course) -> list[float]:
        return [relative_error(*map(flat, pair)) for pair in zip(right, course, strict=True)]

    found = {description: errors(course) for description, course in wrong.items()}
    steps = range(1, STEPS + 1)
    figure, axes = blank()
    for color, curve in colored(found.values()):
        axes.plot(steps, [height(error) for error in curve], "o-", ms=3, color=color, lw=1.5)
    axes.plot(steps, [height(e) for e in errors(float32)], color=FLOAT32, lw=1, ls="--")
    axes.plot(steps, [height(e) for e in errors(baseline)], color=BASELINE, lw=1, ls=":")
    axes.set(yscale="log", ylim=(EPSILON / 3, CEILING), xlabel="step")
    axes.set(ylabel="relative error of all weights")
    last = "; ".join(
        f"{cell(curve[-1])} {_if(description)}" for description, curve in found.items()
    )
    return Panel(
        figure,
        "Relative error of all weights and running statistics. Dotted: baseline, without a mistake"
        " in float64. Dashed: float32 rounding.",
        f"After {STEPS} steps the relative error is {last};"
        f" {cell(errors(baseline)[-1])} {CORRECT}.",
    )


def _if(description: str) -> str:
    return description if description == CORRECT else f"if {description}"


def _scenario(mistake: Mistake) -> TrainingScenario:
    assert isinstance(mistake.scenario, TrainingScenario)
    return mistake.scenario


def flat(weights: Weights) -> np.ndarray:
    """Every value of every array, in one dimension."""
    return np.concatenate([np.ravel(array) for array in weights.values()])


def loss(scenario: TrainingScenario, weights: Weights) -> float:
    """The loss on the training batch by the scenario's settings, computed in PyTorch.

    Args:
        scenario: the training without a mistake.
        weights: canonical names and layouts.
    """
    import torch

    net = cached_network(TORCH.name, resnet_spec.plan(scenario.spec), "float64")
    TORCH.write(net, weights)
    images = torch.from_numpy(relayout(scenario.images, "NHWC", TORCH.axes))
    with torch.no_grad():
        outputs = net.train()(images)
    return float(train_torch.loss(outputs, torch.from_numpy(scenario.labels), scenario.settings))
