"""Zeros on all sides of a strided convolution, or on two."""

from collections.abc import Iterator

from resnet_duet.experiments.difference import Difference, Exercise, Group, Hidden, Mistake, World
from resnet_duet.experiments.nets import at_even_size, at_odd_size
from resnet_duet.experiments.use import Use, amended
from resnet_spec import Padding, StemPool

MENDS = {
    Padding.SYMMETRIC: 'ZeroPadding2D(1), then Conv2D(64, 3, strides=2, padding="valid")',
    Padding.SAME: "F.pad(x, (0, 1, 0, 1)), then Conv2d(64, 64, 3, stride=2, padding=0)",
}
POOLS = {Padding.SYMMETRIC: StemPool.MINUS_INFINITY, Padding.SAME: StemPool.SAME}


def mistakes(world: World) -> Iterator[Mistake]:
    if not isinstance(world, Use):
        return
    right = world.spec.padding
    (padding,) = set(Padding) - {right}
    if wrong := amended(world, {"padding": padding}):
        what = f"strided convolutions have {padding} padding, not {right}"
        yield Mistake(what, wrong, MENDS[right])
    both = amended(world, {"padding": padding, "stem.pool": POOLS[padding]})
    if both and world.spec.stem.pool not in (StemPool.NONE, POOLS[padding]):
        # Who writes "same" once, writes it everywhere.
        what = f"strided convolutions and the pool have {padding} padding, not {right}"
        yield Mistake(what, both, MENDS[right])


DIFFERENCE = Difference(
    name="same_convolution",
    group=Group.PADDING,
    title='zeros around a strided convolution: on all sides, or by TensorFlow\'s "same"',
    about=(
        "A 3x3 convolution with stride 2 over 32 pixels needs one pixel beyond the border."
        " PyTorch's padding=1 puts zeros on all sides and reads rows 0, 2, 4 ... of them."
        ' TensorFlow\'s padding="same" adds no more than is needed, and the odd one goes right and'
        " below, so that every window lies one pixel further. Maps have the same size, nothing"
        " warns, and the outputs are those of an image shifted by a pixel, then again in every"
        " stage: every output is another one, and yet a trained network still recognises most"
        " images. At stride 1, and at stride 2 where a map's size is odd, the two rules pad alike,"
        " so a test at 65x65 or 225x225 finds nothing, and one at 224x224 does. A network keeps the"
        " rule it was trained with; the other framework has to follow."
    ),
    torch="nn.Conv2d(64, 128, 3, stride=2, padding=1)",
    keras=(
        'x = layers.ZeroPadding2D(1)(x)\nx = layers.Conv2D(128, 3, strides=2, padding="valid")(x)'
    ),
    wrong='x = layers.Conv2D(128, 3, strides=2, padding="same")(x)',
    wrong_in="keras",
    mistakes=mistakes,
    shown=lambda: at_even_size("resnet18"),
    hidden=(
        Hidden("every map that is strided over has an odd size", lambda: at_odd_size("resnet18")),
    ),
    check=(
        "Compare outputs at an even image size, with random weights, and at an odd one as well."
        " Sizes of maps do not tell. A test at 65x65 or 225x225 only passes, and so does one of"
        " layers with stride 1; images that are still recognised prove nothing."
    ),
    exercise=Exercise(
        task=(
            "A kernel of `[0, 1, 0]` shows on which pixel each window is centred. Predict which"
            " numbers of `np.arange(8.0)` come out at stride 2, with PyTorch's `padding=1` and with"
            ' Keras\' `"same"`, and then of `np.arange(9.0)`. Run both (`keras.ops.conv` takes the'
            " kernel as an argument), and mend Keras' for the even size: pad in front of it, and"
            ' say `"valid"`.'
        ),
        solution="""\
import numpy as np
import torch
from keras import ops

middle = np.array([0.0, 1.0, 0.0])


def ours(x):
    x, k = torch.from_numpy(x)[None, None], torch.from_numpy(middle)[None, None]
    return torch.nn.functional.conv1d(x, k, stride=2, padding=1)[0, 0].tolist()


def theirs(x, padding="same"):
    y = ops.conv(x[None, :, None], middle[:, None, None], strides=2, padding=padding)
    return y.numpy()[0, :, 0].tolist()


even, odd = np.arange(8.0), np.arange(9.0)
# One zero is needed for eight numbers, and "same" puts it behind them: windows begin at 0, not -1.
assert ours(even) == [0, 2, 4, 6]
assert theirs(even) == [1, 3, 5, 7]
assert ours(odd) == theirs(odd) == [0, 2, 4, 6, 8]  # two zeros are needed: one on each side
assert theirs(np.pad(even, 1), "valid") == ours(even)
print("even:", ours(even), theirs(even), " odd:", ours(odd), theirs(odd))
""",
    ),
)
