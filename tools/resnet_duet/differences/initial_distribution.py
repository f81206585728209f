"""The random numbers that a kernel starts from."""

from collections.abc import Iterator
from dataclasses import replace

from resnet_duet.experiments.difference import Difference, Exercise, Group, Hidden, Mistake, World
from resnet_duet.experiments.start import Initial, Sight, Start

_MENDS = {
    Initial.HE_FAN_OUT: 'VarianceScaling(2.0, "fan_out", "untruncated_normal")',
    Initial.HE_FAN_IN_CUT: "HeNormal()",
    Initial.GLOROT: "nn.init.xavier_uniform_(conv.weight)",
    Initial.FAN_IN_UNIFORM: 'VarianceScaling(1 / 3, "fan_in", "uniform")',
}


def mistakes(world: World) -> Iterator[Mistake]:
    if not isinstance(world, Start):
        return
    for initial in Initial:
        if initial is not world.initial:
            what = f"kernels start {initial}, not {world.initial}"
            yield Mistake(what, replace(world, initial=initial), _MENDS[world.initial])


def a_kernel(sight: Sight) -> Start:
    """A 3x3 kernel between a stage's last block and the next one's first."""
    return Start((256, 128, 3, 3), Initial.HE_FAN_OUT, sight, 0, "float64")


DIFFERENCE = Difference(
    name="initial_distribution",
    group=Group.TRAINING,
    title="where kernels start: He's distribution by fan-out, and each framework's own default",
    about=(
        "A kernel starts from random numbers, whose spread decides whether signals grow or fade on"
        " their way through the layers. ResNets start from He's normal distribution with variance 2"
        " / fan-out, where fan-out is height x width x outputs of the kernel. Neither framework"
        " does that unasked: PyTorch's Conv2d draws evenly from +-1/sqrt(fan-in), Keras' Conv2D"
        " from Glorot's distribution. Keras' HeNormal sounds right, but goes by the fan-in and cuts"
        " its tails off at two deviations; where a layer has as many outputs as inputs its standard"
        " deviation is the right one, so that whoever looks at nothing else finds nothing. Behind a"
        " batch norm the size of a kernel does not show, and training works, but it goes another"
        " way: the same step turns a smaller kernel further. Weights that are trained already are"
        " not concerned. The frameworks share no random bits, so the numbers here are quantiles of"
        " one large kernel, and their noise is that of sampling."
    ),
    torch='nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")',
    keras=(
        'start = keras.initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal")\n'
        "layers.Conv2D(64, 3, kernel_initializer=start)"
    ),
    wrong='layers.Conv2D(64, 3, kernel_initializer="he_normal")',
    wrong_in="keras",
    mistakes=mistakes,
    shown=lambda: a_kernel(Sight.KERNEL),
    hidden=(
        Hidden(
            "a norm behind the convolution takes the kernel's size out, and a sum of a thousand"
            " numbers is normal whatever they are",
            lambda: a_kernel(Sight.BEHIND_NORM),
        ),
    ),
    check=(
        "Draw one large kernel that has not as many outputs as inputs, and compare its standard"
        " deviation and its largest number with the formula: the deviation tells the fan, the"
        " largest number whether tails were cut off. Trained kernels, outputs behind a norm, and a"
        " kernel with equal fans tell less or nothing."
    ),
    exercise=Exercise(
        task=(
            "For a 3x3 kernel with 64 inputs and 128 outputs work out the standard deviation of"
            " four starts: PyTorch's default, Keras' default, Keras' `HeNormal`, and He's by"
            " fan-out. (A uniform number between -a and a has the deviation a / sqrt(3).) Draw each"
            " kernel and compare. Which two are told apart by the largest number only, if there are"
            " as many outputs as inputs?"
        ),
        solution="""\
from math import sqrt

import numpy as np
import torch
from keras import initializers

fan_in, fan_out = 9 * 64, 9 * 128
torch.manual_seed(0)
conv, he = torch.nn.Conv2d(64, 128, 3), torch.nn.Conv2d(64, 128, 3)
torch.nn.init.kaiming_normal_(he.weight, mode="fan_out", nonlinearity="relu")
he_normal = initializers.HeNormal(seed=0)
found = {
    "PyTorch": (conv.weight.detach().numpy(), 1 / sqrt(fan_in) / sqrt(3)),
    "Keras": (initializers.GlorotUniform(seed=0)((3, 3, 64, 128)), sqrt(2 / (fan_in + fan_out))),
    "HeNormal": (he_normal((3, 3, 64, 128)), sqrt(2 / fan_in)),
    "He by fan-out": (he.weight.detach().numpy(), sqrt(2 / fan_out)),
}
for name, (kernel, deviation) in found.items():
    np.testing.assert_allclose(np.std(kernel), deviation, rtol=0.02)
    print(f"{name}: deviation {deviation:.4f}, the largest {np.abs(kernel).max() / deviation:.2f}")
# With equal fans the last two have one deviation; HeNormal is cut off at two of the uncut one's.
largest = [np.abs(kernel).max() / deviation for kernel, deviation in found.values()]
assert largest[2] < 2.3 < 3.5 < largest[3]
""",
    ),
)
