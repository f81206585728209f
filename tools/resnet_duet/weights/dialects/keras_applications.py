"""keras.applications, ResNet and ResNetV2: `conv2_block1_1_conv`, `conv2_block1_0_bn`."""

from resnet_duet.weights.conventions import TORCHVISION_CONVENTIONS, apply_conventions
from resnet_duet.weights.dialect import KERAS_SHORTCUT_FIRST, Dialect, unchanged_names
from resnet_duet.weights.numbering import numbered
from resnet_spec import Ordering, Plan, ResNetSpec, ShortcutKind, StemPool, StrideBlock
from resnet_spec.layers import Conv, Norm
from resnet_spec.structure import Block

WORDS = {Conv: "{}_conv", Norm: "{}_bn"}

V1 = TORCHVISION_CONVENTIONS | {
    "stride_in_1x1": True,
    "stem.pool": StemPool.ZERO,
    "norm_eps": 1.001e-5,
    "norm_decay": 0.99,
}
V2 = V1 | {
    "stride_in_1x1": False,
    "stride_block": StrideBlock.LAST,
    "shortcut.kind": ShortcutKind.PROJECTION_ON_GROWTH,
}


def layer_names(plan: Plan) -> dict[str, str]:
    """Stages count from conv2, blocks from block1, a block's convolutions from 1, shortcut 0."""
    names = {"conv1": "conv1_conv", "bn1": "conv1_bn", "norm": "post_bn", "fc": "predictions"}
    for number, stage in enumerate(plan.stages, start=2):
        for position, block in enumerate(stage.blocks, start=1):
            names |= block_names(block, f"conv{number}_block{position}_", "preact_bn")
    return names


def block_names(block: Block, prefix: str, pre: str) -> dict[str, str]:
    """Names of a block's layers.

    A convolution and the norm after it share a number.

    Args:
        block: the block.
        prefix: of all names.
        pre: name of the norm before the first convolution.
    """
    return {
        **numbered(block.pre, prefix, {Norm: pre}),
        **numbered(block.branch, prefix, WORDS),
        **numbered(block.shortcut or (), prefix, WORDS, first=0),
    }


def default_spec(spec: ResNetSpec) -> ResNetSpec:
    """V1 strides in the first 1x1, V2 in the 3x3 of a stage's last block."""
    is_v2 = spec.ordering is Ordering.FULL_PREACTIVATION
    return apply_conventions(spec, V2 if is_v2 else V1, layer_names)


DIALECT = Dialect(
    "keras_applications", KERAS_SHORTCUT_FIRST, layer_names, default_spec, unchanged_names
)
