"""detectron2's backbones: `res2.0.conv1`, whose norm is within it, `res2.0.conv1.norm`.

Deep stems have the names of its DeepLab project.
"""

from collections.abc import Collection, Mapping

from resnet_duet.port.dialect import TORCH, Dialect
from resnet_duet.port.habit import LIKE_TORCHVISION, adopt
from resnet_duet.port.names import numbered, unambiguous
from resnet_spec import Plan, ResNetSpec
from resnet_spec.layers import Conv, Norm

BRANCH = {Conv: "conv{}", Norm: "conv{}.norm"}
SHORTCUT = {Conv: "shortcut", Norm: "shortcut.norm"}
LINEAR, CONVERTED = "linear", "stem.fc"  # its converter of torchvision's files says the latter

HABITS = LIKE_TORCHVISION | {"stride_in_1x1": True}


def layer_names(plan: Plan) -> dict[str, str]:
    """Stages count from res2, blocks from 0."""
    names = {"fc": LINEAR} | numbered(plan.stem, "stem.", BRANCH)
    for number, stage in enumerate(plan.stages, start=2):
        for position, block in enumerate(stage.blocks):
            prefix = f"res{number}.{position}."
            names |= numbered(block.branch, prefix, BRANCH)
            names |= numbered(block.shortcut or (), prefix, SHORTCUT)
    return names


def spelling(names: Collection[str], plan: Plan) -> Mapping[str, str]:
    """The classifier has two names."""
    pairs = {
        DIALECT.array_name(CONVERTED, role): DIALECT.array_name(LINEAR, role)
        for role in DIALECT.layout.words
    }
    return unambiguous({name: pairs.get(name, name) for name in names})


def usual(spec: ResNetSpec) -> ResNetSpec:
    """The networks of the paper's authors, from which its configurations start, are v1."""
    return adopt(spec, HABITS, layer_names)


DIALECT = Dialect("detectron2", TORCH, layer_names, usual, spelling)
