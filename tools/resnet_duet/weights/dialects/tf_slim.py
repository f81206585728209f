"""TF-slim's checkpoints: `resnet_v1_50/block1/unit_1/bottleneck_v1/conv1/weights`.

Bottlenecks only. The classifier is a 1x1 convolution. Deep stems have the names of DeepLab's
"beta" networks.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

from resnet_duet.weights.conventions import TORCHVISION_CONVENTIONS, apply_conventions
from resnet_duet.weights.dialect import KERAS, Dialect, execution_order, unchanged_names
from resnet_duet.weights.numbering import numbered
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
    listing=execution_order,  # a checkpoint sorts its names
)
STEM = BRANCH = {Conv: "conv{}", Norm: "conv{}/BatchNorm"}
DEEP_STEM = {Conv: "conv1_{}", Norm: "conv1_{}/BatchNorm"}
SHORTCUT = {Conv: "shortcut", Norm: "shortcut/BatchNorm"}

CONVENTIONS = TORCHVISION_CONVENTIONS | {
    "shortcut.kind": ShortcutKind.PROJECTION_ON_GROWTH,
    "stride_block": StrideBlock.LAST,
    "stem.pool": StemPool.SAME,
    "norm_decay": 0.997,
}


def layer_names(plan: Plan) -> dict[str, str]:
    """It calls stages blocks and blocks units. Both count from 1."""
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
    """The scope of a network's names, as `resnet_v1_50`.

    Its depth counts one layer for any stem, and one for the classifier, with or without a head.
    """
    depth = 2 + sum(len(plan.spec.block.kernels) for _ in plan.blocks())
    return f"resnet_v{_version(plan)}_{depth}"


def normalize_names(names: Collection[str], plan: Plan) -> Mapping[str, str]:
    """The user chooses the scope. All arrays of a network are in one scope."""
    parts = {name: name.partition("/") for name in names}
    if len({scope for scope, *_ in parts.values()}) != 1:
        return unchanged_names(names, plan)
    own = _scope(plan)
    return {name: own + separator + rest for name, (_, separator, rest) in parts.items()}


def default_spec(spec: ResNetSpec) -> ResNetSpec:
    """A stage's last block strides, in its 3x3. The first pool has the padding `SAME`."""
    return apply_conventions(spec, CONVENTIONS, layer_names)


DIALECT = Dialect("tf_slim", SLIM, layer_names, default_spec, normalize_names)
