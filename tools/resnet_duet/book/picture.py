"""What the mistakes of a difference do, drawn: where in an image, how deep, how soon, how much."""

import base64
import html
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from resnet_duet.book.table import cell
from resnet_duet.experiments import start, train_torch
from resnet_duet.experiments.difference import Difference, Mistake
from resnet_duet.experiments.measure import CLEAR, TINY
from resnet_duet.experiments.start import Start
from resnet_duet.experiments.training import Training
from resnet_duet.experiments.use import Use, built
from resnet_duet.frameworks import KERAS, TORCH, builder
from resnet_duet.port.convert import relayout
from resnet_duet.proof.plot import CEILING, EPSILON
from resnet_duet.proof.rows import relative_error

Trace = Mapping[str, np.ndarray]

SIZE = (8.0, 3.4)  # inches of the two panels; each mistake adds a line of the legend below
COLORS = ("#d94801", "#6a51a3", "#238b45", "#2171b5", "#a50f15")  # of the mistakes
NOISE, ROUNDED = "#555555", "#aaaaaa"
STEPS = 8  # of a training


@dataclass(frozen=True)
class Picture:
    """A drawing, what it shows, and its words for those who do not see it.

    Attributes:
        figure: the drawing.
        caption: how to read it.
        alt: what is to be seen in it.
    """

    figure: Figure
    caption: str
    alt: str

    def _repr_html_(self) -> str:
        out = io.BytesIO()
        self.figure.savefig(out, format="png", dpi=120, metadata={"Software": None})
        data = base64.b64encode(out.getvalue()).decode()
        return (
            f'<figure><img src="data:image/png;base64,{data}" alt="{html.escape(self.alt)}"'
            f' style="max-width: 100%">'
            f"<figcaption>{html.escape(self.caption)}</figcaption></figure>"
        )

    def __repr__(self) -> str:
        return f"{self.caption}\n{self.alt}"


def picture(difference: Difference) -> Picture:
    """The mistakes of a difference where they show: right in PyTorch, and wrong in Keras."""
    match difference.shown():
        case Use() as world:
            return _of_use(world, tuple(difference.mistakes(world)))
        case Training() as world:
            longer = lengthened(world)
            return _of_training(longer, tuple(difference.mistakes(longer)))
        case Start() as world:
            return _of_start(world, tuple(difference.mistakes(world)))
        case world:
            raise TypeError(f"nothing is drawn of a {type(world).__name__}")


def _of_use(world: Use, mistakes: Sequence[Mistake]) -> Picture:
    right = world.trace(TORCH.name)
    noise = errors(right, world.trace(KERAS.name))
    rounded = errors(right, world.rounded().trace(TORCH.name))
    traces = [_use(mistake).trace(KERAS.name) for mistake in mistakes]
    wrong = [errors(right, trace) for trace in traces]
    figure, left, panel = _panels(mistakes)

    where = parting(right, traces[0], noise)
    drawn = left.imshow(apart(right[where], traces[0][where]), cmap="magma", vmin=0)
    left.set(title=f"{where}: error of the first mistake", xticks=[], yticks=[])
    figure.colorbar(drawn, ax=left, shrink=0.8)

    for n, found in enumerate(wrong):
        panel.plot([_height(found.get(name)) for name in right], color=COLORS[n], lw=1.5)
    panel.plot([_height(e) for e in rounded.values()], color=ROUNDED, lw=1, ls="--")
    panel.plot([_height(e) for e in noise.values()], color=NOISE, lw=1, ls=":")
    panel.set(yscale="log", ylim=(EPSILON / 3, CEILING * 10), ylabel="relative error")
    panel.set(xlabel=f"{len(right)} outputs, from the images to the end", xticks=[])
    return Picture(
        figure,
        f"Left: how far {where} is from what it should be, "
        + (
            "at each place, the worst channel of two images."
            if right[where].ndim == 4
            else "a row an image."
        )
        + " Right: the error of every layer, at the top if its shape is another; dashed is what"
        " float32 alone makes of it, dotted the noise of two frameworks in float64.",
        " ".join(_told(mistakes, wrong, noise)),
    )


def errors(right: Trace, wrong: Trace) -> dict[str, float]:
    """{name: relative error} of what both have."""
    return {name: relative_error(right[name], wrong[name]) for name in right if name in wrong}


def parting(right: Trace, wrong: Trace, noise: Mapping[str, float]) -> str:
    """The first output that is wrong, and of the shape that it should have."""
    return next(
        name
        for name, error in errors(right, wrong).items()
        if isfinite(error) and error > CLEAR * max(noise[name], TINY)
    )


