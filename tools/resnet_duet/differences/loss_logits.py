"""A softmax too few, or one too many."""

from collections.abc import Iterator
from dataclasses import replace

from resnet_duet.experiments.difference import Difference, Exercise, Group, Hidden, Mistake, World
from resnet_duet.experiments.recipe import PLAIN
from resnet_duet.experiments.training import Training, small_training


def mistakes(world: World) -> Iterator[Mistake]:
    if not isinstance(world, Training):
        return
    recipe = world.recipe
    twice = replace(world, recipe=replace(recipe, softmax=True, from_logits=True))
    yield Mistake("a softmax is taken twice", twice, "F.cross_entropy(logits, labels)")
    if not recipe.label_smoothing:  # which Keras' two losses would do to logits in two ways
        never = replace(world, recipe=replace(recipe, softmax=False, from_logits=False))
        yield Mistake("logits are taken for probabilities", never, "from_logits=True")


DIFFERENCE = Difference(
    name="loss_logits",
    group=Group.TRAINING,
    title="what a cross-entropy reads: always logits in PyTorch, probabilities by default in Keras",
    about=(
        "A cross-entropy is of probabilities, and a network ends in logits; a softmax stands"
        " between them, once. PyTorch's cross_entropy has it inside and reads logits. Keras'"
        " losses read probabilities unless told from_logits=True, since many Keras models end in a"
        " softmax. Logits that are taken for probabilities are clipped to between 1e-7 and 1:"
        " those outside have no gradient, and the network learns little or nothing. The opposite,"
        " a network that ends in a softmax under PyTorch's loss, takes it twice: it learns,"
        " slowly, and its loss cannot fall below ln(1 + (K - 1) / e) for K classes. Keras' own"
        " softmax remembers its logits, and Keras' losses take those with a warning, so that there"
        " the second mistake does no harm, unless the loss has another precision than the network."
        " Neither is an error to the code, and a softmax does not change which class is largest,"
        " so the accuracy means what it says. There is no data on which either is harmless, except"
        " where there is nothing to learn."
    ),
    torch="F.cross_entropy(logits, labels)",
    keras="keras.losses.SparseCategoricalCrossentropy(from_logits=True)(labels, logits)",
    wrong="keras.losses.SparseCategoricalCrossentropy()(labels, logits)",
    wrong_in="keras",
    mistakes=mistakes,
    shown=lambda: small_training(PLAIN, batch=4),
    hidden=(
        Hidden(
            "with one class every loss is 0, whatever it reads, and nothing is learned",
            lambda: small_training(replace(PLAIN, class_weights=(1.0,)), batch=4),
        ),
    ),
    check=(
        "Compare the gradients, or the weights behind one step, from the same weights with logits"
        " that differ. The loss of a network whose logits are all 0 is ln K with one softmax and"
        " with two, and the accuracy is right with any."
    ),
    exercise=Exercise(
        task=(
            "All ten logits of an image are 0. Work out the loss and the gradient of"
            " `F.cross_entropy(logits, label)`, then of `F.cross_entropy(logits.softmax(dim=1),"
            " label)`; a softmax's derivative at equal logits takes a vector whose sum is 0 to a"
            " tenth of it. Check both. Why does the first loss of a training not tell which it is?"
        ),
        solution="""\
from math import log

import torch
from torch.nn import functional as F

label = torch.tensor([3])


def loss_and_gradient(softmax):
    logits = torch.zeros(1, 10, dtype=torch.float64, requires_grad=True)
    loss = F.cross_entropy(logits.softmax(dim=1) if softmax else logits, label)
    loss.backward()
    return loss.item(), logits.grad[0]


once, gradient = loss_and_gradient(softmax=False)
twice, smaller = loss_and_gradient(softmax=True)
# A softmax of equal numbers is equal numbers: the second one changes nothing but the slope.
assert abs(once - log(10)) < 1e-12 and abs(twice - log(10)) < 1e-12
right = torch.full((10,), 0.1, dtype=torch.float64) - torch.eye(10, dtype=torch.float64)[3]
torch.testing.assert_close(gradient, right)
torch.testing.assert_close(smaller, right / 10)
print("loss:", once, twice, " gradient of the right class:", gradient[3], smaller[3])
""",
    ),
)
