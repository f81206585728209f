"""How far a mistake leads in a training, step by step."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

import resnet_spec
from resnet_duet.book.pictures.drawing import COLORS, NOISE, ROUNDED, Panel, Picture, blank, height
from resnet_duet.book.table import cell
from resnet_duet.experiments import train_torch
from resnet_duet.experiments.difference import Mistake
from resnet_duet.experiments.training import Training
from resnet_duet.experiments.use import built
from resnet_duet.frameworks import KERAS, TORCH, builder
from resnet_duet.port.convert import relayout
from resnet_duet.proof.plot import CEILING, EPSILON
from resnet_duet.proof.rows import relative_error

Trace = Mapping[str, np.ndarray]
Course = Sequence[Trace]  # of a training, after each step

STEPS = 8


def lengthened(world: Training) -> Training:
    """The same training with more steps at its last rate."""
    rates = world.recipe.rates
    more = (rates[-1],) * (STEPS - len(rates))
    return replace(world, recipe=replace(world.recipe, rates=(*rates, *more)))


def draw(world: Training, mistakes: Sequence[Mistake]) -> Picture:
    """The losses, and how far the weights are from where they should be."""
    right, noise = world.course(TORCH.name), world.course(KERAS.name)
    rounded = world.rounded().course(TORCH.name)
    wrong = {mistake.what: _training(mistake).course(KERAS.name) for mistake in mistakes}
    words = tuple(mistake.what for mistake in mistakes)
    return Picture((_losses(world, right, wrong), _distances(right, wrong, noise, rounded)), words)


def _losses(world: Training, right: Course, wrong: Mapping[str, Course]) -> Panel:
    runs = {"right": right, **wrong}
    curves = {
        what: [loss(world, weights) for weights in (world.weights, *run)]
        for what, run in runs.items()
    }
    figure, axes = blank()
    axes.plot(curves["right"], color=NOISE, lw=2.5, label="right, in PyTorch")
    for n, what in enumerate(wrong):
        axes.plot(curves[what], color=COLORS[n], lw=1.5)
    axes.set(ylabel="training loss", xlabel="step")
    axes.legend(frameon=False)
    ends = "; ".join(f"{what} {cell(curve[-1])}" for what, curve in curves.items())
    return Panel(
        figure,
        "The loss on the batch that is fitted, by the right formula of the loss.",
        f"Losses go from {cell(curves['right'][0])}; after {STEPS} steps they are: {ends}.",
    )


def _distances(right: Course, wrong: Mapping[str, Course], noise: Course, rounded: Course) -> Panel:
    def apart(run: Course) -> list[float]:
        return [relative_error(*map(flat, pair)) for pair in zip(right, run, strict=True)]

    far = {what: apart(run) for what, run in wrong.items()}
    steps = range(1, STEPS + 1)
    figure, axes = blank()
    for n, errors in enumerate(far.values()):
        axes.plot(steps, [height(e) for e in errors], "o-", ms=3, color=COLORS[n], lw=1.5)
    axes.plot(steps, [height(e) for e in apart(rounded)], color=ROUNDED, lw=1, ls="--")
    axes.plot(steps, [height(e) for e in apart(noise)], color=NOISE, lw=1, ls=":")
    axes.set(yscale="log", ylim=(EPSILON / 3, CEILING), xlabel="step")
    axes.set(ylabel="relative error of all weights")
    ends = "; ".join(f"{what} {cell(errors[-1])}" for what, errors in far.items())
    return Panel(
        figure,
        "How far the weights are from those of the right training. Dashed is what float32 alone"
        " makes of them, dotted the noise of two frameworks in float64.",
        f"After {STEPS} steps the weights are apart by: {ends};"
        f" with nothing wrong {cell(apart(noise)[-1])}.",
    )


def _training(mistake: Mistake) -> Training:
    assert isinstance(mistake.world, Training)
    return mistake.world


def flat(weights: Trace) -> np.ndarray:
    """Every number of them."""
    return np.concatenate([np.ravel(array) for array in weights.values()])


def loss(world: Training, weights: Trace) -> float:
    """Of the training's batch, by its recipe, in PyTorch."""
    import torch

    net = built(TORCH.name, resnet_spec.plan(world.spec), "float64")
    builder(TORCH.name).write(net, weights)
    images = torch.from_numpy(relayout(world.images, "NHWC", TORCH.axes))
    with torch.no_grad():
        outputs = net.train()(images)
    return float(train_torch.loss(outputs, torch.from_numpy(world.labels), world.recipe))