def apart(right: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """(H, W) of maps, the worst channel and image of each place; (N, K) of logits."""
    error = np.abs(right - wrong) / np.abs(right).max()
    return error.max(axis=(0, -1)) if error.ndim == 4 else np.atleast_2d(error)


def _told(
    mistakes: Sequence[Mistake], wrong: Sequence[Mapping[str, float]], noise: Mapping[str, float]
) -> Iterator[str]:
    """What there is to be seen over the layers, a sentence each."""
    for mistake, found in zip(mistakes, wrong, strict=True):
        first = next(n for n, error in found.items() if error > CLEAR * max(noise[n], TINY))
        begins = cell(found[first]) if isfinite(found[first]) else "another shape"
        *_, last = found.values()
        yield f"If {mistake.what}, it begins in {first} with {begins} and ends with {cell(last)}."
    yield f"With nothing wrong the two frameworks are at most {cell(max(noise.values()))} apart."


def _use(mistake: Mistake) -> Use:
    assert isinstance(mistake.world, Use)
    return mistake.world


def lengthened(world: Training) -> Training:
    """The same training with more steps at its last rate."""
    rates = world.recipe.rates
    more = (rates[-1],) * (STEPS - len(rates))
    return replace(world, recipe=replace(world.recipe, rates=(*rates, *more)))


def _of_training(world: Training, mistakes: Sequence[Mistake]) -> Picture:
    figure, left, panel = _panels(mistakes)
    runs = {"right": world.course(TORCH.name), "noise": world.course(KERAS.name)}
    rounded = world.rounded().course(TORCH.name)
    for mistake in mistakes:
        assert isinstance(mistake.world, Training)
        runs[mistake.what] = mistake.world.course(KERAS.name)
    steps = range(STEPS + 1)

    def distances(run: Sequence[Trace]) -> list[float]:
        return [relative_error(*map(flat, pair)) for pair in zip(runs["right"], run, strict=True)]

    def losses(run: Sequence[Trace]) -> list[float]:
        return [loss(world, weights) for weights in (world.weights, *run)]

    curves = {what: losses(run) for what, run in runs.items() if what != "noise"}
    left.plot(steps, curves["right"], color=NOISE, lw=2.5, label="right, in PyTorch")
    for n, mistake in enumerate(mistakes):
        left.plot(steps, curves[mistake.what], color=COLORS[n], lw=1.5)
        far = distances(runs[mistake.what])
        panel.plot(steps[1:], [_height(e) for e in far], "o-", ms=3, color=COLORS[n], lw=1.5)
    left.set(title="training loss", xlabel="step")
    left.legend(frameon=False, fontsize=8)
    panel.plot(steps[1:], [_height(e) for e in distances(rounded)], color=ROUNDED, lw=1, ls="--")
    panel.plot(steps[1:], [_height(e) for e in distances(runs["noise"])], color=NOISE, lw=1, ls=":")
    panel.set(yscale="log", ylim=(EPSILON / 3, CEILING), xlabel="step")
    panel.set(ylabel="relative error of all weights")
    ends = [f"{what} {cell(curve[-1])}" for what, curve in curves.items()]
    return Picture(
        figure,
        "Left: the loss on the batch that is fitted, by the right formula of the loss. Right: how"
        " far the weights are from those of the right training; dashed is what float32 alone makes"
        " of them, dotted the noise of two frameworks in float64.",
        f"Losses fall from {cell(curves['right'][0])}; after {STEPS} steps they are:"
        f" {'; '.join(ends)}. The weights are then, in the order of the mistakes,"
        f" {', '.join(cell(distances(runs[m.what])[-1]) for m in mistakes)} apart, and with"
        f" nothing wrong {cell(distances(runs['noise'])[-1])}.",
    )


def flat(weights: Trace) -> np.ndarray:
    """Every number of them."""
    return np.concatenate([np.ravel(array) for array in weights.values()])


def loss(world: Training, weights: Trace) -> float:
    """Of the training's batch, by its recipe, in PyTorch."""
    import torch

    import resnet_spec

    net = built(TORCH.name, resnet_spec.plan(world.spec), "float64")
    builder(TORCH.name).write(net, weights)
    images = torch.from_numpy(relayout(world.images, "NHWC", TORCH.axes))
    with torch.no_grad():
        outputs = net.train()(images)
    return float(train_torch.loss(outputs, torch.from_numpy(world.labels), world.recipe))


def _of_start(world: Start, mistakes: Sequence[Mistake]) -> Picture:
    figure, left, panel = _panels(mistakes)
    right = world.run(TORCH.name)
    left.plot(start.LEVELS, right, color=NOISE, lw=2.5, label="right, in PyTorch")
    left.plot(start.LEVELS, world.run(KERAS.name), color=ROUNDED, ls="--", label="right, in Keras")
    said = []
    for n, mistake in enumerate(mistakes):
        wrong = mistake.world.run(KERAS.name)
        left.plot(start.LEVELS, wrong, color=COLORS[n], lw=1.5)
        panel.barh(n, relative_error(right, wrong), color=COLORS[n])
        said.append(f"{mistake.what}: {cell(relative_error(right, wrong))}.")
    noise = relative_error(right, world.run(KERAS.name))
    panel.axvline(noise, color=NOISE, ls=":")
    panel.set(xscale="log", yticks=[], xlabel="relative error")
    left.set(xlabel="quantile", ylabel="of the numbers of a kernel")
    left.legend(frameon=False, fontsize=8)
    return Picture(
        figure,
        "Left: the quantiles of one large kernel. Right: how far they are from the right ones;"
        " dotted is the noise of sampling, between two generators that share no bits.",
        f"Errors of the quantiles: {' '.join(said)} With nothing wrong: {cell(noise)}.",
    )


def _panels(mistakes: Sequence[Mistake]) -> tuple[Figure, Axes, Axes]:
    """Two axes side by side, and a legend of the mistakes below them."""
    width, height = SIZE
    figure = Figure(figsize=(width, height + 0.22 * len(mistakes)), layout="constrained")
    left, right = figure.subplots(1, 2)
    lines = [Line2D([], [], color=COLORS[n]) for n in range(len(mistakes))]
    words = [mistake.what for mistake in mistakes]
    figure.legend(lines, words, loc="outside lower center", fontsize=8, frameon=False)
    return figure, left, right


def _height(error: float | None) -> float:
    """Where an error is drawn; nothing is drawn of what is not there."""
    if error is None:
        return float("nan")
    return min(max(error, EPSILON), CEILING) if isfinite(error) else CEILING
