"""timm's resnetv2 networks: `stages.0.blocks.0.norm1`, and a 1x1 convolution as classifier.

Pre-activation networks, and bottlenecks in the original ordering, which timm's hybrid vision
transformers contain.
"""

from dataclasses import replace

from resnet_duet.weights.conventions import RESNET_D, TORCHVISION_CONVENTIONS, apply_conventions
from resnet_duet.weights.dialect import TORCH, Dialect, unchanged_names
from resnet_duet.weights.numbering import numbered
from resnet_spec import Plan, ResNetSpec
from resnet_spec.layers import Conv, Norm
from resnet_spec.structure import Block

STEM = {Conv: "conv", Norm: "norm"}
DEEP_STEM = BRANCH = {Conv: "conv{}", Norm: "norm{}"}


def layer_names(plan: Plan) -> dict[str, str]:
    """Everything counts from 0, except for the layers of a block and of a deep stem."""
    is_deep = len(plan.spec.stem.channels) > 1
    names = {"norm": "norm", "fc": "head.fc"}
    names |= numbered(plan.stem, "stem.", DEEP_STEM if is_deep else STEM)
    for number, stage in enumerate(plan.stages):
        for position, block in enumerate(stage.blocks):
            names |= _block(block, f"stages.{number}.blocks.{position}.")
    return names


def _block(block: Block, prefix: str) -> dict[str, str]:
    """Convolutions and norms have separate counters: norm1 may come before or after conv1."""
    layers = (*block.pre, *block.branch, *block.post)
    names = numbered(block.shortcut or (), f"{prefix}downsample.", STEM)
    for kind, word in BRANCH.items():
        own = [layer for layer in layers if isinstance(layer, kind)]
        names |= {x.name: prefix + word.format(i) for i, x in enumerate(own, start=1)}
    return names


def default_spec(spec: ResNetSpec) -> ResNetSpec:
    """torchvision's conventions. Its deep stems are ResNet-D's."""
    is_deep = len(spec.stem.channels) > 1
    return apply_conventions(
        spec, TORCHVISION_CONVENTIONS | (RESNET_D if is_deep else {}), layer_names
    )


TIMM = replace(TORCH, axes={"OI": "OI11"})
DIALECT = Dialect("timm_v2", TIMM, layer_names, default_spec, unchanged_names)
