"""Which network is this, in which dialect? Found from names, shapes and Keras' configurations."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import resnet_spec
from resnet_duet.errors import DialectError, FileError
from resnet_duet.port.convert import fitting
from resnet_duet.port.dialect import Dialect, Shapes
from resnet_duet.port.dialects import DIALECTS, dialect
from resnet_duet.port.evidence import Configs, contradictions
from resnet_duet.port.infer import fits, infer
from resnet_duet.port.unseen import settled_by
from resnet_spec import ResNetSpec, Role, WeightsError
from resnet_spec.layers import Dense, Layer
from resnet_spec.zoo import ZOO

ENDS = ("in_channels", "num_classes")  # where a checkpoint may differ from its row of the zoo
CLASSIFIER = (Role.KERNEL, Role.BIAS)  # what a network without a head lacks
MOST_LISTED = 20  # faults of the nearest of many networks that help a reader
MOST_BLOCKS = 4096  # of a network that is planned; the deepest of the literature has 600


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
        spec: the network, where it is known; None to find it out.
        source: the dialect, where it is known; for None every dialect is tried.
        configs: Keras' configurations; empty where the file holds none.

    Raises:
        FileError: nothing fits; it says what comes nearest and what is amiss there.
    """
    dialects = list(DIALECTS.values()) if source is None else [dialect(source)]
    for own in dialects:
        found = infer(shapes, own) if spec is None else _known(shapes, spec, own)
        if found and spec is None:
            return _named(shapes, found, own, configs)
        if found:
            _refuse_contradictions(found, own, configs)
            return Identity(zoo_name(found), found, own.name, (), doubtful=False)
    if spec is None:  # names that no growing network has, such as Caffe's of more than 26 blocks
        for own in dialects:
            for name in resnet_spec.names():
                if found := _known(shapes, name, own):
                    return _named(shapes, found, own, configs)
    raise _nearest(shapes, spec, dialects)


def zoo_name(spec: ResNetSpec) -> str:
    """The name of a network in the zoo, whatever its image and classes; "" if it has none."""
    return next((name for name, row in ZOO.items() if _body(row) == _body(spec)), "")


def _body(spec: ResNetSpec) -> tuple[object, ...]:
    """Every choice but those of the image and the classes."""
    return tuple(value for name, value in vars(spec).items() if name not in ENDS)


def _named(shapes: Shapes, found: ResNetSpec, own: Dialect, configs: Configs) -> Identity:
    """Of all networks with these arrays, the one that the file or else its ecosystem means."""
    alike = [row for row in _zoo_like(found) if fits(shapes, row, own)]
    if configs:
        meant = settled_by(configs, own, alike or [found])
        _refuse_contradictions(meant, own, configs)
        return Identity(zoo_name(meant), meant, own.name, (), doubtful=False)
    usual = [row for row in alike if own.usual(row) == row]
    if usual:
        chosen = usual[0]
    else:
        chosen = own.usual(found)
        chosen = chosen if fits(shapes, chosen, own) else found
    others = [row for row in (*usual, *alike) if row != chosen]
    rivals = tuple(dict.fromkeys(map(zoo_name, others)))
    return Identity(zoo_name(chosen), chosen, own.name, rivals, doubtful=len(usual) > 1)


def _zoo_like(spec: ResNetSpec) -> Iterator[ResNetSpec]:
    """The rows of the zoo that look the same where it is cheap to look."""
    for row in ZOO.values():
        if (
            (row.block, row.depths, row.widths) == (spec.block, spec.depths, spec.widths)
            and (row.groups, row.width_per_group) == (spec.groups, spec.width_per_group)
            and (row.stem.channels, row.stem.kernel) == (spec.stem.channels, spec.stem.kernel)
        ):
            yield replace(row, in_channels=spec.in_channels, num_classes=spec.num_classes)


