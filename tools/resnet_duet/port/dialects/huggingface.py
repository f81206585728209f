"""Hugging Face transformers' ResNet: `resnet.encoder.stages.0.layers.0.layer.0.convolution`."""

from collections.abc import Collection, Mapping

from resnet_duet.port.dialect import TORCH, Dialect
from resnet_duet.port.habit import LIKE_TORCHVISION, adopt
from resnet_duet.port.names import numbered, unambiguous
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


def spelling(names: Collection[str], plan: Plan) -> Mapping[str, str]:
    """The body may stand within a classifier or alone, and the classifier's may lack its head."""
    if _is_headless(plan):
        return unambiguous({name: name.removeprefix(BODY) for name in names})
    return unambiguous(
        {name: name if name.startswith((BODY, HEAD)) else BODY + name for name in names}
    )


def usual(spec: ResNetSpec) -> ResNetSpec:
    """v1.5, unless `downsample_in_bottleneck` is said."""
    return adopt(spec, LIKE_TORCHVISION, layer_names)


DIALECT = Dialect("huggingface", TORCH, layer_names, usual, spelling)
