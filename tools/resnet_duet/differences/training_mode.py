"""Norms that use the batch where they should use what training measured."""

from collections.abc import Iterator
from dataclasses import replace

from resnet_duet.experiments.difference import Difference, Group, Hidden, Mistake, World
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
    mistakes=mistakes,
    shown=lambda: at_even_size("resnet18"),
    hidden=(Hidden("the running statistics are those of this very batch", measured_on_the_batch),),
)
