"""plan -> the table of all arrays. Everything that names, counts or stores weights reads it."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from resnet_spec.layers import Conv, Dense, Layer, Norm, Plan


class Role(StrEnum):
    """What an array is to its layer. Each framework has its own word for most of them."""

    KERNEL = "kernel"
    BIAS = "bias"
    SCALE = "scale"  # gamma; torch: weight
    OFFSET = "offset"  # beta; torch: bias
    MEAN = "mean"  # running or moving mean
    VAR = "var"  # running or moving variance

    @property
    def is_statistic(self) -> bool:
        """Whether training measures it rather than learns it, as torch's buffers."""
        return self in (Role.MEAN, Role.VAR)


@dataclass(frozen=True, slots=True)
class Slot:
    """One array of a network.

    Attributes:
        layer: the layer it belongs to.
        role: what it is to that layer.
        axes: one letter for each axis: O output, I input, H height, W width, C channel.
        shape: in the order of `axes`. A grouped kernel has I = in_channels / groups.
    """

    layer: Layer
    role: Role
    axes: str
    shape: tuple[int, ...]


@lru_cache(maxsize=256)
def slots(plan: Plan) -> tuple[Slot, ...]:
    """Every array of the network, in the order in which its layers run."""
    return tuple(slot for layer in plan.layers() for slot in layer_slots(layer))


def layer_slots(layer: Layer) -> Iterator[Slot]:
    """The arrays of one layer; most kinds have none."""
    match layer:
        case Conv():
            inputs = layer.in_channels // layer.groups
            shape = (layer.out_channels, inputs, layer.kernel, layer.kernel)
            yield Slot(layer, Role.KERNEL, "OIHW", shape)
            if layer.bias:
                yield Slot(layer, Role.BIAS, "O", (layer.out_channels,))
        case Norm():
            for role in (Role.SCALE, Role.OFFSET, Role.MEAN, Role.VAR):
                yield Slot(layer, role, "C", (layer.channels,))
        case Dense():
            yield Slot(layer, Role.KERNEL, "OI", (layer.out_features, layer.in_features))
            yield Slot(layer, Role.BIAS, "O", (layer.out_features,))
