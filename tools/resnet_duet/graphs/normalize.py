"""A file's graph -> its normal form.

Padding layers become a setting of the layer that they pad for, an addition of a bias becomes its
convolution's, and operations without effect are dropped. What has no exact counterpart among the
layer kinds stays in the graph as `Foreign`.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from resnet_duet.graphs import layers
from resnet_duet.graphs.normal_form import NormalGraph, NormalNode, normal_layer
from resnet_duet.graphs.operations import (
    IMAGE,
    NO_PADS,
    AddBias,
    AnyWeight,
    AveragePooling,
    BatchNorm,
    Convolution,
    Filled,
    Flatten,
    Foreign,
    FullyConnected,
    GlobalAverage,
    Graph,
    Identity,
    MaxPooling,
    Operation,
    Pad,
    PadChannels,
    Rectifier,
    Softmax,
    Subsample,
    Sum,
)
from resnet_spec.layers import Conv, Dense, GlobalAvgPool, Layer, Relu, Role, ZeroPadChannels

Weights = Mapping[Role, AnyWeight]
PADDED = (Convolution, MaxPooling, AveragePooling, Pad, Identity)  # may read a padded map


@dataclass(frozen=True)
class Tensor:
    """What is known of the output of an operation.

    Attributes:
        node: the node in normal form whose output it is; IMAGE for the image.
        channels: of it; None if unknown.
        is_flat: whether it has one value for each channel: (N, C) or (N, C, 1, 1).
        pad: the padding that was added to the node's output.
    """

    node: str
    channels: int | None
    is_flat: bool
    pad: Pad | None


def normalize(graph: Graph) -> NormalGraph:
    """The normal form of a graph, without the operations that its outputs do not need."""
    state = _Normalizer(graph)
    for operation in graph.operations:
        state.read(operation)
    outputs = tuple(state.output(name) for name in graph.outputs)
    nodes = _needed(state.nodes, outputs)
    return NormalGraph(graph.source, nodes, outputs, tuple(state.dropped), state.ends_in_softmax)


def _needed(nodes: Mapping[str, NormalNode], outputs: tuple[str, ...]) -> dict[str, NormalNode]:
    """The nodes that the outputs depend on."""
    needed = set(outputs)
    for name, node in reversed(list(nodes.items())):
        if name in needed:
            needed.update(node.inputs)
    return {name: node for name, node in nodes.items() if name in needed}


class _Normalizer:
    """The nodes so far, and the tensors that later operations may read."""

    def __init__(self, graph: Graph):
        self.readers = Counter(name for op in graph.operations for name in op.inputs)
        self.readers.update(graph.outputs)
        self.outputs = graph.outputs
        self.kinds = {op.name: op.kind for op in graph.operations}
        self.nodes: dict[str, NormalNode] = {}
        self.tensors = {IMAGE: Tensor(IMAGE, None, is_flat=False, pad=None)}
        self.padded: set[str] = set()  # operations that read a padded map
        self.windows: set[str] = set()  # average pools of fixed windows that became global
        self.dropped: list[str] = []
        self.ends_in_softmax = False

    def read(self, op: Operation) -> None:
        """Add the next operation of the graph."""
        inputs = [self.tensors[name] for name in op.inputs]
        kind = op.kind
        if isinstance(kind, Foreign):
            self.add(op, kind, inputs, {})
        elif any(x.pad for x in inputs) and not isinstance(kind, PADDED):
            self.add(op, Foreign(f"padding before {layers.describe(kind)}"), inputs, {})
        elif isinstance(kind, Sum) and len(inputs) == 2:
            self.add(op, kind, inputs, {}, inputs[0].channels)
        elif len(inputs) != 1:
            text = f"{layers.describe(kind)} of {len(inputs)} tensors"
            self.add(op, Foreign(text), inputs, {})
        else:
            self.read_unary(op, inputs[0])

    def read_unary(self, op: Operation, x: Tensor) -> None:
        """Add an operation that reads one tensor."""
        match op.kind:
            case Identity(reason):
                self.drop(op, x, reason)
            case Rectifier() if self.is_rectified(x):
                self.drop(op, x, "ReLU of a ReLU")
            case Rectifier():
                self.add(op, Relu("", inplace_ok=True), [x], {}, x.channels, x.is_flat)
            case Flatten() if x.is_flat:
                self.tensors[op.name] = x
            case Flatten() if self.is_window(x):
                self.tensors[op.name] = self.global_window(x)
            case GlobalAverage() if x.is_flat:
                self.drop(op, x, "the average of one pixel")
            case GlobalAverage():
                self.add(op, GlobalAvgPool(""), [x], {}, x.channels, is_flat=True)
            case Convolution() if x.is_flat:
                self.pointwise(op, op.kind, x)
            case FullyConnected() if x.is_flat:
                self.dense(op, op.kind, x)
            case AddBias(bias):
                self.add_bias(op, bias, x)
            case Softmax() if x.is_flat and op.name in self.outputs:
                self.ends_in_softmax = True
                self.drop(op, x, "final softmax; the network returns logits")
            case _ if x.is_flat:
                self.add(op, Foreign(f"{layers.describe(op.kind)} of pooled features"), [x], {})
            case _:
                self.read_spatial(op, x)

    def read_spatial(self, op: Operation, x: Tensor) -> None:
        """Add an operation that reads a feature map."""
        match op.kind:
            case Pad() if x.pad is None:
                self.tensors[op.name] = replace(x, pad=op.kind)
            case Pad(pads, value) if x.pad is not None and x.pad.value == value:
                both = Pad(layers.added(x.pad.pads, pads), value)
                self.tensors[op.name] = replace(x, pad=both)
            case Convolution():
                weights: dict[Role, AnyWeight] = {Role.KERNEL: op.kind.kernel}
                if op.kind.bias is not None:
                    weights[Role.BIAS] = op.kind.bias
                layer = layers.convolution(op.kind, x.pad)
                if isinstance(layer, Conv) and x.channels not in (None, layer.in_channels):
                    layer = Foreign(f"convolution of {layer.in_channels} of {x.channels} channels")
                self.add(op, layer, [x], weights, op.kind.kernel.size("O"))
            case BatchNorm():
                norm = layers.norm(op.kind)
                weights = dict(op.kind.weights)
                self.add(op, norm, [x], weights, x.channels, decay=op.kind.decay)
            case MaxPooling():
                self.add(op, layers.max_pool(op.kind, x.pad), [x], {}, x.channels)
            case AveragePooling():
                self.add(op, layers.average_pool(op.kind, x.pad), [x], {}, x.channels)
            case Subsample():
                self.add(op, layers.subsample(op.kind), [x], {}, x.channels)
            case PadChannels(before, after):
                channels = None if x.channels is None else before + x.channels + after
                self.add(op, ZeroPadChannels("", before, after), [x], {}, channels)
            case _:
                self.add(op, Foreign(f"{layers.describe(op.kind)} of a feature map"), [x], {})

    def add(
        self,
        op: Operation,
        layer: Layer | Sum | Foreign,
        inputs: list[Tensor],
        weights: Weights,
        channels: int | None = None,
        is_flat: bool = False,
        decay: float | None = None,
    ) -> None:
        """Add a node for an operation.

        Args:
            op: the operation.
            layer: its layer.
            inputs: the tensors that it reads.
            weights: its arrays.
            channels, is_flat: of its output.
            decay: of a norm, if it is known.
        """
        self.padded |= {op.name for x in inputs if x.pad}
        names = tuple(x.node for x in inputs)
        normal = layer if isinstance(layer, Sum | Foreign) else normal_layer(layer)
        self.nodes[op.name] = NormalNode(op.name, normal, names, weights, decay)
        self.tensors[op.name] = Tensor(op.name, channels, is_flat, None)

    def drop(self, op: Operation, x: Tensor, reason: str) -> None:
        """Skip an operation that changes nothing."""
        self.dropped.append(f"{op.name}: {reason}")
        self.tensors[op.name] = x

    def output(self, name: str) -> str:
        """The node that computes an output of the graph."""
        x = self.tensors[name]
        node = self.nodes.get(x.node)
        if node is not None and x.pad is not None:
            foreign = Foreign("padding of the output")
        elif node is not None and x.node in self.windows:
            foreign = Foreign("a flattened average pool without a dense layer")
        else:
            return x.node
        self.nodes[x.node] = replace(node, layer=foreign)
        return x.node

    def is_rectified(self, x: Tensor) -> bool:
        """Whether a tensor is the output of a ReLU."""
        return x.node in self.nodes and isinstance(self.nodes[x.node].layer, Relu)

    def is_window(self, x: Tensor) -> bool:
        """Whether a tensor that is flattened is the output of an average pool.

        An average pool with a fixed window is the global one for images whose last map has the
        size of the window. The dense layer after it needs such images.
        """
        kind = self.kinds.get(x.node)
        return (
            isinstance(kind, AveragePooling)
            and kind.pads == NO_PADS
            and min(kind.kernel) > 1
            and x.pad is None
            and x.node not in self.padded
            and self.readers[x.node] == 1
        )

    def global_window(self, x: Tensor) -> Tensor:
        """Make the average pool that computed a tensor the global one."""
        node, kind = self.nodes[x.node], self.kinds[x.node]
        assert isinstance(kind, AveragePooling)
        window = "x".join(map(str, kind.kernel))
        self.dropped.append(f"{node.name}: its {window} window; it averages the whole map instead")
        self.nodes[x.node] = replace(node, layer=GlobalAvgPool(""))
        self.windows.add(x.node)
        channels = self.tensors[node.inputs[0]].channels
        return Tensor(x.node, channels, is_flat=True, pad=None)

    def pointwise(self, op: Operation, kind: Convolution, x: Tensor) -> None:
        """Add a 1x1 convolution of pooled features, which is a dense layer."""
        layer = layers.convolution(kind, None)
        if not isinstance(layer, Conv) or (layer.kernel, layer.groups) != (1, 1):
            self.add(op, Foreign(f"{layers.describe(kind)} of pooled features"), [x], {})
            return
        axes = kind.kernel.axes.replace("H", "1").replace("W", "1")
        self.dense(op, FullyConnected(replace(kind.kernel, axes=axes), kind.bias), x)

    def dense(self, op: Operation, kind: FullyConnected, x: Tensor) -> None:
        """Add a dense layer. One without a bias has a bias of zeros."""
        layer = layers.dense(kind)
        assert isinstance(layer, Dense)
        if x.channels not in (None, layer.in_features):
            text = f"dense layer of {layer.in_features} features, not {x.channels}"
            self.add(op, Foreign(text), [x], {})
            return
        bias = kind.bias or Filled(0.0, "O", (layer.out_features,))
        weights = {Role.KERNEL: kind.kernel, Role.BIAS: bias}
        self.add(op, layer, [x], weights, layer.out_features, is_flat=True)

    def add_bias(self, op: Operation, bias: AnyWeight, x: Tensor) -> None:
        """Make an addition of one value per channel the bias of the layer before it."""
        node = self.nodes.get(x.node)
        has_none = node is not None and isinstance(node.weights.get(Role.BIAS), Filled | None)
        alone = self.readers[op.inputs[0]] == 1 and op.inputs[0] == x.node
        if node is None or not has_none or not alone or not isinstance(node.layer, Conv | Dense):
            self.add(op, Foreign("addition of one value per channel"), [x], {})
            return
        layer = replace(node.layer, bias=True) if isinstance(node.layer, Conv) else node.layer
        self.nodes[x.node] = replace(node, layer=layer, weights={**node.weights, Role.BIAS: bias})
        self.tensors[op.name] = x
