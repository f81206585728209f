"""Momentum that looks ahead, or does not."""

from collections.abc import Iterator
from dataclasses import replace

from resnet_duet.experiments.difference import Difference, Group, Hidden, Mistake, World
from resnet_duet.experiments.recipe import PLAIN
from resnet_duet.experiments.training import Training, small_training


def mistakes(world: World) -> Iterator[Mistake]:
    if not isinstance(world, Training):
        return
    right = world.recipe.nesterov
    recipe = replace(world.recipe, nesterov=not right)
    what = f"nesterov is {not right}, not {right}"
    yield Mistake(what, replace(world, recipe=recipe), f"nesterov={right}")


DIFFERENCE = Difference(
    name="nesterov",
    group=Group.TRAINING,
    title="Nesterov's momentum: off by default in both, on in some recipes, under the same name",
    about=(
        "Plain momentum steps along the velocity. Nesterov's steps along what the velocity will be"
        " if the gradient stays: rate * (g + momentum * v) in place of rate * v. Both frameworks"
        " write it alike and have it off, so it is not they who differ but the recipes: timm's"
        ' "sgd" has it on and its "momentum" has it off, the reference scripts of torchvision have'
        " it off, and a table in a paper says SGD with momentum 0.9 either way. Whoever carries a"
        " recipe over by its numbers loses it without a word. Unlike most, it shows in the very"
        " first step, which is 1 + momentum times as long. Without momentum there is nothing to"
        " look along: Keras then ignores the choice, and PyTorch refuses it."
    ),
    torch="torch.optim.SGD(net.parameters(), 0.1, momentum=0.9, nesterov=True)",
    keras="keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True)",
    wrong="keras.optimizers.SGD(0.1, momentum=0.9)",
    mistakes=mistakes,
    shown=lambda: small_training(replace(PLAIN, momentum=0.875, nesterov=True), batch=4),
    hidden=(Hidden("there is no momentum", lambda: small_training(PLAIN, batch=4)),),
)
