"""Weight decay as part of the gradient, or beside it."""

from collections.abc import Iterator
from dataclasses import replace

from resnet_duet.experiments.difference import Difference, Group, Hidden, Mistake, World
from resnet_duet.experiments.recipe import PLAIN, Decay
from resnet_duet.experiments.training import Training, small_training

_MENDS = {
    Decay.COUPLED: "kernel_regularizer=keras.regularizers.L2(decay / 2), and of all other arrays",
    Decay.DECOUPLED: "parameter.mul_(1 - rate * decay) of every parameter, before the step",
}
DECAYING = replace(PLAIN, weight_decay=2**-7)


def mistakes(world: World) -> Iterator[Mistake]:
    if not isinstance(world, Training):
        return
    right = world.recipe.decay
    (wrong,) = set(Decay) - {right}
    recipe = replace(world.recipe, decay=wrong)
    what = f"weight decay is {wrong}, not {right}"
    yield Mistake(what, replace(world, recipe=recipe), _MENDS[right])


DIFFERENCE = Difference(
    name="weight_decay",
    group=Group.TRAINING,
    title="SGD's weight_decay: a part of the gradient in PyTorch, beside it in Keras",
    about=(
        "Weight decay draws every weight to zero. PyTorch's SGD adds decay * w to the gradient, as"
        " the L2 penalty of papers does (coupled), so that it goes through the momentum like the"
        " rest. Keras' SGD takes rate * decay * w off the weight itself (decoupled, as in AdamW),"
        " and the momentum never hears of it. Without momentum both are one formula. With a"
        " momentum of 0.9 each gradient is felt ten times over, and so is a coupled decay: the same"
        " 1e-4 is a tenth as strong in Keras, and nothing says so."
        " PyTorch's way in Keras is a regularizer of every layer, L2(decay / 2), since the gradient"
        " of L2's decay * w^2 has a factor of 2; on kernels alone it leaves out norms and biases,"
        " which both optimizers decay unless told otherwise."
    ),
    torch="torch.optim.SGD(net.parameters(), 0.1, momentum=0.9, weight_decay=1e-4)",
    keras=(
        "penalty = keras.regularizers.L2(1e-4 / 2)\n"
        "layers.Conv2D(64, 3, kernel_regularizer=penalty)\n"
        "layers.BatchNormalization(gamma_regularizer=penalty, beta_regularizer=penalty)\n"
        "keras.optimizers.SGD(0.1, momentum=0.9)"
    ),
    wrong="keras.optimizers.SGD(0.1, momentum=0.9, weight_decay=1e-4)",
    mistakes=mistakes,
    shown=lambda: small_training(replace(DECAYING, momentum=0.875), batch=4),
    hidden=(
        Hidden("without momentum both are one formula", lambda: small_training(DECAYING, batch=4)),
        Hidden(
            "in the first step momentum has nothing to remember",
            lambda: small_training(replace(DECAYING, momentum=0.875, rates=(0.125,)), batch=4),
        ),
    ),
)
