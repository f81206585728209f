"""torchvision, and every PyTorch code that kept its names: timm's v1 nets, many repositories."""

from dataclasses import replace

from resnet_duet.port.dialect import TORCH, Dialect, as_written, canonical_names
from resnet_spec import ResNetSpec


def usual(spec: ResNetSpec) -> ResNetSpec:
    """torchvision and timm stride in the 3x3 only."""
    return replace(spec, stride_in_1x1=False)


DIALECT = Dialect("torchvision", TORCH, canonical_names, usual, as_written)
