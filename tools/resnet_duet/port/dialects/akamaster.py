"""akamaster/pytorch_resnet_cifar10: torchvision's names, but the classifier is `linear`."""

from resnet_duet.port.dialect import TORCH, Dialect, canonical_names
from resnet_spec import Plan, ResNetSpec, ShortcutKind


def layer_names(plan: Plan) -> dict[str, str]:
    """The canonical names, and `linear` for `fc`."""
    return canonical_names(plan) | {"fc": "linear"}


def builds(spec: ResNetSpec) -> bool:
    """Its option A has the new channels on both sides; it has no plain networks."""
    return spec.shortcut.kind not in (ShortcutKind.NONE, ShortcutKind.ZERO_PAD_END)


DIALECT = Dialect("akamaster", TORCH, layer_names, builds)
