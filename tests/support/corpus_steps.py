"""A network as a list of steps, which the corpus builds in every framework and edits."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

import resnet_spec
from resnet_spec import ResNetSpec, Role
from resnet_spec.choices import BlockKind
from resnet_spec.layers import Conv, Dense, Layer
from resnet_spec.structure import IMAGE

Weights = Mapping[str, Mapping[Role, np.ndarray]]  # of each step that has any


class Merge(StrEnum):
    """An operation on two tensors. ResNets only add."""

    ADD = "add"
    MAXIMUM = "maximum"
    AVERAGE = "average"
    SUBTRACT = "subtract"
    MULTIPLY = "multiply"


class Function(StrEnum):
    """A function of each value, or of the values of an image. ResNets only have ReLU."""

    LEAKY = "leaky_relu"  # slope 0.3
    RELU6 = "relu6"
    GELU = "gelu"
    TANH = "tanh"
    SIGMOID = "sigmoid"


@dataclass(frozen=True)
class Activated:
    """A convolution or a dense layer with an activation inside the layer, as Keras has it."""

    layer: Conv | Dense
    function: Function


@dataclass(frozen=True)
class StemAveragePool:
    """A 3x3 average pool of stride 2 without padding."""


@dataclass(frozen=True)
class GlobalMaxPool:
    """The maximum over height and width: (N, C)."""


Operation = Layer | Merge | Function | Activated | StemAveragePool | GlobalMaxPool


@dataclass(frozen=True)
class Step:
    """An operation on tensors.

    Attributes:
        name: of its output.
        operation: what it does.
        inputs: names of the tensors that it reads; IMAGE for the network's input.
    """

    name: str
    operation: Operation
    inputs: tuple[str, ...]

    @property
    def layer(self) -> Layer | None:
        """The layer that has the weights; None for an operation without any."""
        if isinstance(self.operation, Activated):
            return self.operation.layer
        return self.operation if isinstance(self.operation, Layer) else None


Steps = tuple[Step, ...]


def steps_of(spec: ResNetSpec) -> Steps:
    """A network in execution order, under random names."""
    rng = random.Random(spec.to_json())
    names = {IMAGE: IMAGE}
    steps = []
    for number, node in enumerate(resnet_spec.plan(spec).walk()):
        names[node.name] = f"{rng.choice('klmxyz')}{rng.randrange(1000, 10_000)}{number}"
        inputs = [names[name] for name in node.inputs]
        rng.shuffle(inputs)
        operation = Merge.ADD if node.layer is None else node.layer
        steps.append(Step(names[node.name], operation, tuple(inputs)))
    return tuple(steps)


def weights_of(steps: Steps, seed: int) -> Weights:
    """Random float32 arrays in PyTorch's layouts, with the statistics of a trained network."""
    rng = np.random.default_rng(seed)
    return {
        step.name: {
            array.role: _random(array.role, array.shape, rng).astype(np.float32)
            for array in step.layer.arrays()
        }
        for step in steps
        if step.layer is not None
    }


def _random(role: Role, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    match role:
        case Role.KERNEL:
            return rng.normal(scale=np.sqrt(2 / np.prod(shape[1:])), size=shape)
        case Role.SCALE:
            return rng.uniform(1, 3, shape)  # some values exceed 6, which ReLU6 clips
        case Role.VAR:
            return rng.uniform(0.5, 1.5, shape)
        case _:
            return rng.normal(scale=0.1, size=shape)


def small_networks() -> dict[str, ResNetSpec]:
    """{name of a zoo row: its network with two stages}, one for all rows that become equal."""
    found: dict[ResNetSpec, str] = {}
    for name in resnet_spec.names():
        found.setdefault(small(resnet_spec.get(name)), name)
    networks = {name: spec for spec, name in found.items()}
    for name in ("resnet18", "resnet50", "resnet18d"):
        spec = networks[name]
        networks[f"{name} dilated"] = replace(spec, output_stride=spec.stem.total_stride)
    return networks


def small(spec: ResNetSpec) -> ResNetSpec:
    """The network with two stages of two blocks, and few channels."""
    basic = spec.block is BlockKind.BASIC
    widths = (8, 12) if basic else (4, 8)
    own = spec.width_per_group
    per_group = own[:2] if isinstance(own, tuple) else own if spec.groups == 1 else 32
    channels = (4, 4, 8) if len(spec.stem.channels) > 1 else (8,)
    depth = min(spec.depths[0], 2)
    return replace(
        spec,
        depths=(depth, depth),
        widths=widths,
        width_per_group=per_group,
        groups=min(spec.groups, 2),
        stem=replace(spec.stem, channels=channels),
        num_classes=5,
    )


def consumers(steps: Steps, name: str) -> list[Step]:
    """The steps that read a tensor."""
    return [step for step in steps if name in step.inputs]


def of_kind(steps: Steps, *kinds: type) -> list[Step]:
    """The steps with an operation of one of these kinds."""
    return [step for step in steps if isinstance(step.operation, kinds)]


def replaced(steps: Steps, step: Step, operation: Operation) -> Steps:
    """The steps with another operation in one of them."""
    return tuple(replace(s, operation=operation) if s is step else s for s in steps)


def rewired(steps: Steps, step: Step, old: str, new: str) -> Steps:
    """The steps with one of them reading another tensor."""
    inputs = tuple(new if name == old else name for name in step.inputs)
    return tuple(replace(s, inputs=inputs) if s is step else s for s in steps)


def inserted(steps: Steps, after: Step, operation: Operation) -> Steps:
    """The steps with one more operation between a step and everything that reads it."""
    name = f"{after.name}0"
    later = steps[steps.index(after) + 1 :]
    moved = tuple(
        replace(s, inputs=tuple(name if i == after.name else i for i in s.inputs)) for s in later
    )
    return (
        *steps[: steps.index(after) + 1],
        Step(name, operation, (after.name,)),
        *moved,
    )
