"""The learning rate outside the velocity, or inside."""

from collections.abc import Iterator
from dataclasses import replace

from resnet_duet.experiments.difference import Difference, Group, Hidden, Mistake, World
from resnet_duet.experiments.recipe import PLAIN, Velocity
from resnet_duet.experiments.training import Training, small_training

_MENDS = {
    Velocity.GRADIENTS: "velocity.assign(velocity * new_rate / old_rate), of optimizer.momentums",
    Velocity.STEPS: 'state["momentum_buffer"] *= old_rate / new_rate, of optimizer.state.values()',
}
CONSTANT = replace(PLAIN, momentum=0.875)
FALLING = replace(CONSTANT, rates=(0.125, 0.125, 2**-5))


def mistakes(world: World) -> Iterator[Mistake]:
    if not isinstance(world, Training):
        return
    right = world.recipe.velocity
    (wrong,) = set(Velocity) - {right}
    recipe = replace(world.recipe, velocity=wrong)
    what = f"the velocity is made of {wrong}, not of {right}"
    yield Mistake(what, replace(world, recipe=recipe), _MENDS[right])


DIFFERENCE = Difference(
    name="sgd_momentum",
    group=Group.TRAINING,
    title="SGD's momentum: the learning rate outside the velocity in PyTorch, inside in Keras",
    about=(
        "PyTorch's velocity sums up gradients, v = momentum * v + g, and a step is rate * v. Keras'"
        " velocity sums up steps, v = momentum * v - rate * g, and a step is v. As long as the rate"
        " stays what it is, the one velocity is a multiple of the other and the steps are the same,"
        " with Nesterov's momentum and without. When a schedule lowers the rate, PyTorch's next"
        " step is shorter at once, but Keras' velocity still holds the long steps of before, and"
        " it takes tens of steps until they are forgotten; after a warm-up it is the other way"
        " round. Both train well; they are not the same training. To get PyTorch's formula in"
        " Keras, the velocities are multiplied by the ratio of the rates whenever the rate changes."
    ),
    torch=(
        "optimizer = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9)\n"
        "schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [30, 60], gamma=0.1)"
    ),
    keras=(
        "optimizer = keras.optimizers.SGD(0.1, momentum=0.9)\n"
        "for velocity in optimizer.momentums:  # at each drop of the rate\n"
        "    velocity.assign(velocity * 0.1)\n"
        "optimizer.learning_rate = 0.01"
    ),
    wrong=(
        "rates = keras.optimizers.schedules.PiecewiseConstantDecay([30, 60], [0.1, 0.01, 0.001])\n"
        "keras.optimizers.SGD(rates, momentum=0.9)"
    ),
    mistakes=mistakes,
    shown=lambda: small_training(FALLING, batch=4),
    hidden=(
        Hidden("the rate stays what it is", lambda: small_training(CONSTANT, batch=4)),
        Hidden(
            "the rate stays what it is, with Nesterov's momentum",
            lambda: small_training(replace(CONSTANT, nesterov=True), batch=4),
        ),
        Hidden(
            "there is no momentum",
            lambda: small_training(replace(FALLING, momentum=0.0), batch=4),
        ),
    ),
)
