"""TF-slim's checkpoints: `resnet_v1_50/block1/unit_1/bottleneck_v1/conv1/weights`.

Bottlenecks only. The classifier is a 1x1 convolution. Deep stems have the names of DeepLab's
"beta" networks.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

from resnet_duet.port.dialect import KERAS, Dialect, as_they_run, as_written
from resnet_duet.port.habit import LIKE_TORCHVISION, adopt
from resnet_duet.port.names import numbered
from resnet_spec import (
    BlockKind,
    Ordering,
    Plan,
    ResNetSpec,
    Role,
    ShortcutKind,
    StemPool,
    StrideBlock,
)
from resnet_spec.layers import Conv, Norm

SLIM = replace(
    KERAS,
    words={**KERAS.words, Role.KERNEL: "weights", Role.BIAS: "biases"},
    axes={**KERAS.axes, "OI": "11IO"},
    listing=as_they_run,  # a checkpoint sorts its names
)
STEM = BRANCH = {Conv: "conv{}", Norm: "conv{}/BatchNorm"}
DEEP_STEM = {Conv: "conv1_{}", Norm: "conv1_{}/BatchNorm"}
SHORTCUT = {Conv: "shortcut", Norm: "shortcut/BatchNorm"}

HABITS = LIKE_TORCHVISION | {
    "shortcut.kind": ShortcutKind.PROJECTION_ON_GROWTH,
    "stride_block": StrideBlock.LAST,
    "stem.pool": StemPool.SAME,
    "norm_decay": 0.997,
}


def layer_names(plan: Plan) -> dict[str, str]:
    """Blocks are units, stages are blocks, and both count from 1."""
    scope = _scope(plan)
    is_deep = len(plan.spec.stem.channels) > 1
    names = {"norm": f"{scope}/postnorm", "fc": f"{scope}/logits"}
    names |= numbered(plan.stem, f"{scope}/", DEEP_STEM if is_deep else STEM)
    if plan.spec.block is BlockKind.BASIC:
        return names
    for number, stage in enumerate(plan.stages, start=1):
        for position, block in enumerate(stage.blocks, start=1):
            prefix = f"{scope}/block{number}/unit_{position}/bottleneck_v{_version(plan)}/"
            names |= numbered(block.pre, prefix, {Norm: "preact"})
            names |= numbered(block.branch, prefix, BRANCH)
            names |= numbered(block.shortcut or (), prefix, SHORTCUT)
    return names


def _version(plan: Plan) -> int:
    return 2 if plan.spec.ordering is Ordering.FULL_PREACTIVATION else 1


def _scope(plan: Plan) -> str:
    """Named by version and depth: one layer for any stem, one for the classifier, there or not."""
    depth = 2 + sum(len(plan.spec.block.kernels) for _ in plan.blocks())
    return f"resnet_v{_version(plan)}_{depth}"


def spelling(names: Collection[str], plan: Plan) -> Mapping[str, str]:
    """The scope is whatever its caller called it; everything of a network is in it."""
    parts = {name: name.partition("/") for name in names}
    if len({scope for scope, *_ in parts.values()}) != 1:
        return as_written(names, plan)
    own = _scope(plan)
    return {name: own + separator + rest for name, (_, separator, rest) in parts.items()}


def usual(spec: ResNetSpec) -> ResNetSpec:
    """A stage's last block strides, in its 3x3; the first pool is TensorFlow's `SAME`."""
    return adopt(spec, HABITS, layer_names)


DIALECT = Dialect("tf_slim", SLIM, layer_names, usual, spelling)
