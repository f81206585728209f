"""Biases of convolutions that nobody carried over."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from resnet_duet.experiments.difference import Difference, Exercise, Group, Hidden, Mistake, World
from resnet_duet.experiments.nets import at_even_size, untrained
from resnet_duet.experiments.use import Use, reweighted
from resnet_spec import Bias, Role, Slot
from resnet_spec.layers import Conv


def mistakes(world: World) -> Iterator[Mistake]:
    if isinstance(world, Use) and world.spec.bias is not Bias.NEVER:
        mend = "Conv2d(64, 64, 3, padding=1, bias=True), and copy its bias"
        yield Mistake("biases of convolutions are dropped", reweighted(world, _dropped), mend)


def _dropped(slot: Slot, array: np.ndarray) -> np.ndarray:
    is_ours = slot.role is Role.BIAS and isinstance(slot.layer, Conv)
    return np.zeros_like(array) if is_ours else array


def in_training() -> Use:
    """Norms that use the batch's own mean."""
    return replace(at_even_size("keras_resnet50"), training=True)


DIFFERENCE = Difference(
    name="convolution_bias",
    group=Group.ARCHITECTURE,
    title="a bias in front of a norm: none in torchvision, one in keras.applications",
    about=(
        "A norm subtracts the mean of each channel, so a bias right before it is of no use, and"
        " torchvision's networks have none. keras.applications never said use_bias=False, so that"
        " its ResNet-50 has a number more for every output of a convolution, and each of them"
        " counts: in training the norm takes the bias away with the batch's mean, but afterwards"
        " the running mean, which was measured with the bias in it, is subtracted, bias or no"
        " bias. Whoever ports such weights into a network without biases has to subtract the bias"
        " from the running mean, which then gives the same function. Dropping it shifts every"
        " channel of every layer a little. Fresh networks have biases of zero, and show nothing."
    ),
    torch="nn.Conv2d(64, 64, 3, padding=1, bias=True)  # for weights of keras.applications",
    keras="layers.Conv2D(64, 3)  # use_bias=True",
    wrong="nn.Conv2d(64, 64, 3, padding=1, bias=False)  # for weights of keras.applications",
    wrong_in="torch",
    mistakes=mistakes,
    shown=lambda: at_even_size("keras_resnet50"),
    hidden=(
        Hidden("the biases are 0, as before training", lambda: untrained("keras_resnet50")),
        Hidden("norms subtract the batch's own mean, and the bias with it", in_training),
    ),
    check=(
        "Compare outputs in inference mode, with biases that are random or trained, and let a"
        " strict loader count arrays. Fresh networks have biases of 0, and norms in training mode"
        " take any bias away with the batch's mean: neither shows anything."
    ),
    exercise=Exercise(
        task=(
            "A convolution with bias b stands before a norm with scale, offset, running mean and"
            " variance. Find the one array to change so that the same convolution without a bias"
            " gives the same function, and prove it. Then say how much a channel moves if the bias"
            " is only dropped, and check that too."
        ),
        solution="""\
import numpy as np
import torch
from torch import nn

torch.manual_seed(0)
conv, norm = nn.Conv2d(3, 4, 3).double(), nn.BatchNorm2d(4).double().eval()
for array in (norm.weight, norm.bias, norm.running_mean, norm.running_var):
    nn.init.uniform_(array, 0.5, 2.0)
x = torch.from_numpy(np.random.default_rng(0).standard_normal((2, 3, 6, 6)))
right, bias = norm(conv(x)), conv.bias.detach().clone()

conv.bias = None
dropped = norm(conv(x))
# The bias is added and then divided and scaled like all the rest.
shift = norm.weight * bias / torch.sqrt(norm.running_var + norm.eps)
torch.testing.assert_close(right - dropped, shift[:, None, None].expand_as(right))

norm.running_mean -= bias  # x + b - mean == x - (mean - b)
torch.testing.assert_close(norm(conv(x)), right)
print("channels move by", shift.detach().numpy())
""",
    ),
)
