"""Height before width, or width before height, of images."""

from collections.abc import Iterator
from dataclasses import replace

from resnet_duet.experiments.difference import Difference, Exercise, Group, Hidden, Mistake, World
from resnet_duet.experiments.layouts import transpose
from resnet_duet.experiments.nets import at_even_size, small
from resnet_duet.experiments.steps import given
from resnet_duet.experiments.use import Step, Use, use
from resnet_duet.port.convert import relayout

TURNED = Step("turned over the diagonal", lambda images, _: relayout(images, "NHWC", "NWHC"))


def mistakes(world: World) -> Iterator[Mistake]:
    if isinstance(world, Use):
        what = "images are turned over their diagonal: width before height"
        yield Mistake(what, given(world, TURNED), transpose("images", "NWHC", "NHWC"))


def symmetric() -> Use:
    """Images that are their own mirror images about the diagonal from the left above."""
    world = use(small("resnet18"), 0, (32, 32))
    mirrored = relayout(world.images, "NHWC", "NWHC")
    return replace(world, images=world.images + mirrored)


DIFFERENCE = Difference(
    name="image_sides",
    group=Group.LAYOUT,
    title="height before width in arrays, width before height in most image libraries",
    about=(
        "An array's rows come first, so that both frameworks say (height, width), whatever stands"
        " before or behind. Pillow's `size` and OpenCV's `resize` say (width, height). Whoever"
        " moves axes by reversing them, as `.T` does, turns (H, W, C) into (C, W, H), which looks"
        " like (C, H, W) and is as good as that for every check of shapes if the image is square."
        " The network then sees a world lying on its side, and still recognises what looks alike in"
        " both directions, so that the mistake may pass for a network that is merely not very good."
        " Images that are not square give it away at once: nothing else asks which side is which."
    ),
    torch="x = torch.from_numpy(image).permute(2, 0, 1)  # (H, W, C) to (C, H, W)",
    keras="x = ops.convert_to_tensor(image)  # (H, W, C) as it is",
    wrong="x = torch.from_numpy(image.T)  # (C, W, H)",
    wrong_in="torch",
    mistakes=mistakes,
    shown=lambda: at_even_size("resnet18"),
    hidden=(Hidden("the images are symmetric about their diagonal", symmetric),),
    check=(
        "Use images that are not square and hold random numbers: the shape behind the preparation"
        " tells the sides apart, and so do the outputs. With square images compare one pixel off"
        " the diagonal with the file. Shapes of square images show nothing, and neither does an"
        " image that is its own mirror image."
    ),
    exercise=Exercise(
        task=(
            "A function `prepare` makes PyTorch's array of an (H, W, C) image, and you suspect"
            " that it says `image.T`. Find three one-channel images as small as you can: one whose"
            " shape alone convicts it, a square one that convicts it by a value, and a square one"
            " with not all numbers equal on which it is innocent."
        ),
        solution="""\
import numpy as np


def prepare(image):
    return image.T  # (C, W, H)


def right(image):
    return image.transpose(2, 0, 1)  # (C, H, W)


oblong = np.zeros((1, 2, 1))
square = np.array([[0.0, 1.0], [2.0, 3.0]])[..., None]
mirror = np.array([[0.0, 1.0], [1.0, 3.0]])[..., None]  # its own mirror image at the diagonal

assert prepare(oblong).shape != right(oblong).shape
assert prepare(square).shape == right(square).shape
assert not np.array_equal(prepare(square), right(square))
assert np.array_equal(prepare(mirror), right(mirror))
print("by shape:", oblong.shape, " by value:", square[..., 0].tolist())
print("not at all:", mirror[..., 0].tolist())
""",
    ),
)
