"""Logits, or the probabilities that softmax makes of them."""

from collections.abc import Iterator
from dataclasses import replace

from resnet_duet.experiments.difference import Difference, Exercise, Group, Hidden, Mistake, World
from resnet_duet.experiments.nets import asked_for_the_class, at_even_size
from resnet_duet.experiments.steps import SOFTMAX, instead
from resnet_duet.experiments.use import Use


def mistakes(world: World) -> Iterator[Mistake]:
    if not isinstance(world, Use) or world.spec.num_classes is None:
        return
    if SOFTMAX in world.after:
        bare = replace(world, after=instead(world.after, SOFTMAX))
        yield Mistake("there is no softmax behind the logits", bare, "y = ops.softmax(y)")
    mend = 'classifier_activation=None; Dense(1000), not Dense(1000, activation="softmax")'
    more = replace(world, after=(SOFTMAX, *world.after))
    twice = "two" if SOFTMAX in world.after else "a"
    yield Mistake(f"there is {twice} softmax behind the logits", more, mend)


DIFFERENCE = Difference(
    name="softmax",
    group=Group.ARCHITECTURE,
    title="what comes out: logits in PyTorch, probabilities in keras.applications",
    about=(
        "PyTorch's networks end in logits, because its loss takes logits. keras.applications'"
        " networks end in softmax unless they are told classifier_activation=None, and so do most"
        " old examples in Keras. The softmax has no arrays, and the largest logit is the largest"
        " probability, so that top-1 accuracy is the same to the last image, and everything else is"
        " not: losses, thresholds, ensembles, temperatures. The loss must know which of the two it"
        " is given, see loss_logits. Two softmaxes one after the other make all classes nearly"
        " equal, and keep their order as well."
    ),
    torch="probabilities = torch.softmax(net(x), dim=1)",
    keras="model = keras.applications.ResNet50(weights=None, classifier_activation=None)",
    wrong="model = keras.applications.ResNet50(weights=None)  # ends in softmax",
    wrong_in="keras",
    mistakes=mistakes,
    shown=lambda: at_even_size("resnet18"),
    hidden=(
        Hidden(
            "only the class is asked for, and softmax keeps their order",
            lambda: asked_for_the_class("resnet18"),
        ),
    ),
    check=(
        "Compare the numbers that come out, not the class: or add up each row, which gives 1 for"
        " probabilities, and look for negative numbers, which only logits have. Top-1 and top-5"
        " accuracy are the same with and without a softmax, and with two."
    ),
    exercise=Exercise(
        task=(
            "A network that ends in a softmax gets a second one. How large can a probability be"
            " behind the second one, with 10 classes and with 1,000? Work it out from the surest"
            " output that the first one can give, check it, and show that the order of the classes"
            " is kept. Then write a function that tells logits from probabilities."
        ),
        solution="""\
from math import e

import numpy as np
import torch


def are_probabilities(rows):
    return bool((rows >= 0).all() and np.allclose(rows.sum(axis=1), 1.0))


rng = np.random.default_rng(0)
for classes in (10, 1000):
    sure = torch.zeros(1, classes, dtype=torch.float64)
    sure[0, 3] = 1e6  # the first softmax gives 1 and zeros
    twice = sure.softmax(dim=1).softmax(dim=1)
    limit = e / (e + classes - 1)
    np.testing.assert_allclose(twice[0, 3], limit, rtol=1e-12)
    print(f"with {classes} classes a probability is at most {limit:.4f}")

logits = torch.from_numpy(rng.standard_normal((5, 10)))
once = logits.softmax(dim=1)
twice = once.softmax(dim=1)
assert torch.equal(logits.argsort(dim=1), twice.argsort(dim=1))
assert [are_probabilities(y.numpy()) for y in (logits, once, twice)] == [False, True, True]
""",
    ),
)
