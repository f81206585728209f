"""akamaster/pytorch_resnet_cifar10: `linear` for `fc`, `shortcut` for `downsample`."""

from resnet_duet.weights.conventions import apply_conventions
from resnet_duet.weights.dialect import TORCH, Dialect, unchanged_names
from resnet_duet.weights.dialects.kuangliu import layer_names
from resnet_spec import ResNetSpec, ShortcutKind


def default_spec(spec: ResNetSpec) -> ResNetSpec:
    """Its option A pads on both sides. It has no plain networks."""
    return apply_conventions(spec, {"shortcut.kind": ShortcutKind.ZERO_PAD_BOTH_SIDES}, layer_names)


DIALECT = Dialect("akamaster", TORCH, layer_names, default_spec, unchanged_names)
