"""How a network starts: one large kernel, drawn by either framework's own initializers."""

from dataclasses import dataclass, replace
from enum import StrEnum
from math import sqrt

import numpy as np

from resnet_duet.frameworks import KERAS, TORCH
from resnet_duet.port.convert import relayout

LEVELS = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99)  # of the quantiles
CUT = 0.87962566103423978  # standard deviation of a standard normal number cut off at +-2
INPUTS = 512  # how many patches of an image a kernel is shown


class Initial(StrEnum):
    """Distributions of a kernel, by its fans: height x width x inputs, or outputs."""

    HE_FAN_OUT = "He normal by fan-out"
    HE_FAN_IN_CUT = "He normal by fan-in, cut off at two deviations (Keras' HeNormal)"
    GLOROT = "Glorot uniform (Keras' default)"
    FAN_IN_UNIFORM = "uniform in +-1/sqrt(fan-in) (PyTorch's default)"


class Sight(StrEnum):
    """What is looked at."""

    KERNEL = "the kernel"
    BEHIND_NORM = "what a convolution and a fresh norm make of standard normal images"


@dataclass(frozen=True)
class Start:
    """A kernel, and the quantiles of its numbers.

    The frameworks' generators share no bits, so what this experiment has for noise is sampling: a
    few parts in a thousand, in float64 and float32 alike.

    Attributes:
        shape: (O, I, H, W).
        initial: the distribution.
        sight: what is looked at.
        seed: of the framework's generator.
        dtype: of the kernel.
    """

    shape: tuple[int, int, int, int]
    initial: Initial
    sight: Sight
    seed: int
    dtype: str

    def run(self, framework: str) -> np.ndarray:
        """(7,) quantiles."""
        kernel = DRAW[framework](self).astype(np.float64)
        seen = kernel if self.sight is Sight.KERNEL else behind_norm(kernel, self.seed)
        return np.quantile(seen, LEVELS)

    def rounded(self) -> "Start":
        """The same in float32."""
        return replace(self, dtype="float32")


def behind_norm(kernel: np.ndarray, seed: int) -> np.ndarray:
    """(patches, O): every channel has mean 0 and variance 1, whatever the kernel's size."""
    rows = kernel.reshape(len(kernel), -1)
    outputs = np.random.default_rng(seed).standard_normal((INPUTS, rows.shape[1])) @ rows.T
    return (outputs - outputs.mean(axis=0)) / outputs.std(axis=0)


def draw_torch(start: Start) -> np.ndarray:
    """(O, I, H, W) by PyTorch."""
    import torch
    from torch.nn import init

    kernel = torch.empty(start.shape, dtype=getattr(torch, start.dtype))
    generator = torch.Generator().manual_seed(start.seed)
    match start.initial:
        case Initial.HE_FAN_OUT:
            init.kaiming_normal_(kernel, 0, "fan_out", "relu", generator)
        case Initial.HE_FAN_IN_CUT:
            # PyTorch is told the deviation before the cut, Keras the one behind it.
            std = sqrt(2 / np.prod(start.shape[1:])) / CUT
            init.trunc_normal_(kernel, 0, std, -2 * std, 2 * std, generator)
        case Initial.GLOROT:
            init.xavier_uniform_(kernel, 1, generator)
        case Initial.FAN_IN_UNIFORM:
            init.kaiming_uniform_(kernel, sqrt(5), generator=generator)  # as Conv2d has it
    return kernel.numpy()


def draw_keras(start: Start) -> np.ndarray:
    """(O, I, H, W) by Keras."""
    from keras import initializers as init

    outputs, inputs, *size = start.shape
    match start.initial:
        case Initial.HE_FAN_OUT:
            draw = init.VarianceScaling(2.0, "fan_out", "untruncated_normal", start.seed)
        case Initial.HE_FAN_IN_CUT:
            draw = init.HeNormal(start.seed)
        case Initial.GLOROT:
            draw = init.GlorotUniform(start.seed)
        case Initial.FAN_IN_UNIFORM:
            # Keras scales variances: the square of this width, over 3.
            draw = init.VarianceScaling(1 / 3, "fan_in", "uniform", start.seed)
    return relayout(draw((*size, inputs, outputs), start.dtype).numpy(), "HWIO", "OIHW")


DRAW = {TORCH.name: draw_torch, KERAS.name: draw_keras}
