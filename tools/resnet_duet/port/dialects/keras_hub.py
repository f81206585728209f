"""KerasHub's ResNetBackbone, and the classifier on it: `stack0_block0_1_conv`, `predictions`."""

from resnet_duet.port.dialect import KERAS_SHORTCUT_FIRST, Dialect, as_written
from resnet_duet.port.dialects.keras_applications import WORDS, block_names
from resnet_duet.port.habit import LIKE_TORCHVISION, RESNET_D, adopt
from resnet_duet.port.names import numbered
from resnet_spec import Plan, ResNetSpec


def layer_names(plan: Plan) -> dict[str, str]:
    """keras.applications' names, but that stages and blocks count from 0."""
    names = {"norm": "post_bn", "fc": "predictions"} | numbered(plan.stem, "conv", WORDS)
    for number, stage in enumerate(plan.stages):
        for position, block in enumerate(stage.blocks):
            names |= block_names(block, f"stack{number}_block{position}_", "pre_activation_bn")
    return names


def usual(spec: ResNetSpec) -> ResNetSpec:
    """torchvision's numbers, as its weights come from timm; its deep stems are ResNet-D's.

    Its first pool has zeros at the border where a ReLU stands before it, so that they never win.
    """
    is_deep = len(spec.stem.channels) > 1
    return adopt(spec, LIKE_TORCHVISION | (RESNET_D if is_deep else {}), layer_names)


DIALECT = Dialect("keras_hub", KERAS_SHORTCUT_FIRST, layer_names, usual, as_written)
