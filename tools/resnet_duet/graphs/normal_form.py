"""The normal form of a network: nodes with the layer kinds of a plan, without names or padding
layers. Two networks with equal normal forms compute the same function of equal arrays.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from resnet_duet.graphs.operations import AnyWeight, Foreign, Sum
from resnet_spec.choices import Padding, PoolPadding
from resnet_spec.layers import Conv, Layer, MaxPool, Norm, Relu, Role

DECAY = 0.0  # of every norm in normal form: it matters in training only


@dataclass(frozen=True, slots=True)
class NormalNode:
    """One layer or sum.

    Attributes:
        name: the file's name of the operation, for messages.
        layer: in normal form, see `normal_layer`; `Foreign` for what this family does not have.
        inputs: names of the nodes that it reads; IMAGE for the image.
        weights: references to its arrays.
        decay: of a norm, if it is known, else None.
    """

    name: str
    layer: Layer | Sum | Foreign
    inputs: tuple[str, ...]
    weights: Mapping[Role, AnyWeight]
    decay: float | None


@dataclass(frozen=True)
class NormalGraph:
    """A network in normal form.

    Attributes:
        source: what describes it, for people: "Keras configuration".
        nodes: {name: node}, each after those that it reads.
        outputs: names of the nodes whose outputs are the network's.
        dropped: operations that change nothing in inference, for people: "drop: Dropout(0.5)".
        ends_in_softmax: whether a softmax after the output was removed.
    """

    source: str
    nodes: Mapping[str, NormalNode]
    outputs: tuple[str, ...]
    dropped: tuple[str, ...]
    ends_in_softmax: bool


def normal_layer(layer: Layer) -> Layer:
    """The layer without what does not change its function: names, in-place, decay."""
    match layer:
        case Conv():
            # At stride 1, and for a 1x1 kernel, both rules of padding pad alike.
            alike = layer.kernel == 1 or layer.stride == 1
            padding = Padding.SYMMETRIC if alike else layer.padding
            return replace(layer, name="", padding=padding)
        case MaxPool(kernel=1):
            return replace(layer, name="", padding=PoolPadding.NONE)
        case Norm():
            return replace(layer, name="", decay=DECAY)
        case Relu():
            return replace(layer, name="", inplace_ok=True)
        case _:
            return replace(layer, name="")
