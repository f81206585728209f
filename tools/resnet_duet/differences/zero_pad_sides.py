"""Where option A puts its new channels."""

from collections.abc import Iterator

from resnet_duet.experiments.difference import Difference, Group, Mistake, World
from resnet_duet.experiments.nets import at_even_size
from resnet_duet.experiments.use import Use, amended
from resnet_spec import ShortcutKind

OTHER = {
    ShortcutKind.ZERO_PAD_BOTH_SIDES: ShortcutKind.ZERO_PAD_END,
    ShortcutKind.ZERO_PAD_END: ShortcutKind.ZERO_PAD_BOTH_SIDES,
}
PLACE = {
    ShortcutKind.ZERO_PAD_BOTH_SIDES: "on both sides of the old ones",
    ShortcutKind.ZERO_PAD_END: "behind the old ones",
}
MENDS = {
    ShortcutKind.ZERO_PAD_BOTH_SIDES: "F.pad(x, (0, 0, 0, 0, new // 2, new // 2))",
    ShortcutKind.ZERO_PAD_END: "F.pad(x, (0, 0, 0, 0, 0, new))",
}


def mistakes(world: World) -> Iterator[Mistake]:
    if not isinstance(world, Use) or world.spec.shortcut.kind not in OTHER:
        return
    right = world.spec.shortcut.kind
    if wrong := amended(world, {"shortcut": {"kind": OTHER[right]}}):
        what = f"shortcuts put new channels {PLACE[OTHER[right]]}, not {PLACE[right]}"
        yield Mistake(what, wrong, MENDS[right])


DIFFERENCE = Difference(
    name="zero_pad_sides",
    group=Group.ARCHITECTURE,
    title="option A's zero channels: behind the old ones, or half before and half behind",
    about=(
        "The paper's networks for CIFAR have shortcuts without weights: where a stage has twice as"
        " many channels, the shortcut fills up with zeros. Facebook's Torch code put them all"
        " behind the old channels; a well-known repository of pre-trained CIFAR networks in PyTorch"
        " puts half of them on either side. Nothing in the weights tells which, since the shortcut"
        " has none, and with the other form every channel of the shortcut meets another channel of"
        " the branch, in every block from there on. It hides nowhere. F.pad counts axes from the"
        " last one backwards and tf.pad from the first one forwards, which is one more way to pad"
        " the wrong thing."
    ),
    torch="F.pad(x, (0, 0, 0, 0, 8, 8))  # (W, H, C) of (N, C, H, W): half and half",
    keras="tf.pad(x, ((0, 0), (0, 0), (0, 0), (8, 8)))  # (N, H, W, C): half and half",
    wrong="tf.pad(x, ((0, 0), (0, 0), (0, 0), (0, 16)))  # for weights of the other form",
    mistakes=mistakes,
    shown=lambda: at_even_size("cifar_resnet20"),
    hidden=(),
)
