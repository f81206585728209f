"""Where option A puts its new channels."""

from collections.abc import Iterator

from resnet_duet.experiments.difference import Difference, Exercise, Group, Mistake, World
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
    wrong_in="keras",
    mistakes=mistakes,
    shown=lambda: at_even_size("cifar_resnet20"),
    hidden=(),
    check=(
        "Compare outputs on random images: no array tells and all shapes are the same. In a"
        " shortcut alone fill each channel with its own number and see where the numbers come out."
    ),
    exercise=Exercise(
        task=(
            "A map of 4 channels, all pixels of channel c being c + 1, goes through option A's"
            " shortcut to 8 channels. Write down in which channels the numbers 1 to 4 come out for"
            " both forms, then write both in PyTorch and in Keras. What does `F.pad(x, (0, 0, 2,"
            " 2))` do, written by somebody who counts the channels as the second axis?"
        ),
        solution="""\
import torch
from keras import ops
from torch.nn import functional as F

x = torch.arange(1.0, 5.0).double()[None, :, None, None].expand(1, 4, 6, 6)
nhwc = x.permute(0, 2, 3, 1).numpy()


def ours(pads):
    return F.pad(x, (0, 0, 0, 0, *pads))[0, :, 0, 0].tolist()  # W, H, C: from the last axis


def theirs(pads):
    return ops.pad(nhwc, ((0, 0), (0, 0), (0, 0), pads)).numpy()[0, 0, 0].tolist()  # N, H, W, C


assert ours((2, 2)) == theirs((2, 2)) == [0, 0, 1, 2, 3, 4, 0, 0]
assert ours((0, 4)) == theirs((0, 4)) == [1, 2, 3, 4, 0, 0, 0, 0]
# The second pair is the last axis but one, the height: rows are added, and the sum will not fit.
assert F.pad(x, (0, 0, 2, 2)).shape == (1, 4, 10, 6)
print("both sides:", ours((2, 2)), " behind:", ours((0, 4)))
""",
    ),
)
