"""The range of an image's numbers."""

from collections.abc import Iterator

from resnet_duet.experiments.difference import Difference, Exercise, Group, Mistake, World
from resnet_duet.experiments.nets import at_even_size
from resnet_duet.experiments.steps import given
from resnet_duet.experiments.use import Step, Use

DIVIDED = Step("divided by 255", lambda images, _: images / 255)
MULTIPLIED = Step("multiplied by 255", lambda images, _: images * 255)
CENTRED = Step("divided by 127.5, less 1", lambda images, _: images / 127.5 - 1)
DOUBLED = Step("doubled, less 1", lambda images, _: images * 2 - 1)
MENDS = {
    DIVIDED: "no ToTensor() or Rescaling(1 / 255)",
    MULTIPLIED: "layers.Rescaling(1 / 255)",
    CENTRED: "no preprocess_input(x) of resnet_v2",
    DOUBLED: "no Normalize(0.5, 0.5)",
}


def mistakes(world: World) -> Iterator[Mistake]:
    if isinstance(world, Use):
        for step, mend in MENDS.items():
            yield Mistake(f"images are {step.name}", given(world, step), mend)


DIFFERENCE = Difference(
    name="image_scale",
    group=Group.PREPROCESSING,
    title="images from 0 to 255, from 0 to 1, or from -1 to 1",
    about=(
        "Files have bytes, 0 to 255. torchvision's ToTensor divides by 255 and moves the channels"
        " to the front, both at once and without being asked, unless the array is not of bytes,"
        " when it only moves the channels. Keras' load_img and image datasets leave numbers at 0"
        " to 255; some of keras.applications' networks have a Rescaling layer inside, others want"
        " preprocess_input, which for resnet_v2 gives -1 to 1. So images are divided twice, or not"
        " at all. The first norm was measured on the right range and does not make up for it:"
        " divided once too often every image is nearly the same grey, and so are all outputs. In"
        " inference, on images that are not black, it hides nowhere."
    ),
    torch="x = torch.from_numpy(image).permute(2, 0, 1) / 255  # as ToTensor does, at once",
    keras="x = layers.Rescaling(1 / 255)(image)  # 0 to 1",
    wrong="x = transforms.ToTensor()(image) / 255",
    wrong_in="torch",
    mistakes=mistakes,
    shown=lambda: at_even_size("resnet18"),
    hidden=(),
    check=(
        "Print the smallest and the largest number that comes to the first convolution on each"
        " side, of an image that has both black and white; or compare outputs. Black images are 0"
        " in two of the three ranges, and norms in training mode make up for a wrong one."
    ),
    exercise=Exercise(
        task=(
            "A convolution without a bias and a norm with next to no eps have seen a batch of"
            " random images. Then come the same images divided by 255. By which factor do the"
            " differences between the images' outputs shrink in inference mode, and by which in"
            " training mode? Predict and measure, and say what that means for somebody who looks at"
            " the training loss only."
        ),
        solution="""\
import numpy as np
import torch
from torch import nn

torch.manual_seed(0)
conv = nn.Conv2d(3, 4, 3, bias=False).double()
norm = nn.BatchNorm2d(4, eps=1e-300, momentum=1.0).double()  # keeps the last batch's
images = torch.from_numpy(np.random.default_rng(0).uniform(size=(8, 3, 6, 6)))


def spread(images):
    y = norm(conv(images))
    return (y - y.mean(dim=0)).std().item()


norm.train()
whole = spread(images)  # and the statistics are measured
norm.eval()
shrunk = spread(images) / spread(images / 255)
norm.train()
made_up = whole / spread(images / 255)

# Running statistics are of the right range; a batch's own are of whatever comes.
np.testing.assert_allclose(shrunk, 255, rtol=1e-9)
np.testing.assert_allclose(made_up, 1, rtol=1e-9)
print("inference:", shrunk, " training:", made_up)
""",
    ),
)
