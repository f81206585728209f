"""How far a mistake reaches in one forward pass: over an image, and over the layers."""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite

import numpy as np

from resnet_duet.book.pictures.drawing import COLORS, NOISE, ROUNDED, Panel, Picture, blank, height
from resnet_duet.book.table import cell
from resnet_duet.experiments.difference import Mistake
from resnet_duet.experiments.measure import CLEAR, TINY
from resnet_duet.experiments.use import Use
from resnet_duet.frameworks import KERAS, TORCH
from resnet_duet.proof.plot import CEILING, EPSILON
from resnet_duet.proof.rows import relative_error

Trace = Mapping[str, np.ndarray]


def draw(world: Use, mistakes: Sequence[Mistake]) -> Picture:
    """Where the first mistake is first to be seen, and how deep each of them reaches."""
    right = world.trace(TORCH.name)
    noise = errors(right, world.trace(KERAS.name))
    rounded = errors(right, world.rounded().trace(TORCH.name))
    traces = [_use(mistake).trace(KERAS.name) for mistake in mistakes]
    wrong = [errors(right, trace) for trace in traces]
    where = parting(right, traces[0], noise)
    words = tuple(mistake.what for mistake in mistakes)
    first = _where(where, right[where], traces[0][where], noise[where], words[0])
    return Picture((first, _how_deep(right, wrong, noise, rounded, words)), words)


def _where(name: str, right: np.ndarray, wrong: np.ndarray, noise: float, what: str) -> Panel:
    error = apart(right, wrong)
    figure, axes = blank()
    drawn = axes.imshow(error, cmap="magma", vmin=0)
    axes.set(title=name, xticks=[], yticks=[])
    figure.colorbar(drawn, ax=axes, shrink=0.8)
    rows, columns = error.shape
    worst = divmod(int(error.argmax()), columns)
    return Panel(
        figure,
        f"How far {name} is from what it should be with the first mistake, "
        + ("in the worst channel and image." if right.ndim == 4 else "an image in each row."),
        f"If {what}: {name} is wrong at {np.count_nonzero(error > CLEAR * max(noise, TINY))} of"
        f" {rows} x {columns} places, most at row {worst[0]}, column {worst[1]}, by"
        f" {cell(float(error.max()))} of its largest number.",
    )


def _how_deep(
    right: Trace,
    wrong: Sequence[Mapping[str, float]],
    noise: Mapping[str, float],
    rounded: Mapping[str, float],
    words: Sequence[str],
) -> Panel:
    figure, axes = blank()
    for n, found in enumerate(wrong):
        axes.plot([height(found.get(name)) for name in right], color=COLORS[n], lw=1.5)
    axes.plot([height(e) for e in rounded.values()], color=ROUNDED, lw=1, ls="--")
    axes.plot([height(e) for e in noise.values()], color=NOISE, lw=1, ls=":")
    axes.set(yscale="log", ylim=(EPSILON / 3, CEILING * 10), ylabel="relative error")
    axes.set(xlabel=f"{len(right)} outputs, from the images to the end", xticks=[])
    return Panel(
        figure,
        "The error of every layer, at the top if its shape is another. Dashed is what float32 alone"
        " makes of it, dotted the noise of two frameworks in float64.",
        " ".join(_told(words, wrong, noise)),
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
    words: Sequence[str], wrong: Sequence[Mapping[str, float]], noise: Mapping[str, float]
) -> Iterator[str]:
    """What there is to be seen over the layers, a sentence each."""
    for what, found in zip(words, wrong, strict=True):
        first = next(n for n, error in found.items() if error > CLEAR * max(noise[n], TINY))
        begins = cell(found[first]) if isfinite(found[first]) else "another shape"
        *_, last = found.values()
        yield f"If {what}, it begins in {first} with {begins} and ends with {cell(last)}."
    yield f"With nothing wrong the two frameworks are at most {cell(max(noise.values()))} apart."


def _use(mistake: Mistake) -> Use:
    assert isinstance(mistake.world, Use)
    return mistake.world
