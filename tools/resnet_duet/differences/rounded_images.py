"""Images that are rounded to float32 on their way into a float64 network."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from resnet_duet.experiments.difference import Difference, Exercise, Group, Hidden, Mistake, World
from resnet_duet.experiments.nets import at_even_size
from resnet_duet.experiments.steps import given
from resnet_duet.experiments.use import Step, Use

ROUNDED = Step("rounded to float32", lambda images, _: images.astype(np.float32).astype(np.float64))


def mistakes(world: World) -> Iterator[Mistake]:
    if isinstance(world, Use) and world.dtype == "float64":
        mend = 'keras.Input((None, None, 3), dtype="float64"); model(x), not model.predict(x)'
        yield Mistake(f"images are {ROUNDED.name}", given(world, ROUNDED), mend)


def from_a_file() -> Use:
    """Images whose numbers are bytes."""
    world = at_even_size("resnet18")
    images = np.random.default_rng(0).integers(0, 256, world.images.shape).astype(np.float64)
    return replace(world, images=images)


DIFFERENCE = Difference(
    name="rounded_images",
    group=Group.NUMERICS,
    title="Keras rounds images to float32 unless it is told not to, twice",
    about=(
        "A PyTorch module computes in the precision of what it is given and refuses what does not"
        " fit its weights. Keras converts. An Input without a dtype is float32 by Keras' setting"
        " floatx, whatever the layers behind it are, and rounds float64 images on their way in; and"
        " predict() rounds to floatx before the model sees anything. A float64 network then"
        " computes sixteen digits of an image that has seven, without a warning, and a comparison"
        " with PyTorch ends at float32's noise, where it looks like rounding, which it is, and is"
        " taken for the best that can be had, which it is not. Behind such noise smaller mistakes"
        " hide. Images that come from a file as bytes are float32 numbers already."
    ),
    torch="y = net.double()(x.double())",
    keras=(
        'x = keras.Input((None, None, 3), dtype="float64")\n'
        "y = model(images, training=False)  # not model.predict(images)"
    ),
    wrong="x = keras.Input((None, None, 3))  # float32\ny = model.predict(images)",
    wrong_in="keras",
    mistakes=mistakes,
    shown=lambda: at_even_size("resnet18"),
    hidden=(Hidden("the images are bytes, as files have them", from_a_file),),
    check=(
        "Compare outputs in float64 on images whose numbers have more than seven digits, as random"
        " ones have, and hold the noise against that of float64, not of float32. Images of bytes,"
        " and comparisons in float32, show nothing; the network's own dtype says float64 all the"
        " time."
    ),
    exercise=Exercise(
        task=(
            'Build a Keras model of one `layers.Activation("linear", dtype="float64")`, once'
            " behind `keras.Input((2,))` and once behind an Input of float64. Predict what each"
            " gives back of `[1/3, 1/4]` when it is called, and what `predict` gives. Which of the"
            " two numbers is always safe, and why?"
        ),
        solution="""\
import keras
import numpy as np
from keras import layers

x = np.array([[1 / 3, 1 / 4]])


def model(dtype):
    image = keras.Input((2,), dtype=dtype)
    return keras.Model(image, layers.Activation("linear", dtype="float64")(image))


def exact(y):
    y = np.asarray(y)
    assert y.dtype == np.float64  # it says so in any case
    return (y == x)[0].tolist()


# A quarter is a short number in binary, and float32 holds it; a third is not.
assert exact(model("float64")(x)) == [True, True]
assert exact(model(None)(x)) == [False, True]
assert exact(model("float64").predict(x, verbose=0)) == [False, True]
assert (model(None)(x).numpy() == x.astype(np.float32)).all()
print("a third comes back as", float(model(None)(x)[0, 0]))
""",
    ),
)
