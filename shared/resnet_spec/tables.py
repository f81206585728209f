"""Plans as tables: table 1 of *Deep Residual Learning*, and a table of layers."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from resnet_spec.choices import ShortcutKind
from resnet_spec.layers import Layer, Shape
from resnet_spec.measure import Count, Size, count, default_image_size, depth, shapes, total
from resnet_spec.structure import HEAD, STEM, Plan, Stage


class Row(NamedTuple):
    """A row of a table. The field names are the keys of its JSON.

    Attributes:
        name: of the stage or of the layer.
        output: its shape, as "56x56x256" (height, width, channels), or "1000".
        description: the layers in a few words.
        parameters: learned values.
        macs: multiply-adds.
    """

    name: str
    output: str
    description: str
    parameters: int
    macs: int


def summary(plan: Plan, size: Size | None = None) -> str:
    """A network as a text table, one row per stage.

    Args:
        plan: the network.
        size: (height, width) of the image; None for the usual size, see `default_image_size`.

    Example:
        >>> from resnet_spec import plan, summary
        >>> print(summary(plan("resnet18")).splitlines()[0])  # doctest: +SKIP
        18-layer residual network, 224x224 image: 11,689,512 parameters, ...
    """
    size = size or default_image_size(plan)
    headings = ("stage", "output", "blocks", "parameters", "multiply-adds")
    rows = [tuple(text(cell) for cell in row) for row in stage_rows(plan, size)]
    return f"{title(plan, size)}\n\n{_aligned([headings, *rows])}"


def text(cell: str | int) -> str:
    """A cell as text: numbers with separators, as 25,557,032."""
    return cell if isinstance(cell, str) else f"{cell:,}"


def title(plan: Plan, size: Size) -> str:
    """One line: depth, image size, parameters, running statistics, multiply-adds.

    Args:
        plan: the network.
        size: (height, width) of the image.
    """
    sizes = total(plan, size)
    kind = "plain" if plan.spec.shortcut.kind is ShortcutKind.NONE else "residual"
    return (
        f"{depth(plan)}-layer {kind} network, {size[0]}x{size[1]} image: {sizes.parameters:,}"
        f" parameters, {sizes.statistics:,} running statistics, {sizes.macs:,} multiply-adds"
    )


def stage_rows(plan: Plan, size: Size) -> list[Row]:
    """A row for the stem, for each stage and for the head.

    Args:
        plan: the network.
        size: (height, width) of the image.
    """
    outputs, descriptions = shapes(plan, size), _descriptions(plan)
    rows = []
    for name, nodes in groupby(plan.walk(), key=lambda node: node.stage):
        members = list(nodes)
        layers = [node.layer for node in members if node.layer is not None]
        shape = outputs[members[-1].name]
        rows.append(_row(name, descriptions[name], shape, count(layers, outputs)))
    return rows


def layer_rows(plan: Plan, size: Size) -> list[Row]:
    """A row for each layer, in execution order.

    Args:
        plan: the network.
        size: (height, width) of the image.
    """
    outputs = shapes(plan, size)
    return [
        _row(layer.name, layer.describe(), outputs[layer.name], count([layer], outputs))
        for layer in plan.layers()
    ]


def _row(name: str, description: str, shape: Shape, sizes: Count) -> Row:
    channels, *size = shape
    output = "x".join(map(str, (*size, channels)))
    return Row(name, output, description, sizes.parameters, sizes.macs)


def _descriptions(plan: Plan) -> dict[str, str]:
    """{stage, STEM or HEAD: its layers in a few words}."""
    stages = {stage.name: _blocks(stage, plan.spec.groups) for stage in plan.stages}
    head = ", ".join(layer.brief() for layer in plan.head)
    return {STEM: ", ".join(_listed(plan.stem)), **stages, HEAD: head}


def _blocks(stage: Stage, groups: int) -> str:
    cardinality = f"  C={groups}" if groups > 1 else ""  # as in table 1 of the ResNeXt paper
    branch = "  ".join(_listed(stage.blocks[-1].branch))
    return f"[{branch}{cardinality}] x {len(stage.blocks)}"


def _listed(layers: Iterable[Layer]) -> list[str]:
    return [layer.brief() for layer in layers if layer.listed]


def _aligned(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    align = ["<"] * 3 + [">"] * (len(widths) - 3)
    return "\n".join(
        "  ".join(f"{cell:{a}{w}}" for cell, a, w in zip(row, align, widths, strict=True))
        for row in rows
    )
