"""The inference function of a SavedModel: its signature for serving."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from resnet_duet.errors import FileError

SERVING = "serving_default"
INITIALIZES = "__saved_model_init_op"  # a signature of TensorFlow's own
CALLS = frozenset(("PartitionedCall", "StatefulPartitionedCall"))
CHANGES = ("Assign", "ResourceApply", "ResourceScatter")  # start of operations on variables
NOT_FIRST = 10**6  # index of an output that is not a node's first


@dataclass(frozen=True)
class Body:
    """The nodes of a function.

    Attributes:
        name: of the function.
        arguments: names of its arguments.
        nodes: {name: node}.
        returns: the tensors that it returns.
    """

    name: str
    arguments: tuple[str, ...]
    nodes: Mapping[str, Any]
    returns: tuple[str, ...]

    @staticmethod
    def source(text: str) -> tuple[str, int]:
        """(node, index of its output) of a tensor: "node", "node:1" or "node:output:1"."""
        name, *words = text.split(":")
        if len(words) == 2 and words[0].startswith(("batch_", "reserve_", "argmax")):
            return name, NOT_FIRST
        return name, int(words[-1]) if words and words[-1].isdigit() else 0


@dataclass(frozen=True)
class Signature:
    """A function from images to outputs.

    Attributes:
        body: the function.
        arguments: name of the variable for each argument; None for the image.
        image: the node of the image in a file of TensorFlow 1, whose function has no arguments.
        dtype: TensorFlow's number of the image's precision.
        shape: of the image, None for a size that is left open.
        functions: {name: function that may be called}.
    """

    body: Body
    arguments: tuple[str | None, ...]
    image: str
    dtype: int
    shape: tuple[int | None, ...]
    functions: Mapping[str, Body]

    def bodies(self) -> Iterator[Body]:
        """Every function of the file."""
        yield self.body
        yield from self.functions.values()

    def called(self, proto: Any) -> Body | None:
        """The function that a node calls; None if it calls none."""
        name = str(proto.attr["f"].func.name) if proto.op in CALLS else str(proto.op)
        if name not in self.functions and proto.op in CALLS:
            raise FileError(f"the TensorFlow graph has no function {name}")
        return self.functions.get(name)

    def changes_variables(self, body: Body) -> bool:
        """Whether a function changes variables, itself or through the functions that it calls."""
        waiting, seen = [body], {body.name}
        while waiting:
            for proto in waiting.pop().nodes.values():
                if str(proto.op).startswith(CHANGES):
                    return True
                function = self.called(proto)
                if function is not None and function.name not in seen:
                    seen.add(function.name)
                    waiting.append(function)
        return False


def signature_of(meta: Any, variables: Mapping[int, str]) -> Signature | None:
    """The signature for serving.

    Args:
        meta: the `MetaGraphDef` of a SavedModel.
        variables: {number of an object of the file: name of its array}.

    Returns:
        The signature; None if the file has none.

    Raises:
        FileError: it has several and none is for serving, or it has not exactly one input.
    """
    names = [name for name in meta.signature_def if name != INITIALIZES]
    if not names:
        return None
    name = SERVING if SERVING in names else names[0]
    if SERVING not in names and len(names) > 1:
        raise FileError(f"the SavedModel has no signature {SERVING}; it has:", sorted(names))
    described = meta.signature_def[name]
    if len(described.inputs) != 1:
        inputs = sorted(described.inputs)
        raise FileError(f"a network needs one input, the image; this one has {len(inputs)}", inputs)
    (image,) = described.inputs.values()
    functions = {str(f.signature.name): _body(f) for f in meta.graph_def.library.function}
    known = (int(image.dtype), _shape(image.tensor_shape), functions)
    found = _concrete_function(meta.object_graph_def, name)
    if found is None:  # TensorFlow 1
        outputs = tuple(str(described.outputs[key].name) for key in sorted(described.outputs))
        body = Body("", (), _nodes(meta.graph_def.node), outputs)
        return Signature(body, (), Body.source(str(image.name))[0], *known)
    function, bound = found
    if function not in functions:
        raise FileError(f"the TensorFlow graph has no function {function}")
    missing = [number for number in bound if number not in variables]
    if missing:
        raise FileError(f"the signature {name} reads objects that are no variables: {missing[:5]}")
    arguments = (None, *(variables[number] for number in bound))
    return Signature(functions[function], arguments, "", *known)


def _shape(shape: Any) -> tuple[int | None, ...]:
    if shape.unknown_rank:
        return (None,) * 4
    sizes = tuple(dim.size if dim.size > 0 else None for dim in shape.dim)
    if len(sizes) != 4:
        raise FileError(f"the input has {len(sizes)} axes, and images have 4")
    return sizes


def _body(function: Any) -> Body:
    declared = function.signature
    arguments = tuple(str(argument.name) for argument in declared.input_arg)
    returns = tuple(str(function.ret[output.name]) for output in declared.output_arg)
    return Body(str(declared.name), arguments, _nodes(function.node_def), returns)


def _nodes(protos: Any) -> dict[str, Any]:
    nodes: dict[str, Any] = {}
    for proto in protos:
        if nodes.setdefault(str(proto.name), proto) is not proto:
            raise FileError("names occur twice in the TensorFlow graph:", [str(proto.name)])
    return nodes


def _concrete_function(objects: Any, signature: str) -> tuple[str, list[int]] | None:
    """(function, numbers of the objects that it reads) of a signature; None in TensorFlow 1."""
    number = 0
    for child in ("signatures", signature):
        children = {c.local_name: c.node_id for c in objects.nodes[number].children} if len(
            objects.nodes
        ) > number else {}  # fmt: skip
        if child not in children:
            return None
        number = children[child]
    name = str(objects.nodes[number].bare_concrete_function.concrete_function_name)
    return name, list(objects.concrete_functions[name].bound_inputs)
