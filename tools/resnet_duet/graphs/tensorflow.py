"""Graphs of SavedModels. They are read as data: no function of the file is run.

A SavedModel has functions that call each other. The reader follows the calls from the signature.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

import numpy as np

from resnet_duet.errors import FileError
from resnet_duet.graphs.feature_maps import Constant, FeatureMap, ForeignError, GraphBuilder
from resnet_duet.graphs.operations import IMAGE, Foreign, Graph
from resnet_duet.graphs.tensorflow_constants import read_constant, read_constants
from resnet_duet.graphs.tensorflow_integers import in_memory
from resnet_duet.graphs.tensorflow_nodes import INSTEAD, Computed, Node, Scaled, Value, Variable
from resnet_duet.graphs.tensorflow_operations import TRANSLATIONS
from resnet_duet.graphs.tensorflow_signature import Body, Signature
from resnet_duet.weights.arrays import Arrays

SOURCE = "TensorFlow graph"
MOST_NODES = 1_000_000  # of all calls together: a function may call itself, or others many times

ALIASES = frozenset(("Identity", "StopGradient", "Snapshot"))  # return their input in inference
SPATIAL = frozenset(("AvgPool", "Conv2D", "MaxPool"))


def read(signature: Signature, arrays: Arrays) -> tuple[Graph, Arrays]:
    """The graph of a signature, and the arrays that it refers to.

    Args:
        signature: of a SavedModel.
        arrays: {name: variable}, as in `signature`.

    Returns:
        The graph, and `arrays` together with the constants that the graph refers to.

    Raises:
        FileError: a tensor is missing, the graph has a cycle, or it changes its variables.
    """
    reader = _Reader(signature, arrays)
    outputs = tuple(reader.output(value) for value in reader.run())
    return reader.builder.graph(SOURCE, outputs)


@dataclass
class _Reader:
    """Operations of all calls so far."""

    signature: Signature
    arrays: Arrays

    def __post_init__(self) -> None:
        self.builder = GraphBuilder(dict(self.arrays.entries), str(self.signature.dtype))
        self.count = 0

    def run(self) -> list[Value]:
        """Read the signature's function. Its argument None is the image."""
        body = self.signature.body
        if body.name and self.signature.changes_variables(body):
            raise FileError("the signature of the SavedModel changes its variables")
        arguments = [
            self.image() if name is None else self.variable(name)
            for name in self.signature.arguments
        ]
        return self.call(body, arguments, "")

    def call(self, body: Body, arguments: Sequence[Value], path: str) -> list[Value]:
        """The outputs of a function for these arguments."""
        if len(arguments) != len(body.arguments):
            raise FileError(f"a call of {body.name} has {len(arguments)} arguments")
        values = {
            name: [value] for name, value in zip(body.arguments, arguments, strict=True)
        }  # fmt: skip
        for name in _in_order(body, values):
            self.count += 1
            if self.count > MOST_NODES:
                raise FileError(f"the TensorFlow graph has more than {MOST_NODES:,} nodes")
            values[name] = self.read(body.nodes[name], values, path)
        return [values[name][index] for name, index in map(body.source, body.returns)]

    def read(self, proto: Any, values: Mapping[str, list[Value]], path: str) -> list[Value]:
        """The outputs of a node."""
        sources = [Body.source(str(text)) for text in proto.input if not text.startswith("^")]
        known = [values[name][index] for name, index in sources if index < len(values[name])]
        node = Node(proto, tuple(known), path)
        function = self.signature.called(proto)
        try:
            if len(known) != len(sources):
                raise ForeignError(f"{node.op} of another output of a node")
            if function is not None:
                return self.call(function, known, node.path + "/")
            return [self.translate(node)]
        except ForeignError as error:
            return [self.foreign(node, error.kind)]

    def translate(self, node: Node) -> Value:
        """The output of a node. Raises ForeignError: the graph has no kind for it."""
        first = node.inputs[0] if node.inputs else None
        match node.op:
            case "Placeholder" if node.path == self.signature.image:
                return self.image()
            case "Const":
                return read_constant(node)
            case "VarHandleOp" | "VariableV2":
                shared = node.proto.attr["shared_name"].s.decode(errors="replace")
                variable = self.variable(shared or str(node.proto.name))
                return variable if node.op == "VarHandleOp" else variable.constant
            case "ReadVariableOp" if isinstance(first, Variable):
                return first.constant
            case "Shape" if isinstance(first, FeatureMap):
                return in_memory(node.path, np.asarray(self.builder.shape_of(first)))
        if node.op in ALIASES and len(node.inputs) == 1 and first is not None:
            return first
        constants = [v for v in node.inputs if isinstance(v, Constant | Computed)]
        if node.inputs and len(constants) == len(node.inputs):
            return read_constants(node, self.builder, constants)
        if node.op not in TRANSLATIONS:
            raise ForeignError(node.text(), INSTEAD.get(node.op, ""))
        return TRANSLATIONS[node.op](node, self.builder)

    def variable(self, name: str) -> Variable:
        """A variable of the file."""
        entry = self.arrays.entries.get(name)
        if entry is None:
            raise FileError(f"the TensorFlow graph reads the variable {name}, which has no values")
        return Variable(Constant.of(name, entry))

    def image(self) -> FeatureMap:
        """The image, with the layout of the operations that read feature maps."""
        protos = [proto for body in self.signature.bodies() for proto in body.nodes.values()]
        layouts = {
            bytes(proto.attr["data_format"].s) if "data_format" in proto.attr else b"NHWC"
            for proto in protos
            if proto.op in SPATIAL
        }
        is_transposed = any(proto.op == "Transpose" for proto in protos)
        axes = "NCHW" if layouts == {b"NCHW"} and not is_transposed else "NHWC"
        return FeatureMap(IMAGE, axes, dict(zip(axes, self.signature.shape, strict=True)))

    def foreign(self, node: Node, kind: Foreign) -> FeatureMap:
        """An operation that has no kind. Those that read it go on with the axes of its input."""
        found = [value.x if isinstance(value, Scaled) else value for value in node.inputs]
        maps = [value for value in found if isinstance(value, FeatureMap)]
        axes = maps[0].axes if maps else ""
        return self.builder.add(node.name, kind, maps, axes, {})

    def output(self, value: Value) -> str:
        """Name of the operation that writes an output of the graph."""
        if isinstance(value, Scaled):
            kind = Foreign("product with constants")
            value = self.builder.add("output", kind, [value.x], value.x.axes, {})
        if not isinstance(value, FeatureMap) or value.operation == IMAGE:
            raise FileError("an output of the TensorFlow graph does not depend on the image")
        return value.operation


def _in_order(body: Body, arguments: Iterable[str]) -> list[str]:
    """The nodes that the outputs depend on, each after those that it reads."""
    sorter: TopologicalSorter[str] = TopologicalSorter()
    seen = set(arguments)
    waiting = [body.source(text)[0] for text in body.returns]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if name not in body.nodes:
            raise FileError(f"the TensorFlow graph has no node {name}")
        inputs = [str(text) for text in body.nodes[name].input]
        sources = [body.source(text)[0] for text in inputs if not text.startswith("^")]
        sorter.add(name, *sources)
        waiting += sources
    try:
        return [name for name in sorter.static_order() if name not in set(arguments)]
    except CycleError as error:
        raise FileError(f"the TensorFlow graph has a cycle through {error.args[1][0]}") from error
