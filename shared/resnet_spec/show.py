"""Plans for people: table 1 of *Deep Residual Learning* for any spec, and every layer in a row."""

from collections.abc import Iterable, Sequence

from resnet_spec.choices import ShortcutKind
from resnet_spec.layers import (
    AvgPool,
    Block,
    Conv,
    Dense,
    GlobalAvgPool,
    Layer,
    MaxPool,
    Norm,
    Plan,
    Relu,
    Stage,
    ZeroPadChannels,
)
from resnet_spec.measure import Count, Shape, Size, count, depth, shapes, total, usual_size

Row = tuple[str, str, str, int, int]  # name, output size, words, parameters, multiply-adds

HEADINGS = ("stage", "output", "blocks", "parameters", "multiply-adds")
LAYER_HEADINGS = ("layer", "output", "what it is", "parameters", "multiply-adds")


def table(plan: Plan) -> str:
    """The network as a text table at the image size its literature uses."""
    size = usual_size(plan)
    rows = [tuple(text(cell) for cell in row) for row in stage_rows(plan, size)]
    return f"{title(plan, size)}\n\n{_aligned([HEADINGS, *rows])}"


def text(cell: str | int) -> str:
    """A cell for a person: 25,557,032."""
    return cell if isinstance(cell, str) else f"{cell:,}"


def title(plan: Plan, size: Size) -> str:
    """One line: depth, image size, parameters, multiply-adds."""
    numbers = total(plan, size)
    kind = "plain" if plan.spec.shortcut.kind is ShortcutKind.NONE else "residual"
    return (
        f"{depth(plan)}-layer {kind} network, {size[0]}x{size[1]} image: {numbers.parameters:,}"
        f" parameters, {numbers.statistics:,} running statistics, {numbers.macs:,} multiply-adds"
    )


def stage_rows(plan: Plan, size: Size) -> list[Row]:
    """Rows under HEADINGS: the stem, each stage, the head."""
    outputs = shapes(plan, size)
    parts: list[tuple[str, str, str, Iterable[Layer]]] = [
        ("stem", plan.stem[-1].name, ", ".join(map(_brief, _heavy(plan.stem))), plan.stem)
    ]
    for stage in plan.stages:
        layers = [layer for block in stage.blocks for layer in block.layers()]
        parts.append((stage.name, stage.name, _blocks(stage), layers))
    if plan.head:
        parts.append(("head", plan.head[-1].name, ", ".join(map(_brief, plan.head)), plan.head))
    return [
        _row(name, words, outputs[output], count(layers, outputs))
        for name, output, words, layers in parts
    ]


def layer_rows(plan: Plan, size: Size) -> list[Row]:
    """Rows under LAYER_HEADINGS: every layer in the order in which it runs."""
    outputs = shapes(plan, size)
    return [
        _row(layer.name, describe(layer), outputs[layer.name], count([layer], outputs))
        for layer in plan.layers()
    ]


def _row(name: str, words: str, shape: Shape, numbers: Count) -> Row:
    channels, *size = shape
    return (name, "x".join(map(str, (*size, channels))), words, numbers.parameters, numbers.macs)


def describe(layer: Layer) -> str:
    """One layer in words, with every number that is not the usual one."""
    match layer:
        case Conv():
            words = [_brief(layer), *_unusual("stride", layer.stride)]
            words += _unusual("dilation", layer.dilation) + _unusual("groups", layer.groups)
            words += ["bias"] * layer.bias
            return ", ".join(words) + f" ({layer.padding})" * (layer.kernel > 1)
        case Norm():
            return f"batch norm, eps {layer.eps:g}, decay {layer.decay:g}"
        case MaxPool(kernel=1):
            return f"every {layer.stride}nd pixel"
        case MaxPool():
            return f"{_brief(layer)}, stride {layer.stride} ({layer.border})"
        case AvgPool():
            return f"2x2 average pool, stride {layer.stride}"
        case ZeroPadChannels():
            return f"{layer.before} + {layer.after} zero channels"
        case Relu() | GlobalAvgPool() | Dense():
            return _brief(layer)


def _brief(layer: Layer) -> str:
    match layer:
        case Conv():
            return f"{layer.kernel}x{layer.kernel}, {layer.out_channels}"
        case MaxPool():
            return f"{layer.kernel}x{layer.kernel} max pool"
        case Norm():
            return "norm"
        case Relu():
            return "relu"
        case GlobalAvgPool():
            return "average pool"
        case Dense():
            return f"fc {layer.out_features}"
        case AvgPool() | ZeroPadChannels():
            return describe(layer)


def _unusual(name: str, number: int) -> list[str]:
    return [f"{name} {number}"] if number != 1 else []


def _heavy(layers: Iterable[Layer]) -> list[Layer]:
    return [layer for layer in layers if not isinstance(layer, (Norm, Relu))]


def _blocks(stage: Stage) -> str:
    def branch(block: Block) -> str:
        return "  ".join(_brief(layer) for layer in block.branch if isinstance(layer, Conv))

    groups = {layer.groups for b in stage.blocks for layer in b.branch if isinstance(layer, Conv)}
    cardinality = f"  C={max(groups)}" if max(groups) > 1 else ""
    return f"[{branch(stage.blocks[-1])}{cardinality}] x {len(stage.blocks)}"


def _aligned(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    words, numbers = 3, len(widths) - 3
    align = ["<"] * words + [">"] * numbers
    return "\n".join(
        "  ".join(f"{cell:{a}{w}}" for cell, a, w in zip(row, align, widths, strict=True))
        for row in rows
    )
