"""How a kernel's first numbers are distributed, and how they are with a mistake."""

from collections.abc import Mapping, Sequence

import numpy as np

from resnet_duet.book.pictures.drawing import COLORS, NOISE, ROUNDED, Panel, Picture, blank
from resnet_duet.book.table import cell
from resnet_duet.experiments import start
from resnet_duet.experiments.difference import Mistake
from resnet_duet.experiments.start import Start
from resnet_duet.frameworks import KERAS, TORCH
from resnet_duet.proof.rows import relative_error


def draw(world: Start, mistakes: Sequence[Mistake]) -> Picture:
    """The quantiles, and how far they are from the right ones."""
    right, ported = world.run(TORCH.name), world.run(KERAS.name)
    wrong = {mistake.what: mistake.world.run(KERAS.name) for mistake in mistakes}
    return Picture((_quantiles(right, ported, wrong), _errors(right, ported, wrong)), tuple(wrong))


def _quantiles(right: np.ndarray, ported: np.ndarray, wrong: Mapping[str, np.ndarray]) -> Panel:
    figure, axes = blank()
    axes.plot(start.LEVELS, right, color=NOISE, lw=2.5, label="right, in PyTorch")
    axes.plot(start.LEVELS, ported, color=ROUNDED, ls="--", label="right, in Keras")
    for n, values in enumerate(wrong.values()):
        axes.plot(start.LEVELS, values, color=COLORS[n], lw=1.5)
    axes.set(xlabel="quantile", ylabel="of the numbers of a kernel")
    axes.legend(frameon=False)
    ends = [f"{what} to {cell(float(values.max()))}" for what, values in wrong.items()]
    return Panel(
        figure,
        "The quantiles of one large kernel.",
        f"Right, they reach to {cell(float(right.max()))}; if {'; if '.join(ends)}.",
    )


def _errors(right: np.ndarray, ported: np.ndarray, wrong: Mapping[str, np.ndarray]) -> Panel:
    errors = {what: relative_error(right, values) for what, values in wrong.items()}
    noise = relative_error(right, ported)
    figure, axes = blank()
    axes.barh(range(len(errors)), list(errors.values()), color=COLORS[: len(errors)])
    axes.axvline(noise, color=NOISE, ls=":")
    axes.set(xscale="log", yticks=[], xlabel="relative error of the quantiles")
    told = "; ".join(f"{what} {cell(error)}" for what, error in errors.items())
    return Panel(
        figure,
        "How far they are from the right ones. Dotted is the noise of sampling, between two"
        " generators that share no bits.",
        f"Errors of the quantiles: {told}; with nothing wrong {cell(noise)}.",
    )
