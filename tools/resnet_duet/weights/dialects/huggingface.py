"""Hugging Face transformers' ResNet: `resnet.encoder.stages.0.layers.0.layer.0.convolution`."""

from collections.abc import Collection, Mapping

from resnet_duet.weights.conventions import TORCHVISION_CONVENTIONS, apply_conventions
from resnet_duet.weights.dialect import TORCH, Dialect
from resnet_duet.weights.numbering import numbered, unambiguous
from resnet_spec import Plan, ResNetSpec
from resnet_spec.layers import Conv, Norm

PAIR = {Conv: "convolution", Norm: "normalization"}
BRANCH = {Conv: "layer.{}.convolution", Norm: "layer.{}.normalization"}
BODY, HEAD = "resnet.", "classifier."


def layer_names(plan: Plan) -> dict[str, str]:
    """ResNetForImageClassification's names, or ResNetModel's for a network without a head."""
    body = "" if _is_headless(plan) else BODY
    names = {"fc": f"{HEAD}1"}
    if len(plan.spec.stem.channels) == 1:
        names |= numbered(plan.stem, f"{body}embedder.embedder.", PAIR)
    for number, stage in enumerate(plan.stages):
        for position, block in enumerate(stage.blocks):
            prefix = f"{body}encoder.stages.{number}.layers.{position}."
            names |= numbered(block.branch, prefix, BRANCH, first=0)
            names |= numbered(block.shortcut or (), f"{prefix}shortcut.", PAIR)
    return names


def _is_headless(plan: Plan) -> bool:
    return plan.spec.num_classes is None


def normalize_names(names: Collection[str], plan: Plan) -> Mapping[str, str]:
    """A body may have the prefix of a classifier's body or not, with and without a head."""
    if _is_headless(plan):
        return unambiguous({name: name.removeprefix(BODY) for name in names})
    return unambiguous(
        {name: name if name.startswith((BODY, HEAD)) else BODY + name for name in names}
    )


def default_spec(spec: ResNetSpec) -> ResNetSpec:
    """v1.5; its option `downsample_in_bottleneck` would be v1."""
    return apply_conventions(spec, TORCHVISION_CONVENTIONS, layer_names)


DIALECT = Dialect("huggingface", TORCH, layer_names, default_spec, normalize_names)
