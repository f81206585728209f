"""An initialisation scenario: a large kernel, drawn by each framework's own initializers."""

from dataclasses import dataclass, replace
from enum import StrEnum
from math import sqrt

import numpy as np

from resnet_duet.frameworks import KERAS, TORCH
from resnet_duet.weights.convert import relayout

LEVELS = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99)  # of the quantiles
CUT = 0.87962566103423978  # standard deviation of a standard normal truncated at +-2
INPUTS = 512  # patches of an image that the kernel is applied to


class Initial(StrEnum):
    """Distributions of a kernel. Its fan is height x width x input or output channels."""

    HE_FAN_OUT = "He normal by fan-out"
    HE_FAN_IN_CUT = "He normal by fan-in, truncated at two standard deviations (Keras' HeNormal)"
    GLOROT = "Glorot uniform (Keras' default)"
    FAN_IN_UNIFORM = "uniform in +-1/sqrt(fan-in) (PyTorch's default)"


class MeasuredOn(StrEnum):
    """The values whose quantiles are measured."""

    KERNEL = "the kernel"
    AFTER_NORM = "the output of a convolution and a freshly initialised norm"


@dataclass(frozen=True)
class InitScenario:
    """A kernel, and the quantiles of its values.

    The frameworks' generators produce different random streams, so the baseline of this scenario
    is sampling noise: a few parts in a thousand, in float64 and float32 alike.

    Attributes:
        shape: (O, I, H, W).
        initial: the distribution.
        measured_on: the values whose quantiles are measured.
        seed: of the framework's generator.
        dtype: of the kernel.
    """

    shape: tuple[int, int, int, int]
    initial: Initial
    measured_on: MeasuredOn
    seed: int
    dtype: str

    def run(self, framework: str) -> np.ndarray:
        """The quantiles at `LEVELS`, (7,).

        Args:
            framework: its name.
        """
        kernel = DRAW[framework](self).astype(np.float64)
        on_kernel = self.measured_on is MeasuredOn.KERNEL
        values = kernel if on_kernel else normalised(kernel, self.seed)
        quantiles: np.ndarray = np.quantile(values, LEVELS)
        return quantiles

    def in_float32(self) -> "InitScenario":
        """The same scenario in float32."""
        return replace(self, dtype="float32")


def normalised(kernel: np.ndarray, seed: int) -> np.ndarray:
    """The output of a convolution and a freshly initialised norm on standard normal images.

    Every channel has mean 0 and variance 1, so the scale of the kernel has no effect.

    Args:
        kernel: (O, I, H, W).
        seed: of the images.

    Returns:
        (patches, O).
    """
    rows = kernel.reshape(len(kernel), -1)
    outputs = np.random.default_rng(seed).standard_normal((INPUTS, rows.shape[1])) @ rows.T
    normal: np.ndarray = (outputs - outputs.mean(axis=0)) / outputs.std(axis=0)
    return normal


def draw_torch(scenario: InitScenario) -> np.ndarray:
    """The scenario's kernel, (O, I, H, W), drawn by PyTorch."""
    import torch
    from torch.nn import init

    kernel = torch.empty(scenario.shape, dtype=getattr(torch, scenario.dtype))
    generator = torch.Generator().manual_seed(scenario.seed)
    match scenario.initial:
        case Initial.HE_FAN_OUT:
            init.kaiming_normal_(kernel, 0, "fan_out", "relu", generator)
        case Initial.HE_FAN_IN_CUT:
            # PyTorch takes the deviation before the truncation, Keras the one after it.
            std = sqrt(2 / np.prod(scenario.shape[1:])) / CUT
            init.trunc_normal_(kernel, 0, std, -2 * std, 2 * std, generator)
        case Initial.GLOROT:
            init.xavier_uniform_(kernel, 1, generator)
        case Initial.FAN_IN_UNIFORM:
            init.kaiming_uniform_(kernel, sqrt(5), generator=generator)  # as in Conv2d
    return kernel.numpy()


def draw_keras(scenario: InitScenario) -> np.ndarray:
    """The scenario's kernel, (O, I, H, W), drawn by Keras."""
    from keras import initializers as init

    outputs, inputs, *size = scenario.shape
    match scenario.initial:
        case Initial.HE_FAN_OUT:
            draw = init.VarianceScaling(2.0, "fan_out", "untruncated_normal", scenario.seed)
        case Initial.HE_FAN_IN_CUT:
            draw = init.HeNormal(scenario.seed)
        case Initial.GLOROT:
            draw = init.GlorotUniform(scenario.seed)
        case Initial.FAN_IN_UNIFORM:
            # Keras takes a variance factor: a uniform distribution in +-w has variance w^2 / 3.
            draw = init.VarianceScaling(1 / 3, "fan_in", "uniform", scenario.seed)
    return relayout(draw((*size, inputs, outputs), scenario.dtype).numpy(), "HWIO", "OIHW")


DRAW = {TORCH.name: draw_torch, KERAS.name: draw_keras}
