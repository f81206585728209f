"""A residual network without shortcuts."""

from collections.abc import Iterator

from resnet_duet.experiments.difference import Difference, Exercise, Group, Mistake, World
from resnet_duet.experiments.nets import at_even_size
from resnet_duet.experiments.use import Use, amended
from resnet_spec import ShortcutKind


def mistakes(world: World) -> Iterator[Mistake]:
    if not isinstance(world, Use):
        return
    if world.spec.shortcut.kind is not ShortcutKind.NONE:
        if wrong := amended(world, {"shortcut": {"kind": ShortcutKind.NONE}}):
            yield Mistake("there are no shortcuts", wrong, "y = branch(x) + shortcut(x)")
        return
    for kind in (ShortcutKind.ZERO_PAD_BOTH_SIDES, ShortcutKind.ZERO_PAD_END):
        if wrong := amended(world, {"shortcut": {"kind": kind}}):
            yield Mistake(f"there are shortcuts, {kind}", wrong, "y = branch(x)")


DIFFERENCE = Difference(
    name="missing_shortcut",
    group=Group.ARCHITECTURE,
    title="a plain network has the arrays of a residual one",
    about=(
        "Option A's shortcuts have no weights, so that the plain networks that the paper compares"
        " with, 20 layers and more without a shortcut, have exactly the same arrays. A checkpoint"
        " of one is a checkpoint of the other for every tool that looks at names and shapes. It is"
        " also what is left of a residual network in Keras if the output of Add is made and not"
        " used: the graph is traced back from the output, and what does not lead there is not in"
        " the model. Model.summary() shows it, the loss may not. It hides nowhere; networks with"
        " projections miss arrays at least."
    ),
    torch="y = self.branch(x) + self.shortcut(x)",
    keras="y = layers.Add()([y, shortcut])",
    wrong="layers.Add()([y, shortcut])  # and on with y",
    wrong_in="keras",
    mistakes=mistakes,
    shown=lambda: at_even_size("cifar_resnet20"),
    hidden=(),
    check=(
        "Compare outputs on random images, or look for the additions in the graph: every block of"
        " a residual network has one. Names, shapes and the number of arrays are those of the plain"
        " network, and a loader finds nothing to complain about."
    ),
    exercise=Exercise(
        task=(
            "Build two tiny Keras models, a convolution with a shortcut past it: one with `y ="
            " layers.Add()([y, x])`, one that forgets the `y =`. Predict in how many layers and in"
            " how many weights the two differ, and write the line that would have found the"
            " mistake."
        ),
        solution="""\
import keras
from keras import layers


def model(used):
    x = keras.Input((8, 8, 4))
    y = layers.Conv2D(4, 3, padding="same")(x)
    total = layers.Add()([y, x])
    return keras.Model(x, total if used else y)


def has_shortcut(model):
    return any(isinstance(layer, layers.Add) for layer in model.layers)


right, wrong = model(used=True), model(used=False)
# The model is what its output was made of; the sum was made of it too, but nobody asked for it.
assert [layer.__class__.__name__ for layer in right.layers] == ["InputLayer", "Conv2D", "Add"]
assert [layer.__class__.__name__ for layer in wrong.layers] == ["InputLayer", "Conv2D"]
assert [w.shape for w in right.weights] == [w.shape for w in wrong.weights]
assert has_shortcut(right) and not has_shortcut(wrong)
print("weights:", len(right.weights), len(wrong.weights))
print("layers:", len(right.layers), len(wrong.layers))
""",
    ),
)
