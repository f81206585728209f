"""torchvision, and all PyTorch code that kept its names: timm's v1 networks, many repositories."""

from dataclasses import replace

from resnet_duet.weights.dialect import TORCH, Dialect, canonical_names, unchanged_names
from resnet_spec import ResNetSpec


def default_spec(spec: ResNetSpec) -> ResNetSpec:
    """torchvision and timm stride only in the 3x3 convolution."""
    return replace(spec, stride_in_1x1=False)


DIALECT = Dialect("torchvision", TORCH, canonical_names, default_spec, unchanged_names)
