"""Exporters write one layer as several operations, or `same` as numbers. These become one again.

Each function takes the operations of a graph and returns operations that compute the same.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace

from resnet_duet.graphs.operations import (
    NO_PADS,
    AddBias,
    AnyPads,
    AveragePooling,
    BatchNorm,
    Convolution,
    Filled,
    MaxPooling,
    Operation,
    Pad,
    Pads,
    Pair,
    Same,
    Subsample,
    Weight,
)
from resnet_duet.graphs.windows import Window, same_pads
from resnet_spec.layers import Role

Operations = tuple[Operation, ...]
Join = Callable[[Operation, Operation], Operation | None]
Windows = Mapping[str, tuple[Window, Pair]]


def with_whole_slices(operations: Operations, outputs: tuple[str, ...]) -> Operations:
    """One Subsample for two that follow each other: `x[:, :, ::2, ::2]` is two slices in ONNX."""
    return _joined(operations, outputs, _slices)


def with_offsets(operations: Operations, outputs: tuple[str, ...]) -> Operations:
    """One norm for a norm without offset and an addition: `x * scale + offset`."""
    return _joined(operations, outputs, _offset)


def _slices(first: Operation, second: Operation) -> Operation | None:
    match first.kind, second.kind:
        case Subsample((a, b)), Subsample((c, d)):
            return replace(first, kind=Subsample((a * c, b * d)))
    return None


def _offset(first: Operation, second: Operation) -> Operation | None:
    match first.kind, second.kind:
        case BatchNorm(weights), AddBias(bias) if isinstance(weights[Role.OFFSET], Filled):
            offset = Weight(bias.name, bias.axes.replace("O", "C"), bias.shape)
            return replace(
                first, kind=replace(first.kind, weights={**weights, Role.OFFSET: offset})
            )
    return None


def _joined(operations: Operations, outputs: tuple[str, ...], join: Join) -> Operations:
    """The operations with one for two where `join` gives one and nothing else reads the first."""
    readers = Counter([*outputs, *(name for op in operations for name in op.inputs)])
    found: dict[str, Operation] = {}
    for operation in operations:
        first = found.get(operation.inputs[0]) if len(operation.inputs) == 1 else None
        both = join(first, operation) if first and readers[first.name] == 1 else None
        if first and both:
            del found[first.name]
            operation = replace(both, name=operation.name)
        found[operation.name] = operation
    return tuple(found.values())


def with_same_padding(operations: Operations, windows: Windows) -> Operations:
    """`Same` for the explicit padding that exporters make of it.

    A file for one image size has explicit padding where the network had `same`. An odd row or
    column at the bottom or right identifies it. In a file with such a convolution, every padding
    that equals `same` for its size is `same`; the file computes the same with either.

    Args:
        operations: of a graph.
        windows: {name of an operation with explicit padding: its window and input size}.
    """
    found = {op.name: op for op in operations}
    same = {}  # {name: its pads}
    for name, (window, size) in windows.items():
        pads, original = _all_pads(found, found[name], size)
        if pads == same_pads(window, original) != NO_PADS:
            same[name] = pads
    odd = {name for name, pads in same.items() if not _is_even(pads)}
    if any(isinstance(found[name].kind, Convolution) for name in odd):
        odd = set(same)
    readers = Counter(name for op in operations for name in op.inputs)
    for name in odd:
        operation = found[name]
        before = found.get(operation.inputs[0])
        if before and isinstance(before.kind, Pad):
            operation = replace(operation, inputs=before.inputs)
            readers[before.name] -= 1
        kind = operation.kind
        assert isinstance(kind, Convolution | MaxPooling | AveragePooling)
        found[name] = replace(operation, kind=replace(kind, pads=Same()))
    unread = {op.name for op in operations if isinstance(op.kind, Pad) and not readers[op.name]}
    return tuple(op for op in found.values() if op.name not in unread)


def _all_pads(
    operations: Mapping[str, Operation], operation: Operation, size: Pair
) -> tuple[AnyPads, Pair]:
    """The padding of a window together with that of a Pad before it, and the size before both."""
    kind = operation.kind
    assert isinstance(kind, Convolution | MaxPooling | AveragePooling)
    before = operations.get(operation.inputs[0])
    pads, value = kind.pads, -float("inf") if isinstance(kind, MaxPooling) else 0.0
    if isinstance(kind, AveragePooling) and kind.count_include_pad:
        return NO_PADS, size  # `same` counts pixels only
    if before is None or not isinstance(before.kind, Pad) or not isinstance(pads, Pads):
        return pads, size
    if before.kind.value != value or isinstance(kind, AveragePooling):
        return NO_PADS, size  # the padding is the maximum of some windows, or is averaged
    more = before.kind.pads
    height, width = size
    original = (height - more.top - more.bottom, width - more.left - more.right)
    return Pads(*(a + b for a, b in zip(pads, more, strict=True))), original


def _is_even(pads: AnyPads) -> bool:
    return isinstance(pads, Pads) and pads.top == pads.bottom and pads.left == pads.right
