"""Which network is this, in which dialect? Found from the names and shapes of the arrays alone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import resnet_spec
from resnet_spec import ResNetSpec, Role, WeightsError
from resnet_spec.errors import Shape, check_arrays
from resnet_spec.layers import Layer

from resnet_duet.errors import DialectError, FileError
from resnet_duet.port.dialect import Dialect
from resnet_duet.port.dialects import DIALECTS, dialect

Shapes = Mapping[str, Shape]

MOST_LISTED = 20  # faults of the nearest network that help a reader; more are only counted


@dataclass(frozen=True)
class Identity:
    """What a checkpoint is.

    Attributes:
        name: of the network in the zoo, or "" for a spec that was given.
        spec: the network, with the checkpoint's own in_channels and num_classes.
        dialect: its names and layouts.
        rivals: other networks of the zoo with the very same arrays; weights cannot tell a stride
            or the sides of option A. The first of the zoo is taken.
    """

    name: str
    spec: ResNetSpec
    dialect: str
    rivals: tuple[str, ...] = ()


def identify(
    shapes: Shapes, spec: ResNetSpec | str | None = None, source: str | None = None
) -> Identity:
    """The network and the dialect of a checkpoint.

    Args:
        shapes: {array name: shape}, all of the checkpoint's.
        spec: the network, where it is known; else every network of the zoo is tried.
        source: the dialect, where it is known; else every dialect is tried.

    Raises:
        FileError: nothing fits; it says what comes nearest and what is amiss there.
    """
    dialects = list(DIALECTS.values()) if source is None else [dialect(source)]
    if isinstance(spec, ResNetSpec):
        return _given(shapes, spec, dialects)
    names = resnet_spec.names() if spec is None else [spec]
    candidates = [(n, resnet_spec.get(n), d) for d in dialects for n in names]
    fits = list(_fitting(shapes, candidates))
    if not fits:
        raise _nearest(shapes, candidates)
    first, *others = fits
    rivals = tuple(other.name for other in others if other.dialect == first.dialect)
    return replace(first, rivals=rivals)


def _given(shapes: Shapes, spec: ResNetSpec, dialects: list[Dialect]) -> Identity:
    for candidate in dialects:
        if _misfit(shapes, spec, candidate) is None:
            return Identity("", spec, candidate.name)
    raise _nearest(shapes, [("the given spec", spec, d) for d in dialects])


def _fitting(
    shapes: Shapes, candidates: list[tuple[str, ResNetSpec, Dialect]]
) -> Iterator[Identity]:
    for name, base, candidate in candidates:
        if len(resnet_spec.slots(resnet_spec.plan(base))) != len(shapes):
            continue
        spec = adapt(base, candidate, shapes)
        if _misfit(shapes, spec, candidate) is None:
            yield Identity(name, spec, candidate.name)


def adapt(base: ResNetSpec, candidate: Dialect, shapes: Shapes) -> ResNetSpec:
    """`base` with the in_channels and num_classes that the shapes tell, where they tell them."""
    plan = resnet_spec.plan(base)
    try:
        table = candidate.table(plan)
    except DialectError:
        return base
    kernels = {slot.layer: name for name, slot in table.items() if slot.role is Role.KERNEL}

    def told(layer: Layer, axis: str) -> int | None:
        """This axis of the layer's kernel, if it is the only one of another size."""
        slot, found = table[kernels[layer]], shapes.get(kernels[layer], ())
        sizes = dict(zip(candidate.axes(slot), found, strict=False))
        wanted = dict(zip(slot.axes, slot.shape, strict=True))
        fits = len(found) == len(slot.shape) and sizes | {axis: 0} == wanted | {axis: 0}
        return sizes[axis] if fits and sizes[axis] > 0 else None

    classifiers = [layer for layer in plan.head if layer in kernels]
    return replace(
        base,
        in_channels=told(plan.stem[0], "I") or base.in_channels,
        num_classes=next((told(layer, "O") for layer in classifiers), None) or base.num_classes,
    )


def _misfit(
    shapes: Shapes, spec: ResNetSpec, candidate: Dialect
) -> WeightsError | DialectError | None:
    try:
        table = candidate.table(resnet_spec.plan(spec))
        check_arrays(shapes, {name: candidate.shape(slot) for name, slot in table.items()})
    except (WeightsError, DialectError) as error:
        return error
    return None


def _nearest(shapes: Shapes, candidates: list[tuple[str, ResNetSpec, Dialect]]) -> FileError:
    misfits = []
    for name, base, candidate in candidates:
        error = _misfit(shapes, adapt(base, candidate, shapes), candidate)
        if isinstance(error, WeightsError):
            faults = len(error.missing) + len(error.unexpected) + len(error.misshapen)
            misfits.append((faults, name, candidate.name, error))
    if not misfits:
        return FileError("no dialect has names for this network's layers")
    faults, name, source, error = min(misfits, key=lambda misfit: misfit[0])
    amiss = str(error) if faults <= MOST_LISTED else error.summary
    return FileError(f"no known network fits; the nearest is {name} in dialect {source}: {amiss}")
