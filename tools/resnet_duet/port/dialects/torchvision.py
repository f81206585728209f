"""torchvision, and every PyTorch code that kept its names: timm, most CIFAR repositories."""

from resnet_spec import Plan

from resnet_duet.port.dialect import TORCH, Dialect


def layer_names(plan: Plan) -> dict[str, str]:
    """The canonical names themselves."""
    return {layer.name: layer.name for layer in plan.layers()}


DIALECT = Dialect("torchvision", "torchvision, timm, most PyTorch code", TORCH, layer_names)
