"""Which network is this, in which dialect? Found from names, shapes and Keras' configurations."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import resnet_spec
from resnet_duet.errors import DialectError, FileError
from resnet_duet.port.dialect import Dialect
from resnet_duet.port.dialects import DIALECTS, dialect
from resnet_duet.port.evidence import Configs, contradictions
from resnet_spec import ResNetSpec, Role, WeightsError
from resnet_spec.errors import Shape, check_arrays
from resnet_spec.layers import Dense, Layer

Shapes = Mapping[str, Shape]
Candidate = tuple[str, ResNetSpec, Dialect]

CLASSIFIER = (Role.KERNEL, Role.BIAS)  # what a network without a head lacks
MOST_LISTED = 20  # faults of the nearest network that help a reader; more are only counted


@dataclass(frozen=True)
class Identity:
    """What a checkpoint is.

    Attributes:
        name: of the network in the zoo, "" if it is none of them.
        spec: the network, with the checkpoint's own in_channels and num_classes.
        dialect: its names and layouts.
        rivals: other networks of the zoo with the very same arrays: weights cannot tell a stride
            or the sides of option A. What the ecosystem builds comes first, then the zoo's order.
        doubtful: whether the ecosystem builds one of the rivals as well.
    """

    name: str
    spec: ResNetSpec
    dialect: str
    rivals: tuple[str, ...]
    doubtful: bool


def identify(
    shapes: Shapes, spec: ResNetSpec | str | None, source: str | None, configs: Configs
) -> Identity:
    """The network and the dialect of a checkpoint.

    Args:
        shapes: {array name: shape}, all of the checkpoint's.
        spec: the network, where it is known; for None every network of the zoo is tried.
        source: the dialect, where it is known; for None every dialect is tried.
        configs: Keras' configurations; empty where the file holds none.

    Raises:
        FileError: nothing fits; it says what comes nearest and what is amiss there.
    """
    dialects = list(DIALECTS.values()) if source is None else [dialect(source)]
    candidates = list(_candidates(shapes, spec, dialects))
    fits = [c for c in candidates if _has_as_many(shapes, c[1], 0) and _misfit(shapes, c) is None]
    if not fits:
        raise _nearest(shapes, candidates)
    agreeing = [c for c in fits if not any(_against(c, configs))]
    if not agreeing:
        name, *_ = fits[0]
        against = "; ".join(_against(fits[0], configs))
        raise FileError(f"the arrays are those of {name}, but it is another network: {against}")
    first_dialect = agreeing[0][2]
    same_arrays = [c for c in agreeing if c[2] is first_dialect]
    usual = [c for c in same_arrays if first_dialect.builds(c[1])]
    (name, found, _), *others = sorted(same_arrays, key=lambda c: c not in usual)
    rivals = tuple(rival for rival, *_ in others)
    return Identity(name, found, first_dialect.name, rivals, doubtful=len(usual) > 1)


def zoo_name(spec: ResNetSpec) -> str:
    """The name of a network in the zoo, whatever its image and classes; "" if it has none."""
    ends = {"in_channels": spec.in_channels, "num_classes": spec.num_classes}
    names = (name for name in resnet_spec.names() if resnet_spec.get(name, **ends) == spec)
    return next(names, "")


def _candidates(
    shapes: Shapes, spec: ResNetSpec | str | None, dialects: Sequence[Dialect]
) -> Iterator[Candidate]:
    """Every network that comes into question, under every dialect."""
    if isinstance(spec, ResNetSpec):
        name = zoo_name(spec)
        yield from ((name, spec, candidate) for candidate in dialects)
        return
    names = resnet_spec.names() if spec is None else [spec]
    for candidate in dialects:
        for name in names:
            base = resnet_spec.get(name)
            near = _has_as_many(shapes, base, give_or_take=len(CLASSIFIER))
            yield name, _adapted(base, candidate, shapes) if near else base, candidate


def _has_as_many(shapes: Shapes, spec: ResNetSpec, give_or_take: int) -> bool:
    """Whether the network has about as many arrays: what is cheap to ask is asked first."""
    return abs(len(resnet_spec.slots(resnet_spec.plan(spec))) - len(shapes)) <= give_or_take


def _adapted(base: ResNetSpec, candidate: Dialect, shapes: Shapes) -> ResNetSpec:
    """`base` with the in_channels and num_classes that the shapes tell, where they tell them."""
    plan = resnet_spec.plan(base)
    names = candidate.layer_names(plan)
    slots = {s.layer: s for s in resnet_spec.slots(plan) if s.role is Role.KERNEL}

    def told(layer: Layer, axis: str) -> int | None:
        """This axis of the layer's kernel, if it is the only one of another size."""
        slot = slots[layer]
        found = shapes.get(candidate.array_name(names.get(layer.name, ""), Role.KERNEL), ())
        sizes = dict(zip(candidate.axes(slot), found, strict=False))
        wanted = dict(zip(slot.axes, slot.shape, strict=True))
        fits = len(found) == len(slot.shape) and sizes | {axis: 0} == wanted | {axis: 0}
        return sizes[axis] if fits and sizes[axis] > 0 else None

    in_channels = told(plan.stem[0], "I") or base.in_channels
    num_classes = base.num_classes
    for layer in plan.head:
        if isinstance(layer, Dense):
            own = [candidate.array_name(names[layer.name], role) for role in CLASSIFIER]
            num_classes = told(layer, "O") or num_classes if any(n in shapes for n in own) else None
    return replace(base, in_channels=in_channels, num_classes=num_classes)


def _misfit(shapes: Shapes, candidate: Candidate) -> WeightsError | DialectError | None:
    _, spec, source = candidate
    plan = resnet_spec.plan(spec)
    try:
        table = source.table(plan)
        check_arrays(shapes, {name: source.shape(slot) for name, slot in table.items()})
    except (WeightsError, DialectError) as error:
        return error
    return None


def _against(candidate: Candidate, configs: Configs) -> Iterator[str]:
    """What the configurations say against a candidate whose arrays fit."""
    _, spec, source = candidate
    return contradictions(resnet_spec.plan(spec), source, configs) if configs else iter(())


def _nearest(shapes: Shapes, candidates: Sequence[Candidate]) -> FileError:
    misfits = []
    for candidate in candidates:
        error = _misfit(shapes, candidate)
        if isinstance(error, WeightsError):
            faults = len(error.missing) + len(error.unexpected) + len(error.misshapen)
            misfits.append((faults, candidate, error))
    if not misfits:
        return FileError("no dialect has names for this network's layers")
    faults, (name, _, source), error = min(misfits, key=lambda misfit: misfit[0])
    amiss = str(error) if faults <= MOST_LISTED else f"{error.summary} arrays"
    nearest = f"the nearest is {name or 'the given spec'} in dialect {source.name}"
    return FileError(f"no known network fits; {nearest}: {amiss}")
