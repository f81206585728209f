"""ONNX graphs: those of this project, of torch.onnx, of Keras and of tf2onnx.

Operators: https://onnx.ai/onnx/operators. Sizes that the file leaves open stay open.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from resnet_duet.errors import FileError
from resnet_duet.graphs import onnx_arithmetic as arithmetic
from resnet_duet.graphs import onnx_layers as layers
from resnet_duet.graphs import onnx_shapes as shapes
from resnet_duet.graphs.feature_maps import (
    Constant,
    FeatureMap,
    ForeignError,
    GraphBuilder,
    Value,
)
from resnet_duet.graphs.onnx_constants import constant, fold, in_memory
from resnet_duet.graphs.onnx_nodes import INSTEAD, Node, tensor_entry
from resnet_duet.graphs.operations import IMAGE, Foreign, Graph
from resnet_duet.weights.arrays import Arrays, Entry

if TYPE_CHECKING:
    import onnx

Translation = Callable[[Node, GraphBuilder], FeatureMap]

SOURCE = "ONNX graph"
DOMAINS = ("", "ai.onnx")  # two names of the domain of ONNX' own operators

TRANSLATIONS: Mapping[str, Translation] = {
    "Add": arithmetic.add,
    "AveragePool": layers.average_pool,
    "BatchNormalization": layers.batch_norm,
    "Cast": arithmetic.cast,
    "Clip": arithmetic.clip,
    "Concat": shapes.concat,
    "Conv": layers.convolution,
    "Dropout": arithmetic.dropout,
    "Flatten": shapes.flatten,
    "Gemm": layers.gemm,
    "GlobalAveragePool": layers.global_average,
    "Identity": arithmetic.identity,
    "MatMul": layers.matmul,
    "Max": arithmetic.maximum,
    "MaxPool": layers.max_pool,
    "Mul": arithmetic.multiply,
    "Pad": shapes.pad,
    "ReduceMean": shapes.reduce_mean,
    "Relu": arithmetic.relu,
    "Reshape": shapes.reshape,
    "Slice": shapes.take_slice,
    "Softmax": arithmetic.softmax,
    "Squeeze": shapes.squeeze,
    "Transpose": shapes.transpose,
}

# Operators whose tensors have this project's ONNX layout, whatever the layout of the image.
SPATIAL = ("Conv", "MaxPool", "AveragePool", "GlobalAveragePool", "BatchNormalization")


def read(model: "onnx.ModelProto") -> tuple[Graph, Arrays]:
    """The graph of a model, and its arrays.

    Args:
        model: an ONNX model.

    Returns:
        The graph, and every initializer under its name together with the arrays of Constant nodes
        that the graph refers to.

    Raises:
        FileError: the graph has not exactly one image as its input, has no output, a name occurs
            twice, or a node reads a tensor that does not exist.
    """
    entries = initializers(model)
    reader = _Reader(model, entries)
    for proto in model.graph.node:
        reader.read(proto)
    outputs = tuple(reader.output(str(value.name)) for value in model.graph.output)
    if not outputs:
        raise FileError("the ONNX graph has no output")
    return reader.builder.graph(SOURCE, outputs)


def initializers(model: "onnx.ModelProto") -> dict[str, Entry]:
    """{name: initializer}. Raises FileError: a name is not text, or occurs twice."""
    tensors = model.graph.initializer
    names = [tensor.name for tensor in tensors]
    if not all(isinstance(name, str) for name in names):  # bytes: it is not UTF-8
        raise FileError("not an ONNX file, or corrupted: a name is not text")
    _refuse_duplicates(names)
    return {tensor.name: tensor_entry(tensor) for tensor in tensors}


def image_of(model: "onnx.ModelProto", initialized: Mapping[str, object]) -> "onnx.ValueInfoProto":
    """The only input that is no initializer. Old files list their initializers as inputs too."""
    images: list[onnx.ValueInfoProto] = [
        value for value in model.graph.input if value.name not in initialized
    ]
    if len(images) != 1:
        names = [str(value.name) for value in images]
        raise FileError(
            f"an ONNX graph needs one input, the image; this one has {len(names)}", names
        )
    return images[0]


class _Reader:
    """The tensors that have been read so far, by name."""

    def __init__(self, model: "onnx.ModelProto", entries: dict[str, Entry]):
        import onnx

        graph = model.graph
        written = [str(name) for node in graph.node for name in node.output if name]
        inputs = [str(value.name) for value in graph.input]
        _refuse_duplicates([*entries, *written])
        _refuse_duplicates([*inputs, *written])
        self.opset = _opset(model)
        self.functions = {(str(f.domain), str(f.name)) for f in model.functions}
        self.readers = Counter(str(name) for node in graph.node for name in node.input)
        self.readers.update(str(value.name) for value in graph.output)
        self.node_names = Counter(str(node.name) for node in graph.node)
        image = image_of(model, entries)
        names = dict(map(reversed, onnx.TensorProto.DataType.items()))
        element = image.type.tensor_type.elem_type
        self.builder = GraphBuilder(dict(entries), names.get(element, str(element)))
        self.values: dict[str, Value] = {
            name: Constant.of(name, entry) for name, entry in entries.items()
        }
        self.values[str(image.name)] = _image(model, image)

    def read(self, proto: "onnx.NodeProto") -> None:
        """Add the next node of the graph."""
        if not proto.output:
            raise FileError(f"node {proto.name or proto.op_type} of the ONNX graph has no output")
        missing = [str(name) for name in proto.input if name and str(name) not in self.values]
        if missing:
            raise FileError(
                f"node {proto.name or proto.output[0]} of the ONNX graph reads tensors that no"
                " earlier node writes:",
                missing,
            )
        inputs = tuple(self.values[str(name)] if name else None for name in proto.input)
        node = Node(proto, inputs, self.opset, self.node_names[str(proto.name)] == 1)
        try:
            value = self.translate(node)
        except ForeignError as error:
            value = self.foreign(node, error.kind)
        for name in proto.output:
            if name:
                self.values[str(name)] = value

    def translate(self, node: Node) -> Value:
        """The output of a node. Raises ForeignError: the graph has no kind for it."""
        proto = node.proto
        if str(proto.domain) not in DOMAINS or (str(proto.domain), node.op) in self.functions:
            raise ForeignError(node.text())
        if any(self.readers[str(name)] for name in proto.output[1:] if name):
            raise ForeignError(f"{node.text()} with several outputs")
        if node.op == "Constant":
            return constant(node)
        first = node.inputs[0] if node.inputs else None
        if node.op == "Shape" and isinstance(first, FeatureMap):
            node.only()
            return in_memory(str(proto.output[0]), np.asarray(self.builder.shape_of(first)))
        if not any(isinstance(value, FeatureMap) for value in node.inputs):
            return fold(node, self.builder)
        if node.op not in TRANSLATIONS:
            raise ForeignError(node.text(), INSTEAD.get(node.op, ""))
        return TRANSLATIONS[node.op](node, self.builder)

    def foreign(self, node: Node, kind: Foreign) -> FeatureMap:
        """An operation that has no kind. Those that read it go on with the axes of its input."""
        maps = [value for value in node.inputs if isinstance(value, FeatureMap)]
        axes = maps[0].axes if maps else ""
        return self.builder.add(node.name, kind, maps, axes, {})

    def output(self, name: str) -> str:
        """Name of the operation that writes an output of the graph."""
        value = self.values.get(name)
        if not isinstance(value, FeatureMap) or value.operation == IMAGE:
            raise FileError(f"the output {name} of the ONNX graph does not depend on the image")
        return value.operation


def _image(model: "onnx.ModelProto", image: "onnx.ValueInfoProto") -> FeatureMap:
    """The image, with the axes that the first spatial operator gives them."""
    tensor = image.type.tensor_type
    sizes = [dim.dim_value if dim.dim_value > 0 else None for dim in tensor.shape.dim]
    if tensor.HasField("shape") and len(sizes) != 4:
        raise FileError(f"the input {image.name} has {len(sizes)} axes, and images have 4")
    axes = _image_axes(model, str(image.name))
    if axes not in ("NCHW", "NHWC"):
        raise FileError(f"the ONNX graph exchanges axes of its image: it reads them as {axes}")
    return FeatureMap(IMAGE, axes, dict(zip(axes, sizes or [None] * 4, strict=True)))


def _image_axes(model: "onnx.ModelProto", image: str) -> str:
    """Letters of the image's axes. Transpositions precede the first spatial operator, if any."""
    orders = {image: "0123"}  # {tensor: the image's axis for each of its axes}
    for node in model.graph.node:
        order = orders.get(str(node.input[0])) if node.input else None
        if order is None:
            continue
        if node.op_type in SPATIAL:
            letters = dict(zip(order, "NCHW", strict=True))
            return "".join(letters[axis] for axis in "0123")
        if node.op_type == "Transpose":
            perms = [list(a.ints) for a in node.attribute if a.name == "perm"]
            perm = perms[0] if perms else (3, 2, 1, 0)
            if sorted(perm) != [0, 1, 2, 3]:
                break
            order = "".join(order[axis] for axis in perm)
        orders[str(node.output[0])] = order
    return "NCHW"


def _opset(model: "onnx.ModelProto") -> int:
    """The version of ONNX' own operators. Raises FileError: the library does not know it."""
    from onnx.defs import onnx_opset_version

    versions = [entry.version for entry in model.opset_import if entry.domain in DOMAINS]
    version = max(versions, default=1)
    if version > onnx_opset_version():
        raise FileError(
            f"the ONNX graph has operators of version {version}, and the installed onnx knows"
            f" {onnx_opset_version()}; update it: pip install -U onnx"
        )
    return int(version)


def _refuse_duplicates(names: list[str]) -> None:
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise FileError("names occur twice in the ONNX graph:", twice)
