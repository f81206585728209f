"""A residual network without shortcuts."""

from collections.abc import Iterator

from resnet_duet.experiments.difference import Difference, Group, Mistake, World
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
    mistakes=mistakes,
    shown=lambda: at_even_size("cifar_resnet20"),
    hidden=(),
)
