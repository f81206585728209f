"""Caffe's names in Keras: keras.applications up to 2018, keras-resnet, Mask R-CNN.

`res2a_branch2a`, `bn2a_branch2a`, and `branch1` for the projection.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from string import ascii_lowercase

from resnet_duet.weights.conventions import TORCHVISION_CONVENTIONS, apply_conventions
from resnet_duet.weights.dialect import KERAS, Dialect
from resnet_duet.weights.numbering import numbered, unambiguous
from resnet_spec import Bias, Padding, Plan, ResNetSpec, Role, StemPool
from resnet_spec.layers import Conv, Norm

KERAS_APPLICATIONS = TORCHVISION_CONVENTIONS | {
    "stride_in_1x1": True,
    "stem.pool": StemPool.ZERO,
    "norm_eps": 1e-3,
    "norm_decay": 0.99,
}
KERAS_RESNET = KERAS_APPLICATIONS | {
    "stem.pool": StemPool.SAME,
    "padding": Padding.SAME,
    "norm_eps": 1e-5,
}


def layer_names(plan: Plan) -> dict[str, str]:
    """Stages count from 2. Blocks and the convolutions of a branch have letters."""
    return _names(plan, _letters)


def _names(plan: Plan, blocks: Callable[[int], Sequence[str]]) -> dict[str, str]:
    names = {"conv1": "conv1", "bn1": "bn_conv1", "fc": "fc1000"}
    for number, stage in enumerate(plan.stages, start=2):
        for block, letter in zip(stage.blocks, blocks(len(stage.blocks)), strict=True):
            path = f"{number}{letter}_branch"
            branch = {Conv: "res" + path + "2{:c}", Norm: "bn" + path + "2{:c}"}
            shortcut = {Conv: f"res{path}1", Norm: f"bn{path}1"}
            names |= numbered(block.branch, "", branch, first=ord("a"))
            names |= numbered(block.shortcut or (), "", shortcut)
    return names


def _letters(depth: int) -> Sequence[str]:
    """a, b, c, ...; Caffe's numbers for more blocks than letters."""
    return ascii_lowercase[:depth] if depth <= len(ascii_lowercase) else _numbers(depth)


def _numbers(depth: int) -> Sequence[str]:
    """a, b1, b2, ...: the middle stages of Caffe's networks of 101 layers and more."""
    return ["a", *(f"b{number}" for number in range(1, depth))]


def normalize_names(names: Collection[str], plan: Plan) -> Mapping[str, str]:
    """keras-resnet numbers blocks as Caffe, Mask R-CNN has letters for the same network."""
    letters, numbers = layer_names(plan), _names(plan, _numbers)
    aliases = {
        DIALECT.array_name(numbers[layer], role): DIALECT.array_name(name, role)
        for layer, name in letters.items()
        for role in Role
    }
    return unambiguous({name: aliases.get(name, name) for name in names})


def default_spec(spec: ResNetSpec) -> ResNetSpec:
    """Networks without biases are keras-resnet's, the others those of keras.applications."""
    conventions = KERAS_RESNET if spec.bias is Bias.NEVER else KERAS_APPLICATIONS
    return apply_conventions(spec, conventions, layer_names)


DIALECT = Dialect("keras_caffe", KERAS, layer_names, default_spec, normalize_names)
