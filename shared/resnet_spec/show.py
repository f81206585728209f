"""Plans for people: table 1 of *Deep Residual Learning* for any spec, and every layer in a row."""

from collections.abc import Iterable, Sequence

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
from resnet_spec.measure import Shape, Size, count, depth, shapes, usual_size

HEADINGS = ("stage", "output", "blocks", "parameters", "multiply-adds")
LAYER_HEADINGS = ("layer", "what it is", "output", "parameters", "multiply-adds")


def table(plan: Plan) -> str:
    """The network as a text table at the image size its literature uses."""
    size = usual_size(plan)
    rows = [tuple(map(str, HEADINGS)), *stage_rows(plan, size)]
    return f"{title(plan, size)}\n\n{_aligned(rows)}"


def title(plan: Plan, size: Size) -> str:
    """One line: depth, image size, parameters, multiply-adds."""
    total = count(plan, plan.layers(), size)
    kind = "plain" if plan.spec.shortcut.kind.is_plain else "residual"
    return (
        f"{depth(plan)}-layer {kind} network, {size[0]}x{size[1]} image: {total.parameters:,}"
        f" parameters, {total.statistics:,} running statistics, {total.macs:,} multiply-adds"
    )


def stage_rows(plan: Plan, size: Size) -> list[tuple[str, ...]]:
    """Rows under HEADINGS: the stem, each stage, the head."""
    found = shapes(plan, size)
    parts: list[tuple[str, str, str, Iterable[Layer]]] = [
        ("stem", plan.stem[-1].name, ", ".join(map(_brief, _heavy(plan.stem))), plan.stem)
    ]
    for stage in plan.stages:
        layers = [layer for block in stage.blocks for layer in block.layers()]
        parts.append((stage.name, stage.name, _blocks(stage), layers))
    if plan.head:
        parts.append(("head", plan.head[-1].name, ", ".join(map(_brief, plan.head)), plan.head))
    return [
        (name, _size(found[output]), text, *_numbers(plan, layers, size))
        for name, output, text, layers in parts
    ]


def layer_rows(plan: Plan, size: Size) -> list[tuple[str, ...]]:
    """Rows under LAYER_HEADINGS: every layer in the order in which it runs."""
    found = shapes(plan, size)
    return [
        (layer.name, describe(layer), _size(found[layer.name]), *_numbers(plan, [layer], size))
        for layer in plan.layers()
    ]


def describe(layer: Layer) -> str:
    """One layer in words, with every number that is not the usual one."""
    match layer:
        case Conv():
            words = [_brief(layer), *_unusual(stride=layer.stride, dilation=layer.dilation)]
            words += _unusual(groups=layer.groups) + ["bias"] * layer.bias
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


def _unusual(**numbers: int) -> list[str]:
    return [f"{name} {number}" for name, number in numbers.items() if number != 1]


def _heavy(layers: Iterable[Layer]) -> list[Layer]:
    return [layer for layer in layers if not isinstance(layer, (Norm, Relu))]


def _blocks(stage: Stage) -> str:
    def branch(block: Block) -> str:
        return "  ".join(_brief(layer) for layer in block.branch if isinstance(layer, Conv))

    groups = {layer.groups for b in stage.blocks for layer in b.branch if isinstance(layer, Conv)}
    cardinality = f"  C={max(groups)}" if max(groups) > 1 else ""
    return f"[{branch(stage.blocks[-1])}{cardinality}] x {len(stage.blocks)}"


def _numbers(plan: Plan, layers: Iterable[Layer], size: Size) -> tuple[str, str]:
    total = count(plan, layers, size)
    return (f"{total.parameters:,}", f"{total.macs:,}")


def _size(shape: Shape) -> str:
    channels, *size = shape
    return "x".join(map(str, (*size, channels)))


def _aligned(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    words, numbers = 3, len(widths) - 3
    align = ["<"] * words + [">"] * numbers
    return "\n".join(
        "  ".join(f"{cell:{a}{w}}" for cell, a, w in zip(row, align, widths, strict=True))
        for row in rows
    )
