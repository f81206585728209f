"""Logits, or the probabilities that softmax makes of them."""

from collections.abc import Iterator
from dataclasses import replace

from resnet_duet.experiments.difference import Difference, Group, Hidden, Mistake, World
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
        " probability, so that top-1 accuracy is the same to the last image, 934 of 1,000 in a"
        " ResNet-20 trained for CIFAR-10, and everything else is not: losses, thresholds,"
        " ensembles, temperatures. The loss must know which of the two it is given, see"
        " loss_logits. Two softmaxes one after the other make all classes nearly equal, and keep"
        " their order as well."
    ),
    torch="probabilities = torch.softmax(net(x), dim=1)",
    keras="model = keras.applications.ResNet50(weights=None, classifier_activation=None)",
    wrong="model = keras.applications.ResNet50(weights=None)  # ends in softmax",
    mistakes=mistakes,
    shown=lambda: at_even_size("resnet18"),
    hidden=(
        Hidden(
            "only the class is asked for, and softmax keeps their order",
            lambda: asked_for_the_class("resnet18"),
        ),
    ),
)
