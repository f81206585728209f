"""Reads the graph of an exported PyTorch program, from the JSON in a .pt2 file. Nothing is run."""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from resnet_duet.graphs.errors import GraphError
from resnet_duet.graphs.exported import with_same_padding
from resnet_duet.graphs.operations import (
    AveragePooling,
    Convolution,
    Graph,
    Kind,
    MaxPooling,
    Pads,
)
from resnet_duet.graphs.torch_program import Program, Step
from resnet_duet.graphs.torch_sizes import join
from resnet_duet.graphs.torch_values import Call, Reference, Stored
from resnet_duet.graphs.windows import Window
from resnet_duet.weights.arrays import Shape

OPERATORS = "torch.ops.aten."  # in front of the names of PyTorch's own operators
LISTS = ("as_ints", "as_floats", "as_bools", "as_strings")
VALUES = ("as_int", "as_float", "as_bool", "as_string")
CONVERSIONS = ("to", "_to_copy", "clone")

# The errors of looking something up in JSON of another form.
FORM_ERRORS = (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError)


@dataclass(frozen=True)
class Unread:
    """An argument that no operator of a ResNet has: a computed size, a device, a subgraph."""

    kind: str


@dataclass(frozen=True)
class Exported:
    """A program as its JSON describes it.

    Attributes:
        image: the name of the image, and its shape at export.
        stored: {name of a tensor: name of its array}.
        calls: in execution order.
        outputs: names of the tensors that it returns.
        fixed: whether it takes images of one size only.
    """

    image: tuple[str, Shape]
    stored: Mapping[str, str]
    calls: tuple[Call, ...]
    outputs: tuple[str, ...]
    fixed: bool


def read(document: Any, shapes: Mapping[str, Shape]) -> Graph:
    """The graph of a program.

    Args:
        document: the parsed JSON of `models/model.json`.
        shapes: {name of an array: its shape in the file}.

    Raises:
        GraphError: the JSON has another form, or the program takes more than one image.
    """
    try:
        exported = _exported(document)
    except FORM_ERRORS as error:
        reason = f"{type(error).__name__}: {error}"
        raise GraphError(f"its graph has an unknown form ({reason})") from error
    image, shape = exported.image
    program = Program(image, shape)
    for key, name in exported.stored.items():
        if name not in shapes:
            raise GraphError(f"its graph reads the array {name}, which the file does not have")
        program.define(key, Stored(name, shapes[name], shapes[name]))
    for call in exported.calls:
        if not call.outputs:
            if call.is_inplace:
                raise GraphError(f"its graph calls {call.operator}, which changes tensors in place")
            continue  # a size, or a check of one
        _refuse_unknown(program, _keys(call.arguments))
        if again := [key for key, _ in call.outputs if key in program]:
            raise GraphError(f"its graph computes {again[0]} twice")
        program.add(call)
    _refuse_unknown(program, exported.outputs)
    steps, outputs = program.finish(exported.outputs)
    if exported.fixed:
        steps = _with_same_padding(steps)
    else:
        steps = tuple(Step(step.operation, ()) for step in steps)
    return join("PyTorch program (torch.export)", [(steps, outputs)])


