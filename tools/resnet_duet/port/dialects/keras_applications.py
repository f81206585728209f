"""keras.applications, ResNet and ResNetV2: `conv2_block1_1_conv`, `conv2_block1_0_bn`."""

from resnet_duet.port.dialect import KERAS_SHORTCUT_FIRST, Dialect, as_written
from resnet_duet.port.habit import LIKE_TORCHVISION, adopt
from resnet_duet.port.names import numbered
from resnet_spec import Ordering, Plan, ResNetSpec, ShortcutKind, StemPool, StrideBlock
from resnet_spec.layers import Block, Conv, Norm

WORDS = {Conv: "{}_conv", Norm: "{}_bn"}

V1 = LIKE_TORCHVISION | {
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
    """A convolution and the norm behind it share a number; `pre` is the norm before the first."""
    return {
        **numbered(block.pre, prefix, {Norm: pre}),
        **numbered(block.branch, prefix, WORDS),
        **numbered(block.shortcut or (), prefix, WORDS, first=0),
    }


def usual(spec: ResNetSpec) -> ResNetSpec:
    """V1 strides in the first 1x1, V2 in the 3x3 of a stage's last block."""
    is_v2 = spec.ordering is Ordering.FULL_PREACTIVATION
    return adopt(spec, V2 if is_v2 else V1, layer_names)


DIALECT = Dialect("keras_applications", KERAS_SHORTCUT_FIRST, layer_names, usual, as_written)
