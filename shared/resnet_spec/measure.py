"""What follows from a plan by arithmetic: feature-map sizes, parameters, multiply-adds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod

from resnet_spec.choices import StemPool
from resnet_spec.layers import Conv, Dense, Layer, Shape
from resnet_spec.structure import IMAGE, Chain, Plan

Size = tuple[int, int]  # (height, width)


@dataclass(frozen=True)
class Count:
    """Counts of one or several layers.

    Attributes:
        parameters: values that training learns.
        statistics: values that training measures: running means and variances.
        macs: multiply-adds of convolutions and of the classifier. A FLOP count is twice as large.
    """

    parameters: int
    statistics: int
    macs: int


def default_image_size(plan: Plan) -> Size:
    """(height, width): ImageNet's 224x224, or CIFAR's 32x32 if the stem has no pool."""
    return (32, 32) if plan.spec.stem.pool is StemPool.NONE else (224, 224)


def shapes(plan: Plan, size: Size) -> dict[str, Shape]:
    """{name of a layer, sum, block or stage: its output shape without the batch axis}.

    Args:
        plan: the network.
        size: (height, width) of the image.

    Returns:
        Shapes (C, H, W), or (C,) after the global pool.
    """
    found: dict[str, Shape] = {IMAGE: (plan.spec.in_channels, *size)}
    for node in plan.walk():
        shape = found[node.inputs[0]]
        found[node.name] = shape if node.layer is None else node.layer.output_shape(shape)
    return found | {name: found[output] for name, output in plan.outputs().items()}


def total(plan: Plan, size: Size) -> Count:
    """Parameters, running statistics and multiply-adds of a whole network.

    Args:
        plan: the network.
        size: (height, width) of the image.
    """
    return count(plan.layers(), shapes(plan, size))


def count(layers: Iterable[Layer], outputs: Mapping[str, Shape]) -> Count:
    """Parameters, running statistics and multiply-adds of some layers.

    Args:
        layers: the layers.
        outputs: {layer name: output shape}, see `shapes`; it may name other layers as well.
    """
    parameters = statistics = macs = 0
    for layer in layers:
        for array in layer.arrays():
            if array.role.is_statistic:
                statistics += prod(array.shape)
            else:
                parameters += prod(array.shape)
        macs += layer.macs(outputs[layer.name])
    return Count(parameters, statistics, macs)


def depth(plan: Plan) -> int:
    """The number in a network's name: convolutions on the longest path, and the classifier."""
    path = [n.layer for n in plan.walk() if n.chain in (Chain.STEM, Chain.BRANCH, Chain.HEAD)]
    return sum(isinstance(layer, (Conv, Dense)) for layer in path)
