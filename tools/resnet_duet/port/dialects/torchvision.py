"""torchvision, and every PyTorch code that kept its names: timm, most CIFAR repositories."""

from resnet_duet.port.dialect import TORCH, Dialect, canonical_names
from resnet_spec import ResNetSpec


def builds(spec: ResNetSpec) -> bool:
    """torchvision and timm stride in the 3x3 only."""
    return not spec.stride_in_1x1


DIALECT = Dialect("torchvision", TORCH, canonical_names, builds)
