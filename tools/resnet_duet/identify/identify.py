"""Which network has these arrays, in which dialect? From names and shapes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import resnet_spec
from resnet_duet.errors import FileError
from resnet_duet.identify.evidence import ASSUMED, Evidence, Origin
from resnet_duet.identify.infer import infer, matches
from resnet_duet.identify.rows import adapted, is_near, similar_rows, zoo_name
from resnet_duet.weights.dialect import Dialect, Shapes
from resnet_duet.weights.dialects import DIALECTS, dialect
from resnet_spec import ResNetSpec
from resnet_spec.zoo import ZOO

MOST_BLOCKS = 4096  # of a network that is planned; the deepest of the literature has 600


@dataclass(frozen=True)
class Identity:
    """The network of a checkpoint.

    Attributes:
        name: its name in the zoo; "" if it is not in the zoo.
        spec: the network, with the checkpoint's in_channels and num_classes.
        dialect: names and layouts of the checkpoint.
        alternatives: other networks of the zoo with exactly the same arrays: they differ in choices
            that leave no trace in the weights, such as v1 or v1.5 strides. Those that the dialect's
            own code builds come first, the others in the zoo's order.
        ambiguous: whether the dialect's own code builds one of the alternatives as well.
        evidence: where the choices come from that the arrays do not determine.
        layers: {canonical name of a layer or sum: the file's name}; empty without a graph.
    """

    name: str
    spec: ResNetSpec
    dialect: str
    alternatives: tuple[str, ...]
    ambiguous: bool
    evidence: Evidence = ASSUMED
    layers: Mapping[str, str] = field(default_factory=dict)

    @property
    def code(self) -> str:
        """The code with the conventions that were assumed, for people."""
        return self.evidence.code or self.dialect


def identify(shapes: Shapes, spec: ResNetSpec | str | None, source: str | None) -> Identity:
    """The network and the dialect of a checkpoint.

    Args:
        shapes: {array name: shape} of all arrays of the checkpoint.
        spec: the network, if it is known: a spec or a name of the zoo. None to infer it.
        source: the dialect, if it is known. None to try every dialect.

    Raises:
        FileError: no network matches. It names the nearest one and the arrays that do not match.
        SpecError: an unknown name of a network.
        DialectError: an unknown dialect.
    """
    found = find_identity(shapes, spec, source)
    if found is None:
        raise refused(shapes, spec, source)
    return found


def refused(shapes: Shapes, spec: ResNetSpec | str | None, source: str | None) -> FileError:
    """The error for arrays that match no network; see `identify`."""
    from resnet_duet.identify.nearest import no_match  # only a refusal needs it

    return no_match(shapes, spec, _dialects(source))


def _dialects(source: str | None) -> list[Dialect]:
    """The dialect that is known, or all of them."""
    return list(DIALECTS.values()) if source is None else [dialect(source)]


def find_identity(
    shapes: Shapes, spec: ResNetSpec | str | None, source: str | None
) -> Identity | None:
    """As `identify`; None if no network has exactly these arrays."""
    dialects = _dialects(source)
    for own in dialects:
        found = infer(shapes, own) if spec is None else _known(shapes, spec, own)
        if found and spec is None:
            return named(shapes, found, own)
        if found:
            given = Evidence(Origin.USER)
            return Identity(zoo_name(found), found, own.name, (), ambiguous=False, evidence=given)
    if spec is None:  # names that change as a network grows: Caffe's with more than 26 blocks
        for own in dialects:
            for row in ZOO.values():
                if found := _known_row(shapes, row, own):
                    return named(shapes, found, own)
    return None


def named(shapes: Shapes, found: ResNetSpec, own: Dialect) -> Identity:
    """Of all networks with these arrays, the one that the file or else its dialect builds.

    Args:
        shapes: {array name: shape} of all arrays.
        found: a network with these arrays.
        own: their dialect.
    """
    alike = [row for row in similar_rows(found) if matches(shapes, row, own)]
    usual = [row for row in alike if own.default_spec(row) == row]
    if usual:
        chosen = usual[0]
    else:
        chosen = own.default_spec(found)
        chosen = chosen if matches(shapes, chosen, own) else found
    others = [row for row in (*usual, *alike) if row != chosen]
    alternatives = tuple(dict.fromkeys(map(zoo_name, others)))
    return Identity(zoo_name(chosen), chosen, own.name, alternatives, ambiguous=len(usual) > 1)


def _known(shapes: Shapes, spec: ResNetSpec | str, own: Dialect) -> ResNetSpec | None:
    """The given network, if it has exactly these arrays."""
    if isinstance(spec, str):
        return _known_row(shapes, resnet_spec.get(spec), own)
    blocks = sum(spec.depths) + len(spec.stem.channels)
    if blocks > MOST_BLOCKS:
        raise FileError(f"spec has {blocks:,} blocks; the limit is {MOST_BLOCKS:,}")
    return spec if matches(shapes, spec, own) else None


def _known_row(shapes: Shapes, row: ResNetSpec, own: Dialect) -> ResNetSpec | None:
    """A row of the zoo with the file's image channels and classes, if it has these arrays."""
    if not is_near(row, shapes):
        return None
    spec = adapted(row, own, shapes)
    return spec if matches(shapes, spec, own) else None
