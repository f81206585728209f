"""Norms that use the batch where they should use what training measured."""

from collections.abc import Iterator
from dataclasses import replace

from resnet_duet.experiments.difference import Difference, Exercise, Group, Hidden, Mistake, World
from resnet_duet.experiments.nets import at_even_size
from resnet_duet.experiments.use import Use, built
from resnet_duet.frameworks import KERAS, builder
from resnet_duet.port.convert import convert
from resnet_duet.port.dialects.torchvision import DIALECT


def mistakes(world: World) -> Iterator[Mistake]:
    if not isinstance(world, Use):
        return
    wrong = replace(world, training=not world.training)
    if wrong.training:
        yield Mistake(
            "norms use the batch's statistics", wrong, "net.eval(); model(x, training=False)"
        )
    else:
        mend = "net.train(); model(x, training=True)"
        yield Mistake("norms use their running statistics", wrong, mend)


def measured_on_the_batch() -> Use:
    """A network whose running statistics are those of its images."""
    world = at_even_size("resnet18")
    # Norms that keep nothing of the old statistics; Keras' keep the variance they divide by.
    forgetful = replace(world, spec=replace(world.spec, norm_decay=0.0), training=True)
    forgetful.run(KERAS.name)
    twin, plan = builder(KERAS.name), forgetful.plan
    arrays = twin.read(built(KERAS.name, plan, world.dtype))
    return replace(world, weights=convert(arrays, plan, KERAS.dialect, DIALECT.name))


DIFFERENCE = Difference(
    name="training_mode",
    group=Group.NORMALISATION,
    title="who tells a norm that training is over: net.eval() in PyTorch, an argument in Keras",
    about=(
        "A batch norm divides by the batch's own statistics in training and by the running ones"
        " afterwards. In PyTorch the mode is a state of the module, and a new module is in training"
        " mode: whoever forgets net.eval() gets outputs that depend on which images share a batch,"
        " and moves the running statistics with each of them. In Keras the mode is an argument of"
        " the call, and calls outside fit are inference by default; freezing a norm by"
        " trainable=False also puts it into inference mode, which PyTorch's requires_grad=False"
        " does not. A large batch of images like those of the training has nearly the running"
        " statistics, so that the mistake is small there; a single image has its own."
    ),
    torch="net.eval()\ny = net(x)",
    keras="y = model(x, training=False)",
    wrong="y = net(x)  # a new module is in training mode",
    wrong_in="torch",
    mistakes=mistakes,
    shown=lambda: at_even_size("resnet18"),
    hidden=(Hidden("the running statistics are those of this very batch", measured_on_the_batch),),
    check=(
        "Run the same image alone and in a batch with others: in inference mode it gives the same"
        " output. Or run anything twice and compare the running statistics before and behind. Large"
        " batches of images like those of training hide it, and no comparison of weights taken"
        " before the call sees it."
    ),
    exercise=Exercise(
        task=(
            "Give the batch `[[1.], [3.]]` to four norms: PyTorch's in training mode, in `eval()`,"
            " and in training mode with `requires_grad_(False)`, and Keras' with `trainable ="
            " False` called with `training=True`. Predict whose running means move, then measure."
        ),
        solution="""\
import numpy as np
import torch
from keras import layers

batch = np.array([[1.0], [3.0]])


def ours(prepare):
    norm = torch.nn.BatchNorm1d(1).double()
    prepare(norm)
    norm(torch.from_numpy(batch))
    return norm.running_mean.item()


def theirs(trainable):
    norm = layers.BatchNormalization(dtype="float64")
    norm.trainable = trainable
    norm(batch, training=True)
    return float(norm.moving_mean[0])


moved = {
    "train()": ours(lambda norm: norm.train()) != 0,
    "eval()": ours(lambda norm: norm.eval()) != 0,
    "requires_grad_(False)": ours(lambda norm: norm.requires_grad_(False)) != 0,  # gradients only
    "trainable = False": theirs(trainable=False) != 0,  # the mode as well
}
assert list(moved.values()) == [True, False, True, False]
assert theirs(trainable=True) != 0
print(moved)
""",
    ),
)
