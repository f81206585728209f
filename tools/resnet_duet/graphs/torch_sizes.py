"""Joins what one program computes at several image sizes into one graph.

A program may compute sizes: of TensorFlow's `same` padding, of a pool that covers the map. At one
image size these are numbers; at several, it can be seen which rule they follow.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import inf

from resnet_duet.graphs.errors import GraphError
from resnet_duet.graphs.operations import (
    NO_PADS,
    AveragePooling,
    Convolution,
    Foreign,
    GlobalAverage,
    Graph,
    Kind,
    MaxPooling,
    Pad,
    Pads,
    Same,
)
from resnet_duet.graphs.torch_program import Step, rename
from resnet_duet.graphs.windows import Window, leaves_out

Reading = tuple[tuple[Step, ...], tuple[str, ...]]  # the steps, and the names of the outputs


def join(source: str, readings: Sequence[Reading]) -> Graph:
    """One graph of what a program computes at each image size.

    Args:
        source: what describes the network, for people.
        readings: one for each image size.

    Raises:
        GraphError: it computes other operations at other sizes.
    """
    merged = [_without_pads(*reading) for reading in readings]
    if len({_wiring(*reading) for reading in merged}) != 1:
        raise GraphError("the module computes other operations at other image sizes")
    steps, outputs = merged[0]
    operations = []
    for number, step in enumerate(steps):
        same_step = [reading[number] for reading, _ in merged]
        operations.append(replace(step.operation, kind=_common(same_step)))
    return Graph(source, tuple(operations), outputs)


def _wiring(steps: Sequence[Step], outputs: Sequence[str]) -> tuple[object, ...]:
    """The operations and edges, without names and sizes."""
    numbers = {step.operation.name: number for number, step in enumerate(steps)}
    rows = (
        (type(s.operation.kind), *(numbers.get(name, -1) for name in s.operation.inputs))
        for s in steps
    )
    return (*rows, *(numbers.get(name, -1) for name in outputs))


def _without_pads(steps: Sequence[Step], outputs: tuple[str, ...]) -> Reading:
    """The steps with each Pad merged into the convolution or max-pool that alone reads it."""
    readers: dict[str, list[Step]] = {}
    for step in steps:
        for name in step.operation.inputs:
            readers.setdefault(name, []).append(step)
    merged: dict[str, Step] = {}
    names: dict[str, str] = {}
    pads: dict[str, Step] = {}
    for step in steps:
        operation, kind = step.operation, step.operation.kind
        following = readers.get(operation.name, [])
        sole = len(following) == 1 and operation.name not in outputs
        if isinstance(kind, Pad) and sole and _absorbs(following[0].operation.kind, kind):
            names[operation.name] = names.get(operation.inputs[0], operation.inputs[0])
            pads[operation.name] = step
            continue
        pad = pads.get(operation.inputs[0]) if operation.inputs else None
        if pad and isinstance(pad.operation.kind, Pad) and not isinstance(kind, Foreign):
            assert isinstance(kind, Convolution | MaxPooling)
            padded = replace(operation, kind=replace(kind, pads=pad.operation.kind.pads))
            step = Step(padded, pad.shape)
        merged[operation.name] = rename(step, names)
    return tuple(merged.values()), outputs


def _absorbs(kind: Kind, pad: Pad) -> bool:
    """Whether the operation computes the same if it adds these pads itself."""
    match kind:
        case Convolution(pads=pads):
            return pads == NO_PADS and pad.value == 0
        case MaxPooling(pads=pads):
            return pads == NO_PADS and pad.value == -inf
    return False


def _common(steps: Sequence[Step]) -> Kind:
    """The kind that describes one operation at every image size."""
    kinds = [step.operation.kind for step in steps]
    if all(map(_is_global, steps)):
        return GlobalAverage()
    if all(map(_leaves_out, steps)):
        return Foreign("an average pool that does not read the whole map", "a global average pool")
    if isinstance(kinds[0], Foreign) or all(kind == kinds[0] for kind in kinds):
        return kinds[0]
    first = kinds[0]
    if isinstance(first, Convolution | MaxPooling):
        same = [_with_same(step) for step in steps]
        if None not in same and all(kind == same[0] for kind in same):
            return replace(first, pads=Same())
    return Foreign(f"{type(first).__name__} whose settings depend on the image size")


def _is_global(step: Step) -> bool:
    """Whether this is an average pool whose window is the whole map."""
    kind = step.operation.kind
    if not isinstance(kind, AveragePooling):
        return False
    return kind.pads == NO_PADS and kind.kernel == step.shape[2:]


def _leaves_out(step: Step) -> bool:
    """Whether this is an average pool to one pixel that does not read the whole map."""
    kind = step.operation.kind
    if not isinstance(kind, AveragePooling) or len(step.shape) != 4:
        return False
    window = Window(kind.kernel, kind.strides)
    return leaves_out(window, (step.shape[2], step.shape[3]), kind.pads, kind.ceil_mode)


def _with_same(step: Step) -> Kind | None:
    """The convolution or pool without its pads, if they are those of TensorFlow's `same`."""
    kind = step.operation.kind
    if not isinstance(kind, Convolution | MaxPooling):
        return None
    sizes = kind.kernel.shape[2:] if isinstance(kind, Convolution) else kind.kernel
    dilations = kind.dilations if isinstance(kind, Convolution) else (1, 1)
    reaches = [d * (k - 1) + 1 for k, d in zip(sizes, dilations, strict=True)]
    needed = [
        max((-(-n // stride) - 1) * stride + reach - n, 0)
        for n, stride, reach in zip(step.shape[2:], kind.strides, reaches, strict=True)
    ]
    rows, columns = needed
    pads = Pads(rows // 2, rows - rows // 2, columns // 2, columns - columns // 2)
    return replace(kind, pads=Same()) if kind.pads == pads else None
