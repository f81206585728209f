"""akamaster/pytorch_resnet_cifar10: torchvision's names, but the classifier is `linear`."""

from resnet_spec import Plan

from resnet_duet.port.dialect import TORCH, Dialect


def layer_names(plan: Plan) -> dict[str, str]:
    """The canonical names, and `linear` for `fc`."""
    return {layer.name: layer.name for layer in plan.layers()} | {"fc": "linear"}


DIALECT = Dialect("akamaster", "CIFAR nets of akamaster and kin", TORCH, layer_names)
