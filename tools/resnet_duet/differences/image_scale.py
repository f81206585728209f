"""The range of an image's numbers."""

from collections.abc import Iterator

from resnet_duet.experiments.difference import Difference, Group, Mistake, World
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
        " when it only moves the channels. Keras' load_img and image datasets leave numbers at 0 to"
        " 255; some of keras.applications' networks have a Rescaling layer inside, others want"
        " preprocess_input, which for resnet_v2 gives -1 to 1. So images are divided twice, or not"
        " at all. The first norm was measured on the right range and does not make up for it:"
        " divided once too often every image is nearly the same grey, and so are all outputs. It"
        " hides nowhere."
    ),
    torch="x = transforms.ToTensor()(image)  # 0 to 1, and (C, H, W)",
    keras="x = layers.Rescaling(1 / 255)(image)  # 0 to 1",
    wrong="x = transforms.ToTensor()(image) / 255",
    mistakes=mistakes,
    shown=lambda: at_even_size("resnet18"),
    hidden=(),
)
