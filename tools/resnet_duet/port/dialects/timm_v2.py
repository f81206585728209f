"""timm's resnetv2 networks: `stages.0.blocks.0.norm1`, and a 1x1 convolution as classifier.

Pre-activation, and the original ordering of bottlenecks, which timm's vision transformers stand on.
"""

from dataclasses import replace

from resnet_duet.port.dialect import TORCH, Dialect, as_written
from resnet_duet.port.habit import LIKE_TORCHVISION, RESNET_D, adopt
from resnet_duet.port.names import numbered
from resnet_spec import Plan, ResNetSpec
from resnet_spec.layers import Block, Conv, Norm

STEM = {Conv: "conv", Norm: "norm"}
DEEP_STEM = BRANCH = {Conv: "conv{}", Norm: "norm{}"}


def layer_names(plan: Plan) -> dict[str, str]:
    """Everything counts from 0 but the layers of a block and of a deep stem."""
    is_deep = len(plan.spec.stem.channels) > 1
    names = {"norm": "norm", "fc": "head.fc"}
    names |= numbered(plan.stem, "stem.", DEEP_STEM if is_deep else STEM)
    for number, stage in enumerate(plan.stages):
        for position, block in enumerate(stage.blocks):
            names |= _block(block, f"stages.{number}.blocks.{position}.")
    return names


def _block(block: Block, prefix: str) -> dict[str, str]:
    """Convolutions and norms count for themselves: norm1 may stand before conv1 or behind it."""
    layers = (*block.pre, *block.branch, *block.tail)
    names = numbered(block.shortcut or (), f"{prefix}downsample.", STEM)
    for kind, word in BRANCH.items():
        own = [layer for layer in layers if isinstance(layer, kind)]
        names |= {x.name: prefix + word.format(i) for i, x in enumerate(own, start=1)}
    return names


def usual(spec: ResNetSpec) -> ResNetSpec:
    """torchvision's numbers; its deep stems are ResNet-D's."""
    is_deep = len(spec.stem.channels) > 1
    return adopt(spec, LIKE_TORCHVISION | (RESNET_D if is_deep else {}), layer_names)


TIMM = replace(TORCH, axes={"OI": "OI11"})
DIALECT = Dialect("timm_v2", TIMM, layer_names, usual, as_written)
