"""KerasHub's ResNetBackbone, and the classifier on it: `stack0_block0_1_conv`, `predictions`."""

from resnet_duet.weights.conventions import RESNET_D, TORCHVISION_CONVENTIONS, apply_conventions
from resnet_duet.weights.dialect import KERAS_SHORTCUT_FIRST, Dialect, unchanged_names
from resnet_duet.weights.dialects.keras_applications import WORDS, block_names
from resnet_duet.weights.numbering import numbered
from resnet_spec import Plan, ResNetSpec


def layer_names(plan: Plan) -> dict[str, str]:
    """keras.applications' names, but stages and blocks count from 0."""
    names = {"norm": "post_bn", "fc": "predictions"} | numbered(plan.stem, "conv", WORDS)
    for number, stage in enumerate(plan.stages):
        for position, block in enumerate(stage.blocks):
            names |= block_names(block, f"stack{number}_block{position}_", "pre_activation_bn")
    return names


def default_spec(spec: ResNetSpec) -> ResNetSpec:
    """torchvision's conventions, as its weights come from timm. Its deep stems are ResNet-D's.

    Its first pool pads with zeros after a ReLU, so the padding is never the maximum.
    """
    is_deep = len(spec.stem.channels) > 1
    return apply_conventions(
        spec, TORCHVISION_CONVENTIONS | (RESNET_D if is_deep else {}), layer_names
    )


DIALECT = Dialect("keras_hub", KERAS_SHORTCUT_FIRST, layer_names, default_spec, unchanged_names)