def _with_same_padding(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The steps of a program for one image size, with `Same` for the padding that equals it."""
    shapes = {step.operation.name: step.shape for step in steps}
    windows = {
        step.operation.name: (window, (step.shape[2], step.shape[3]))
        for step in steps
        if len(step.shape) == 4 and (window := _window(step.operation.kind))
    }
    operations = with_same_padding(tuple(step.operation for step in steps), windows)
    return tuple(Step(operation, shapes[operation.name]) for operation in operations)


def _window(kind: Kind) -> Window | None:
    """The window of a convolution or pool with explicit padding."""
    match kind:
        case Convolution(pads=Pads()):
            size = (kind.kernel.size("H"), kind.kernel.size("W"))
            return Window(size, kind.strides, kind.dilations)
        case MaxPooling(pads=Pads()) | AveragePooling(pads=Pads()):
            return Window(kind.kernel, kind.strides)
    return None


def _refuse_unknown(program: Program, keys: Any) -> None:
    if missing := [key for key in keys if key not in program]:
        raise GraphError(f"its graph reads {missing[0]}, which nothing computes")


def _exported(document: Any) -> Exported:
    """The program of a document of schema version 8, PyTorch 2.6 and later."""
    module = document["graph_module"]
    graph, signature = module["graph"], module["signature"]
    tensors = graph["tensor_values"]
    stored: dict[str, str] = {}
    images = []
    for spec in signature["input_specs"]:
        ((kind, content),) = spec.items()
        match kind:
            case "parameter" | "buffer" | "tensor_constant":
                named = "tensor_constant_name" if kind == "tensor_constant" else f"{kind}_name"
                stored[_text(content["arg"]["name"])] = _text(content[named])
            case "user_input":
                images.append(_text(content["arg"]["as_tensor"]["name"]))
            case _:
                raise ValueError(f"input {kind}")
    if len(images) != 1:
        raise GraphError(f"the program takes {len(images)} inputs, not one image")
    outputs = [
        _text(spec["user_output"]["arg"]["as_tensor"]["name"])
        for spec in signature["output_specs"]
        if "user_output" in spec and "as_tensor" in spec["user_output"]["arg"]
    ]
    calls = (_call(node, tensors) for node in graph["nodes"])
    sizes = tensors[images[0]]["sizes"][1:]
    return Exported(
        image=(images[0], _shape(tensors[images[0]])),
        stored=stored,
        calls=tuple(calls),
        outputs=tuple(outputs),
        fixed=all("as_int" in size for size in sizes),
    )


def _call(node: Any, tensors: Any) -> Call:
    """One node. A node without outputs that are tensors, such as a size, has no outputs here."""
    target = _text(node["target"])
    operator = target.removeprefix(OPERATORS).partition(".")[0] if OPERATORS in target else target
    names = [name for output in node["outputs"] for name in _output_names(output)]
    arguments = {_text(item["name"]): _argument(item["arg"]) for item in node["inputs"]}
    if len(arguments) != len(node["inputs"]):
        raise ValueError(f"{target} has an argument twice")
    if operator in CONVERSIONS and _keeps_dtype(arguments, names, tensors):
        operator = "contiguous" if operator == "to" else "clone"  # `to` may return its input
        arguments = {"self": arguments["self"]}
    outputs = tuple((name, _shape(tensors[name])) for name in names)
    return Call(operator, arguments, outputs, _place(node["metadata"]))


def _output_names(output: Any) -> list[str]:
    ((kind, content),) = output.items()
    match kind:
        case "as_tensor":
            return [_text(content["name"])]
        case "as_tensors":
            return [_text(item["name"]) for item in content]
    return []


def _argument(argument: Any) -> object:
    ((kind, content),) = argument.items()
    match kind:
        case "as_none":
            return None
        case "as_tensor":
            return Reference(_text(content["name"]))
        case "as_tensors":
            return [Reference(_text(item["name"])) for item in content]
        case "as_sym_ints" if all("as_int" in item for item in content):
            return [item["as_int"] for item in content]
        case _ if kind in VALUES and isinstance(content, int | float | str):
            return content
        case _ if kind in LISTS and isinstance(content, list):
            return list(content)
    return Unread(_text(kind))


def _keeps_dtype(arguments: Mapping[str, object], names: list[str], tensors: Any) -> bool:
    """Whether a conversion changes the device or the memory format, and no value."""
    source = arguments.get("self")
    if not isinstance(source, Reference) or len(names) != 1:
        return False
    return bool(tensors[source.key]["dtype"] == tensors[names[0]]["dtype"])


def _shape(tensor: Any) -> Shape:
    """The shape; a size that varies has its value at export."""
    return tuple(_size(size) for size in tensor["sizes"])


def _size(size: Any) -> int:
    value = size["as_int"] if "as_int" in size else size["as_expr"]["hint"]["as_int"]
    if not isinstance(value, int) or value < 0:
        raise ValueError(f"size {value}")
    return value


def _place(metadata: Any) -> str:
    """The path of the module that makes a call: of "key,path,class;key,path,class", the last."""
    modules = _text(metadata.get("nn_module_stack", "")).split(";")
    fields = modules[-1].split(",")
    return fields[1] if len(fields) > 1 else ""


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} for a name")
    return value


def _keys(arguments: Mapping[str, object]) -> Iterator[Hashable]:
    """The keys of the tensors among the arguments."""
    for value in arguments.values():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, Reference):
                yield item.key
