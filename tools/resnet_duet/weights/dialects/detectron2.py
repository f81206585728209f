"""detectron2's backbones: `res2.0.conv1`, and its norm `res2.0.conv1.norm`.

Deep stems have the names of its DeepLab project.
"""

from collections.abc import Collection, Mapping

from resnet_duet.weights.conventions import TORCHVISION_CONVENTIONS, apply_conventions
from resnet_duet.weights.dialect import TORCH, Dialect
from resnet_duet.weights.numbering import numbered, unambiguous
from resnet_spec import Plan, ResNetSpec
from resnet_spec.layers import Conv, Norm

BRANCH = {Conv: "conv{}", Norm: "conv{}.norm"}
SHORTCUT = {Conv: "shortcut", Norm: "shortcut.norm"}
LINEAR, CONVERTED = "linear", "stem.fc"  # its converter of torchvision's files writes "stem.fc"

CONVENTIONS = TORCHVISION_CONVENTIONS | {"stride_in_1x1": True}


def layer_names(plan: Plan) -> dict[str, str]:
    """Stages count from res2, blocks from 0."""
    names = {"fc": LINEAR} | numbered(plan.stem, "stem.", BRANCH)
    for number, stage in enumerate(plan.stages, start=2):
        for position, block in enumerate(stage.blocks):
            prefix = f"res{number}.{position}."
            names |= numbered(block.branch, prefix, BRANCH)
            names |= numbered(block.shortcut or (), prefix, SHORTCUT)
    return names


def normalize_names(names: Collection[str], plan: Plan) -> Mapping[str, str]:
    """The classifier has two names."""
    pairs = {
        DIALECT.array_name(CONVERTED, role): DIALECT.array_name(LINEAR, role)
        for role in DIALECT.layout.words
    }
    return unambiguous({name: pairs.get(name, name) for name in names})


def default_spec(spec: ResNetSpec) -> ResNetSpec:
    """Its configurations start from the networks of the paper's authors, which are v1."""
    return apply_conventions(spec, CONVENTIONS, layer_names)


DIALECT = Dialect("detectron2", TORCH, layer_names, default_spec, normalize_names)
