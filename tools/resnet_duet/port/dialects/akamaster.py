"""akamaster/pytorch_resnet_cifar10: `linear` for `fc`, `shortcut` for `downsample`."""

from resnet_duet.port.dialect import TORCH, Dialect, as_written
from resnet_duet.port.dialects.kuangliu import layer_names
from resnet_duet.port.habit import adopt
from resnet_spec import ResNetSpec, ShortcutKind


def usual(spec: ResNetSpec) -> ResNetSpec:
    """Its option A has the new channels on both sides; it has no plain networks."""
    return adopt(spec, {"shortcut.kind": ShortcutKind.ZERO_PAD_BOTH_SIDES}, layer_names)


DIALECT = Dialect("akamaster", TORCH, layer_names, usual, as_written)
