"""The channels before or behind the pixels of an image."""

from collections.abc import Iterator
from dataclasses import replace

from resnet_duet.experiments.difference import Difference, Exercise, Group, Hidden, Mistake, World
from resnet_duet.experiments.layouts import reshaped, transpose
from resnet_duet.experiments.nets import EVEN, at_even_size, small
from resnet_duet.experiments.steps import given
from resnet_duet.experiments.use import Step, Use, use

FROM_KERAS = Step(
    "reshaped from NHWC to NCHW", lambda images, _: reshaped(images, "NHWC", "NHWC", "NCHW")
)
FROM_TORCH = Step(
    "reshaped from NCHW to NHWC", lambda images, _: reshaped(images, "NHWC", "NCHW", "NHWC")
)
MENDS = {
    FROM_KERAS: transpose("images", "NHWC", "NCHW"),
    FROM_TORCH: transpose("images", "NCHW", "NHWC"),
}


def mistakes(world: World) -> Iterator[Mistake]:
    if not isinstance(world, Use):
        return
    for step, mend in MENDS.items():
        yield Mistake(f"images are {step.name}, not transposed", given(world, step), mend)


def one_channel() -> Use:
    """The network for grey images."""
    return use(replace(small("resnet18"), in_channels=1), 0, EVEN)


DIFFERENCE = Difference(
    name="image_layout",
    group=Group.LAYOUT,
    title="images: channels before the pixels in PyTorch, behind them in Keras",
    about=(
        "PyTorch's images are (N, C, H, W), three whole planes one after the other. TensorFlow's"
        " are (N, H, W, C), the three numbers of each pixel side by side, as image files have them."
        " To get from one to the other, axes are moved, and numbers change places in memory. A"
        " reshape gives the same shape and moves nothing: it cuts the same row of numbers into"
        " other pieces, so that every plane becomes a mixture of three colours and of a third of"
        " the picture. No error is raised, since shapes are all that is checked. It usually comes"
        " of a line that was written to make an error about shapes go away. On grey images, which"
        " have no channels to mix, it does no harm at all, and so it survives tests on digits."
    ),
    torch="x = torch.from_numpy(images).permute(0, 3, 1, 2)  # NHWC to NCHW",
    keras="x = ops.transpose(images, (0, 2, 3, 1))  # NCHW to NHWC",
    wrong="x = torch.from_numpy(images).reshape(len(images), 3, height, width)",
    wrong_in="torch",
    mistakes=mistakes,
    shown=lambda: at_even_size("resnet18"),
    hidden=(Hidden("there is but one channel, so that both orders are one", one_channel),),
    check=(
        "Give both networks one image of random numbers with three channels and two different"
        " sides, and compare outputs, or compare single pixels: x[n, c, h, w] in PyTorch has to be"
        " x[n, h, w, c] in Keras. A check of shapes passes, and so does every test on grey images."
    ),
    exercise=Exercise(
        task=(
            "Take `np.arange(12).reshape(1, 2, 2, 3)`, one NHWC image of 2x2 pixels. Write down"
            " the red plane that a transpose to NCHW gives, and the one that a reshape gives. Then"
            " let numpy tell, and find which of the twelve numbers the reshape leaves in their"
            " right places."
        ),
        solution="""\
import numpy as np

image = np.arange(12).reshape(1, 2, 2, 3)
right = image.transpose(0, 3, 1, 2)
wrong = image.reshape(1, 3, 2, 2)

# Red is every third number of the row in memory; the reshape takes the first four.
assert right[0, 0].tolist() == [[0, 3], [6, 9]]
assert wrong[0, 0].tolist() == [[0, 1], [2, 3]]

# The first number and the last have nowhere else to go.
print("red, transposed:", right[0, 0].tolist(), " reshaped:", wrong[0, 0].tolist())
print("in their places:", right[right == wrong].tolist())
""",
    ),
)
