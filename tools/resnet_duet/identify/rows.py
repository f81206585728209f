"""The rows of the zoo as candidates for a file: their names, sizes, image channels and classes."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

import resnet_spec
from resnet_duet.weights.dialect import Dialect, Shapes
from resnet_spec import ResNetSpec, Role
from resnet_spec.errors import Shape
from resnet_spec.layers import Dense, Layer
from resnet_spec.zoo import ZOO

ENDS = ("in_channels", "num_classes")  # choices in which a checkpoint may differ from its row
CLASSIFIER = (Role.KERNEL, Role.BIAS)  # the arrays that a network without a classifier lacks
OUTLINE = 3  # blocks of a stage that represent all of them: its first, a middle and its last one


def zoo_name(spec: ResNetSpec) -> str:
    """The name of a network in the zoo, whatever its image and classes; "" if it has none."""
    return next((name for name, row in ZOO.items() if _body(row) == _body(spec)), "")


def similar_rows(spec: ResNetSpec) -> Iterator[ResNetSpec]:
    """The rows of the zoo that agree in the choices that are cheap to compare."""
    for row in ZOO.values():
        if (
            (row.block, row.depths, row.widths) == (spec.block, spec.depths, spec.widths)
            and (row.groups, row.width_per_group) == (spec.groups, spec.width_per_group)
            and (row.stem.channels, row.stem.kernel) == (spec.stem.channels, spec.stem.kernel)
        ):
            yield replace(row, in_channels=spec.in_channels, num_classes=spec.num_classes)


def _body(spec: ResNetSpec) -> tuple[object, ...]:
    """Every choice except those of the image and the classes."""
    return tuple(value for name, value in vars(spec).items() if name not in ENDS)


def outline(spec: ResNetSpec) -> ResNetSpec:
    """The network with at most three blocks per stage. Many rows of the zoo have the same one."""
    return replace(spec, depths=tuple(min(depth, OUTLINE) for depth in spec.depths))


@lru_cache(maxsize=256)
def size_counts(spec: ResNetSpec) -> Counter[Shape]:
    """{sizes: number of arrays that have them}, without planning hundreds of equal blocks."""
    plan = resnet_spec.plan(outline(spec))
    counts = Counter(sizes(array.shape) for array in resnet_spec.array_specs(plan))
    for stage, depth in zip(plan.stages, spec.depths, strict=True):
        if depth > OUTLINE:
            middle = (a for layer in stage.blocks[1].layers() for a in layer.arrays())
            for array in middle:
                counts[sizes(array.shape)] += depth - OUTLINE
    return counts


def sizes(shape: Shape) -> Shape:
    """The sizes above 1 of a shape, sorted: equal for OIHW and HWIO, for OI and OI11."""
    return tuple(sorted(size for size in shape if size > 1))


def array_count(spec: ResNetSpec) -> int:
    """Number of arrays of a network."""
    return size_counts(spec).total()


def is_near(spec: ResNetSpec, shapes: Shapes) -> bool:
    """Whether a file has as many arrays as the network, with or without a classifier."""
    return abs(array_count(spec) - len(shapes)) <= len(CLASSIFIER)


def adapted(base: ResNetSpec, dialect: Dialect, shapes: Shapes) -> ResNetSpec:
    """`base` with the in_channels and num_classes of the file, where its shapes show them."""
    plan = resnet_spec.plan(base)
    names = dialect.layer_names(plan)
    found = dialect.normalized_shapes(shapes, plan)
    kernels = {s.layer: s for s in resnet_spec.array_specs(plan) if s.role is Role.KERNEL}

    def size(layer: Layer, axis: str) -> int | None:
        """The size of this axis of the layer's kernel, if no other axis differs from the plan."""
        shape = found.get(dialect.array_name(names.get(layer.name, ""), Role.KERNEL), ())
        axes = dialect.axes(kernels[layer])
        sizes = dict(zip(axes, shape, strict=False))
        planned = dict(zip(axes, dialect.shape(kernels[layer]), strict=True))
        agrees = len(shape) == len(axes) and sizes | {axis: 0} == planned | {axis: 0}
        return sizes[axis] if agrees and sizes[axis] > 0 else None

    in_channels = size(plan.stem[0], "I") or base.in_channels
    num_classes = base.num_classes
    for layer in plan.head:
        if isinstance(layer, Dense) and layer.name in names:
            own = [dialect.array_name(names[layer.name], role) for role in CLASSIFIER]
            has_head = any(name in found for name in own)
            num_classes = size(layer, "O") or num_classes if has_head else None
    return replace(base, in_channels=in_channels, num_classes=num_classes)
