"""Weight decay as part of the gradient, or beside it."""

from collections.abc import Iterator
from dataclasses import replace

from resnet_duet.experiments.difference import Difference, Exercise, Group, Hidden, Mistake, World
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
    wrong_in="keras",
    mistakes=mistakes,
    shown=lambda: small_training(replace(DECAYING, momentum=0.875), batch=4),
    hidden=(
        Hidden("without momentum both are one formula", lambda: small_training(DECAYING, batch=4)),
        Hidden(
            "in the first step momentum has nothing to remember",
            lambda: small_training(replace(DECAYING, momentum=0.875, rates=(0.125,)), batch=4),
        ),
    ),
    check=(
        "Train two steps or more with momentum on the same batch and compare weights. The first"
        " step is the same, and without momentum all steps are. A falling loss tells nothing, since"
        " both fall."
    ),
    exercise=Exercise(
        task=(
            "One weight is 1, its gradient is always 0, the rate is 0.5, the momentum 0.5 and"
            " `weight_decay` 0.25. Work out the weight after each of the first two steps of"
            " PyTorch's SGD and of Keras', then run both. Mend Keras' with the gradient of"
            " `keras.regularizers.L2(0.25 / 2)`."
        ),
        solution="""\
import keras
import numpy as np
import torch

weight = torch.nn.Parameter(torch.ones(1, dtype=torch.float64))
optimizer = torch.optim.SGD([weight], 0.5, momentum=0.5, weight_decay=0.25)
ours = []
for _ in range(2):
    weight.grad = torch.zeros_like(weight)
    optimizer.step()
    ours.append(weight.item())


def theirs(decay, penalty):
    variable = keras.Variable(np.ones(1), dtype="float64")
    optimizer = keras.optimizers.SGD(0.5, momentum=0.5, weight_decay=decay)
    weights = []
    for _ in range(2):
        optimizer.apply([penalty * variable.value], [variable])  # the gradient of L2(penalty / 2)
        weights.append(float(variable[0]))
    return weights


# PyTorch: v = 0.25, then v = 0.5 * 0.25 + 0.25 * 0.875. Keras: twice the factor 1 - 0.5 * 0.25.
assert ours == [0.875, 0.703125]
assert theirs(decay=0.25, penalty=0.0) == [0.875, 0.765625]
assert theirs(decay=None, penalty=0.25) == ours
print(ours, theirs(decay=0.25, penalty=0.0))
""",
    ),
)