def _known(shapes: Shapes, spec: ResNetSpec | str, own: Dialect) -> ResNetSpec | None:
    """A given network, if its arrays are exactly these; one of the zoo takes the file's ends."""
    if isinstance(spec, str):
        base = resnet_spec.get(spec)
        if not _is_near(base, shapes):
            return None
        spec = _adapted(base, own, shapes)
    elif (blocks := sum(spec.depths) + len(spec.stem.channels)) > MOST_BLOCKS:
        raise FileError(f"a network of {blocks:,} blocks is none that a file holds")
    return spec if fits(shapes, spec, own) else None


def _is_near(base: ResNetSpec, shapes: Shapes) -> bool:
    """Whether the network has as many arrays, but for those of a classifier."""
    slots = resnet_spec.slots(resnet_spec.plan(base))
    return abs(len(slots) - len(shapes)) <= len(CLASSIFIER)


def _adapted(base: ResNetSpec, candidate: Dialect, shapes: Shapes) -> ResNetSpec:
    """`base` with the in_channels and num_classes that the shapes tell, where they tell them."""
    plan = resnet_spec.plan(base)
    names = candidate.layer_names(plan)
    known = candidate.spelt(shapes, plan)
    slots = {s.layer: s for s in resnet_spec.slots(plan) if s.role is Role.KERNEL}

    def told(layer: Layer, axis: str) -> int | None:
        """This axis of the layer's kernel, if it is the only one of another size."""
        slot = slots[layer]
        found = known.get(candidate.array_name(names.get(layer.name, ""), Role.KERNEL), ())
        axes = candidate.axes(slot)
        sizes = dict(zip(axes, found, strict=False))
        wanted = dict(zip(axes, candidate.shape(slot), strict=True))
        fits = len(found) == len(axes) and sizes | {axis: 0} == wanted | {axis: 0}
        return sizes[axis] if fits and sizes[axis] > 0 else None

    in_channels = told(plan.stem[0], "I") or base.in_channels
    num_classes = base.num_classes
    for layer in plan.head:
        if isinstance(layer, Dense) and layer.name in names:
            own = [candidate.array_name(names[layer.name], role) for role in CLASSIFIER]
            num_classes = told(layer, "O") or num_classes if any(n in known for n in own) else None
    return replace(base, in_channels=in_channels, num_classes=num_classes)


def _refuse_contradictions(spec: ResNetSpec, own: Dialect, configs: Configs) -> None:
    against = list(contradictions(resnet_spec.plan(spec), own, configs)) if configs else []
    if against:
        name = zoo_name(spec) or "the given spec"
        raise FileError(
            f"the arrays are those of {name}, but it is another network: {'; '.join(against)}"
        )


def _nearest(
    shapes: Shapes, spec: ResNetSpec | str | None, dialects: Sequence[Dialect]
) -> FileError:
    """What comes nearest, and what is amiss there."""
    given = [] if spec is None else [spec]
    nearest: tuple[int, str, str, WeightsError] | None = None  # one at a time: they hold all names
    for own in dialects:
        for candidate in given or resnet_spec.names():
            base = resnet_spec.get(candidate) if isinstance(candidate, str) else candidate
            if isinstance(candidate, str) and _is_near(base, shapes):
                base = _adapted(base, own, shapes)
            if error := _misfit(shapes, base, own):
                faults = len(error.missing) + len(error.unexpected) + len(error.misshapen)
                if nearest is None or faults < nearest[0]:
                    nearest = (faults, zoo_name(base) or "the given spec", own.name, error)
    if nearest is None:
        return FileError("no dialect has names for this network's layers")
    faults, name, known_dialect, error = nearest
    amiss = str(error) if given or faults <= MOST_LISTED else f"{error.summary} arrays"
    return FileError(
        f"no known network fits; the nearest is {name} in dialect {known_dialect}: {amiss}"
    )


def _misfit(shapes: Shapes, spec: ResNetSpec, own: Dialect) -> WeightsError | None:
    try:
        fitting(shapes, resnet_spec.plan(spec), own)
    except DialectError:
        return None
    except WeightsError as error:
        return error
    return None
