"""What follows from a plan by arithmetic: feature-map sizes, parameters, multiply-adds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod

from resnet_spec.choices import Padding, StemPool
from resnet_spec.layers import (
    AvgPool,
    Conv,
    Dense,
    GlobalAvgPool,
    Layer,
    MaxPool,
    Norm,
    Plan,
    Relu,
    ZeroPadChannels,
)
from resnet_spec.slots import layer_slots

Size = tuple[int, int]  # (height, width)
Shape = tuple[int, ...]  # (C, H, W), or (C,) after the global pool


@dataclass(frozen=True)
class Count:
    """Numbers of one or several layers: learned, measured by training, multiply-adds."""

    parameters: int
    statistics: int
    macs: int


def usual_size(plan: Plan) -> Size:
    """The image size the network's literature uses: 224x224, or CIFAR's 32x32 without a pool."""
    return (32, 32) if plan.spec.stem.pool is StemPool.NONE else (224, 224)


def shapes(plan: Plan, size: Size) -> dict[str, Shape]:
    """{name of a layer, block or stage: shape of its output without the batch axis}."""
    found: dict[str, Shape] = {}

    def run(layers: Iterable[Layer], shape: Shape) -> Shape:
        for layer in layers:
            shape = found[layer.name] = output_shape(layer, shape)
        return shape

    shape = run(plan.stem, (plan.spec.in_channels, *size))
    for stage in plan.stages:
        for block in stage.blocks:
            h = run(block.pre, shape)
            run(block.shortcut or (), h if block.shortcut_reads_pre else shape)
            shape = found[block.name] = run(block.tail, run(block.branch, h))
        found[stage.name] = shape
    run(plan.head, shape)
    return found


def output_shape(layer: Layer, shape: Shape) -> Shape:
    """Shape of a layer's output, (C, H, W) or (C,), from that of its input."""
    channels, *size = shape
    match layer:
        case Conv():
            return (layer.out_channels, *(_conv_size(layer, n) for n in size))
        case Norm() | Relu():
            return shape
        case MaxPool(border=StemPool.SAME):
            return (channels, *(_ceil(n, layer.stride) for n in size))
        case MaxPool():
            return (
                channels,
                *((n + 2 * layer.pad - layer.kernel) // layer.stride + 1 for n in size),
            )
        case AvgPool():
            return (channels, *(_ceil(n, layer.stride) for n in size))
        case ZeroPadChannels():
            return (layer.before + channels + layer.after, *size)
        case GlobalAvgPool():
            return (channels,)
        case Dense():
            return (layer.out_features,)


def total(plan: Plan, size: Size) -> Count:
    """Numbers of the whole network on an image of this size."""
    return count(plan.layers(), shapes(plan, size))


def count(layers: Iterable[Layer], outputs: Mapping[str, Shape]) -> Count:
    """Numbers of some layers, whose output shapes are among `outputs`.

    Multiply-adds are those of convolutions and the classifier, as the literature counts them.
    """
    parameters = statistics = macs = 0
    for layer in layers:
        for slot in layer_slots(layer):
            if slot.role.is_statistic:
                statistics += prod(slot.shape)
            else:
                parameters += prod(slot.shape)
        macs += _macs(layer, outputs[layer.name])
    return Count(parameters, statistics, macs)


def depth(plan: Plan) -> int:
    """The number in a network's name: convolutions on the longest path, and the classifier."""
    stem = sum(isinstance(layer, Conv) for layer in plan.stem)
    branches = sum(isinstance(layer, Conv) for b in plan.blocks() for layer in b.branch)
    return stem + branches + sum(isinstance(layer, Dense) for layer in plan.head)


def _macs(layer: Layer, output: Shape) -> int:
    match layer:
        case Conv():
            return layer.in_channels // layer.groups * layer.kernel**2 * prod(output)
        case Dense():
            return layer.in_features * layer.out_features
        case _:
            return 0


def _conv_size(layer: Conv, n: int) -> int:
    match layer.padding:
        case Padding.SAME:
            return _ceil(n, layer.stride)
        case Padding.SYMMETRIC:
            reach = layer.dilation * (layer.kernel - 1) + 1
            return (n + 2 * layer.pad - reach) // layer.stride + 1


def _ceil(n: int, stride: int) -> int:
    return -(-n // stride)
