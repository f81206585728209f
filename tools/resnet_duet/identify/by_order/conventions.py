"""The conventions of code that no dialect describes, known by how it names its modules.

A file of weights that is placed by order shows neither padding nor epsilons. Code with these names
is widespread, and always makes the same choices.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import resnet_spec
from resnet_duet.graphs.operations import Weight
from resnet_duet.identify.by_order.layers import Path, split
from resnet_duet.identify.placement import CANONICAL, Placement
from resnet_duet.weights.conventions import (
    TORCHVISION_CONVENTIONS,
    Conventions,
    apply_conventions,
)
from resnet_duet.weights.dialect import KERAS, Dialect
from resnet_duet.weights.dialects import dialect, keras_numbered
from resnet_spec import Padding, ResNetSpec, Role, StemPool
from resnet_spec.layers import Conv
from resnet_spec.structure import Block, Chain

ANY_NAME = ""  # of a block, such as the user's class
# A tutorial's Keras network with torchvision's strides and epsilon, TensorFlow's padding, and
# another epsilon in the norms of projections.
KERAS_TUTORIAL: Conventions = TORCHVISION_CONVENTIONS | {
    "stem.pool": StemPool.SAME,
    "padding": Padding.SAME,
    "norm_eps": 1e-5,
    "shortcut.norm_eps": 1.001e-5,
}


@dataclass(frozen=True)
class Naming:
    """How some code names its modules, and the choices that it makes.

    Attributes:
        example: the name of a module, for people.
        stages: the name of each stage.
        block: what a block's name begins with; its position follows. ANY_NAME for any name.
        first: the position of the first block.
        shortcut: a module of every projection within its block; None if projections may have
            any name.
        choices: that the code always makes.
    """

    example: str
    stages: tuple[str, ...]
    block: str
    first: int
    shortcut: str | None
    choices: Conventions

    def block_name(self, position: int) -> str:
        """The name of a block, or ANY_NAME."""
        return f"{self.block}{self.first + position}" if self.block else ANY_NAME


NUMBERED = ("block1", "block2", "block3", "block4")
SAVED = (  # the stages of a functional model, after the stem's convolution and norm
    "layer_with_weights-2",
    "layer_with_weights-3",
    "layer_with_weights-4",
    "layer_with_weights-5",
)
COUNTED = ("sequential", "sequential_1", "sequential_2", "sequential_3")
NAMINGS = (
    # Keras' own names of layers.
    Naming("block1/unit_1", NUMBERED, "unit_", 1, None, KERAS_TUTORIAL),
    # The same code in a TensorFlow checkpoint, which has the attributes of the Python objects.
    Naming(
        "block1/layer_with_weights-0/shortcut",
        NUMBERED,
        "layer_with_weights-",
        0,
        "shortcut",
        KERAS_TUTORIAL,
    ),
    # The same code as a functional model in a TensorFlow checkpoint.
    Naming(
        "layer_with_weights-2/layer_with_weights-0/shortcut",
        SAVED,
        "layer_with_weights-",
        0,
        "shortcut",
        KERAS_TUTORIAL,
    ),
    # The same code in a .weights.h5 of Keras 2, which counts the objects of each class.
    Naming("sequential/block/shortcut", COUNTED, ANY_NAME, 0, "shortcut", KERAS_TUTORIAL),
)


@dataclass(frozen=True)
class CodeConventions:
    """The conventions of the code that wrote a file.

    Attributes:
        code: the code, for people: "as in {code}".
        choices: that it always makes.
    """

    code: str
    choices: Conventions

    def dialect(self) -> Dialect:
        """The canonical dialect with these conventions."""
        own = dialect(CANONICAL)

        def default_spec(spec: ResNetSpec) -> ResNetSpec:
            return apply_conventions(spec, self.choices, own.layer_names)

        return replace(own, default_spec=default_spec)


KERAS_DEFAULTS = CodeConventions("Keras' defaults", keras_numbered.CONVENTIONS)


def conventions_of(placement: Placement) -> CodeConventions | None:
    """The conventions of a file in Keras' layout; None for PyTorch's, which has torchvision's.

    Args:
        placement: of the file's arrays.
    """
    paths = _paths(placement)
    for naming in NAMINGS:
        if _has(naming, placement.spec, paths):
            return CodeConventions(f"Keras code with names like {naming.example}", naming.choices)
    return KERAS_DEFAULTS if _is_keras(placement) else None


def _is_keras(placement: Placement) -> bool:
    """Whether the kernels of convolutions have Keras' axes."""
    kernels = (w for array, w in placement.weights.items() if isinstance(array.layer, Conv))
    axes = {weight.axes for weight in kernels if isinstance(weight, Weight)}
    return KERAS.axes["OIHW"] in axes


def _paths(placement: Placement) -> dict[str, Path]:
    """{canonical name of a layer: components of its name in the file}."""
    return {
        array.layer.name: split(weight.name)[0]
        for array, weight in placement.weights.items()
        if array.role in (Role.KERNEL, Role.SCALE, Role.MEAN) and isinstance(weight, Weight)
    }


def _has(naming: Naming, spec: ResNetSpec, paths: Mapping[str, Path]) -> bool:
    """Whether all blocks and all projections have such names."""
    plan = resnet_spec.plan(spec)
    if len(plan.stages) > len(naming.stages):
        return False
    shortcuts = [node.name for node in plan.walk() if node.chain is Chain.SHORTCUT and node.layer]
    own = [paths[name] for name in shortcuts if name in paths]
    if naming.shortcut is not None and not (own and all(naming.shortcut in p for p in own)):
        return False
    return all(
        _is_named(block, (stage_name, naming.block_name(position)), paths)
        for stage_name, stage in zip(naming.stages, plan.stages, strict=False)
        for position, block in enumerate(stage.blocks)
    )


def _is_named(block: Block, names: tuple[str, str], paths: Mapping[str, Path]) -> bool:
    """Whether the layers of a block's branch are in a block and a stage of these names.

    The file may have more components in front, for instance `layers`.
    """
    own = [paths[layer.name] for layer in block.branch if layer.name in paths]
    return bool(own) and all(_contains(path, names) for path in own)


def _contains(path: Path, names: tuple[str, str]) -> bool:
    stage, block = names
    return any(a == stage and block in (ANY_NAME, b) for a, b in pairwise(path[:-1]))
