"""The table of PyTorch's operators: which function translates which operator."""

from collections.abc import Callable, Mapping, Sequence
from inspect import Signature, signature
from types import NoneType
from typing import Any, get_args, get_origin

from resnet_duet.graphs import torch_layers as layers
from resnet_duet.graphs import torch_pools as pools
from resnet_duet.graphs import torch_shapes as shapes
from resnet_duet.graphs.operations import Identity
from resnet_duet.graphs.torch_values import Made, Map, UnknownCallError, Value, Zeros
from resnet_duet.weights.arrays import Shape

TRANSLATIONS: Mapping[str, Callable[..., Made | Value]] = {
    "conv2d": layers.conv2d,
    "convolution": layers.convolution,
    "_convolution": layers.convolution,
    "batch_norm": layers.batch_norm,
    "native_batch_norm": layers.batch_norm,
    "_native_batch_norm_legit": layers.batch_norm,
    "_native_batch_norm_legit_no_training": layers.inference_batch_norm,
    "cudnn_batch_norm": layers.cudnn_batch_norm,
    "miopen_batch_norm": layers.cudnn_batch_norm,
    "linear": layers.linear,
    "addmm": layers.addmm,
    "mm": layers.mm,
    "max_pool2d": pools.max_pool2d,
    "max_pool2d_with_indices": pools.max_pool2d,
    "avg_pool2d": pools.avg_pool2d,
    "adaptive_avg_pool2d": pools.adaptive_avg_pool2d,
    "_adaptive_avg_pool2d": pools.adaptive_avg_pool2d,
    "mean": pools.mean,
    "relu": pools.relu,
    "clamp_min": pools.clamp_min,
    "clamp": pools.clamp,
    "hardtanh": pools.hardtanh,
    "leaky_relu": pools.leaky_relu,
    "threshold": pools.threshold,
    "softmax": pools.softmax,
    "_softmax": pools.softmax,
    "add": shapes.add,
    "mul": shapes.mul,
    "cat": shapes.cat,
    "concat": shapes.cat,
    "constant_pad_nd": shapes.constant_pad_nd,
    "pad": shapes.pad,
    "slice": shapes.slice_axis,
    "t": shapes.transposed,
    "permute": shapes.transposed,
    "transpose": shapes.transpose,
    "identity": shapes.identity,
}

# The output has the values of the input in another shape.
RESHAPES = {"view", "_unsafe_view", "reshape", "flatten", "squeeze", "unsqueeze"}

# The output has the values of the input. A clone has them in separate memory.
CLONES = {"clone", "lift_fresh_copy"}
COPIES = CLONES | {"alias", "contiguous", "detach", "lift_fresh"}

ZEROS = {"zeros", "zeros_like", "new_zeros"}

# The output may share its memory with the input: a change of one in place may change the other.
VIEWS = (RESHAPES | COPIES | {"dropout", "pad", "permute", "slice", "t", "transpose"}) - CLONES

# The output is the input itself, whose change in place changes both alike.
ALIASES = {"alias", "detach", "identity", "lift_fresh", "slice", "view"}

# Activations that a ResNet of another family has.
ACTIVATIONS = {
    "celu": "CELU",
    "elu": "ELU",
    "gelu": "GELU",
    "hardsigmoid": "Hardsigmoid",
    "hardswish": "Hardswish",
    "log_sigmoid_forward": "LogSigmoid",
    "mish": "Mish",
    "_prelu_kernel": "PReLU",
    "prelu": "PReLU",
    "relu6": "ReLU6",
    "rrelu": "RReLU",
    "selu": "SELU",
    "sigmoid": "Sigmoid",
    "silu": "SiLU",
    "softplus": "Softplus",
    "softsign": "Softsign",
    "tanh": "Tanh",
}

# Operators of other networks, by the names of their modules.
OTHERS = {
    "native_group_norm": "GroupNorm",
    "group_norm": "GroupNorm",
    "native_layer_norm": "LayerNorm",
    "layer_norm": "LayerNorm",
    "instance_norm": "InstanceNorm",
    "reflection_pad2d": "ReflectionPad2d",
    "replication_pad2d": "ReplicationPad2d",
}

MERGES = {"maximum", "minimum", "sub", "rsub"}


def translate(operator: str, arguments: Mapping[str, object], shape: Shape) -> Made | Value:
    """What a call computes.

    Args:
        operator: its name, without the `_` of an operator in place.
        arguments: {name in the operator's schema: value}.
        shape: of the output.

    Raises:
        UnknownCallError: the kinds of operations cannot express it.
    """
    source = arguments.get("self", arguments.get("input"))
    if operator in RESHAPES and isinstance(source, Value):
        return shapes.reshaped(source, shape)
    if operator in COPIES and isinstance(source, Value):
        return source
    if operator in ZEROS:
        return Zeros(shape)
    if operator == "dropout":
        return _dropout(arguments)
    if operator in ACTIVATIONS:
        raise UnknownCallError(_with_parameters(ACTIVATIONS[operator], arguments), "ReLU")
    if operator not in TRANSLATIONS:
        raise UnknownCallError(
            OTHERS.get(operator, operator), "a sum" if operator in MERGES else ""
        )
    function = TRANSLATIONS[operator]
    if not _accepts(signature(function), arguments):
        raise UnknownCallError(f"{operator} with other arguments")
    return function(**arguments)


def _accepts(known: Signature, arguments: Mapping[str, object]) -> bool:
    """Whether these are the arguments of a function, with values of its types."""
    try:
        bound = known.bind(**arguments)
    except TypeError:  # an argument that the function does not know, or a missing one
        return False
    more = next((p for p in known.parameters.values() if p.kind is p.VAR_KEYWORD), None)
    return all(
        _is_a(value, known.parameters[name].annotation)
        for name, value in bound.arguments.items()
        if not more or name != more.name
    )


def _is_a(value: object, annotation: Any) -> bool:
    """Whether a value has the type of an annotation: a class, a union or a Sequence."""
    match get_origin(annotation):
        case None if annotation is float:
            return isinstance(value, int | float)
        case None:
            return annotation is None or isinstance(value, annotation)
        case origin if origin is Sequence:
            (item,) = get_args(annotation)
            return isinstance(value, list | tuple) and all(_is_a(one, item) for one in value)
    return any(
        value is None if kind is NoneType else _is_a(value, kind) for kind in get_args(annotation)
    )


def _dropout(arguments: Mapping[str, object]) -> Made:
    """`dropout(input, p, train)`, which changes nothing in inference."""
    source, switch = arguments.get("input"), arguments.get("train")
    if not isinstance(source, Map) or switch is not False:
        raise UnknownCallError("dropout in inference", "no dropout in inference")
    return Made(Identity(f"Dropout({arguments.get('p')})"), (source,))


def _with_parameters(name: str, arguments: Mapping[str, object]) -> str:
    """The name with the numbers among its arguments: "ELU(alpha=0.5)"."""
    numbers = [
        f"{key}={value:g}"
        for key, value in arguments.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    return f"{name}({', '.join(numbers)})" if numbers else name
