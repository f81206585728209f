"""The order of a classifier kernel's axes."""

from collections.abc import Iterator
from dataclasses import replace

from resnet_duet.experiments.difference import Difference, Exercise, Group, Hidden, Mistake, World
from resnet_duet.experiments.layouts import transpose, with_reshaped
from resnet_duet.experiments.nets import EVEN, at_even_size, small
from resnet_duet.experiments.use import Use, use

IN_TORCH, IN_KERAS = "OI", "IO"


def mistakes(world: World) -> Iterator[Mistake]:
    if not isinstance(world, Use) or world.spec.num_classes is None:
        return
    for source, target in ((IN_TORCH, IN_KERAS), (IN_KERAS, IN_TORCH)):
        what = f"the classifier's kernel is reshaped from {source} to {target}, not transposed"
        wrong = with_reshaped(world, IN_TORCH, source, target)
        yield Mistake(what, wrong, transpose("kernel", source, target))


def one_class() -> Use:
    """A network with a single output."""
    return use(replace(small("resnet18"), num_classes=1), 0, EVEN)


DIFFERENCE = Difference(
    name="dense_layout",
    group=Group.LAYOUT,
    title="the classifier's kernel: (outputs, inputs) in PyTorch, (inputs, outputs) in Keras",
    about=(
        "nn.Linear keeps its kernel as (outputs, inputs) and computes x W^T + b; Dense keeps"
        " (inputs, outputs) and computes x W + b. Carrying it over is a transpose. If it is"
        " forgotten, shapes do not fit, and somebody who reshapes to make them fit gets a kernel in"
        " which every class is made of pieces of all others. Features are right then and every"
        " prediction is a guess, so the mistake is looked for in the last place first, and found."
        " Where a head has as many outputs as inputs nothing needs to be reshaped: it is enough to"
        " forget the transpose."
    ),
    torch="fc.weight  # (outputs, inputs)",
    keras="layer.kernel.assign(kernel.T)",
    wrong="layer.kernel.assign(kernel.reshape(layer.kernel.shape))",
    wrong_in="keras",
    mistakes=mistakes,
    shown=lambda: at_even_size("resnet18"),
    hidden=(Hidden("there is one output, and a row is a column in memory", one_class),),
    check=(
        "Compare logits in float64 for random features, and give the head another number of"
        " outputs than inputs, so that a forgotten transpose raises an error. A reshape never does;"
        " only outputs tell. A head with one output shows nothing."
    ),
    exercise=Exercise(
        task=(
            "A classifier's kernel in PyTorch is `[[0, 1], [2, 3], [4, 5]]`: three classes, two"
            " features. Write down the logits of the features `[1, 0]` with Keras' kernel made by a"
            " transpose, and by a reshape. Then take a head with two inputs and two outputs: which"
            " kernels may be carried over as they are, and what does Keras say to the others?"
        ),
        solution="""\
import numpy as np
from keras import layers

kernel = np.arange(6.0).reshape(3, 2)  # (outputs, inputs)


def logits(kernel, features):
    layer = layers.Dense(kernel.shape[1], use_bias=False, dtype="float64")
    layer.build((None, kernel.shape[0]))
    layer.set_weights([kernel])
    return layer(np.array([features])).numpy()[0].tolist()


# Features [1, 0] read the first number of each class: 0, 2, 4. The reshape has moved them.
assert logits(kernel.T, [1.0, 0.0]) == [0, 2, 4]
assert logits(kernel.reshape(2, 3), [1.0, 0.0]) == [0, 1, 2]

square = np.array([[1.0, 2.0], [3.0, 4.0]])  # nothing is said: the shape is right as it is
assert logits(square, [1.0, 0.0]) != logits(square.T, [1.0, 0.0])
symmetric = np.array([[1.0, 2.0], [2.0, 4.0]])  # only such a kernel may stay as it is
assert logits(symmetric, [1.0, 0.0]) == logits(symmetric.T, [1.0, 0.0])
print("transposed:", logits(kernel.T, [1.0, 0.0]))
print("reshaped:", logits(kernel.reshape(2, 3), [1.0, 0.0]))
""",
    ),
)
