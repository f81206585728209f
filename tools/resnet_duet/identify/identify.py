"""Which network has these arrays, in which dialect? From names, shapes and Keras configurations."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import resnet_spec
from resnet_duet.errors import FileError
from resnet_duet.formats.keras_config import Configs
from resnet_duet.identify.infer import infer, matches
from resnet_duet.identify.keras_config import contradictions
from resnet_duet.identify.rows import adapted, is_near, zoo_name
from resnet_duet.identify.undetermined import resolve
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
    """

    name: str
    spec: ResNetSpec
    dialect: str
    alternatives: tuple[str, ...]
    ambiguous: bool


def identify(
    shapes: Shapes, spec: ResNetSpec | str | None, source: str | None, configs: Configs
) -> Identity:
    """The network and the dialect of a checkpoint.

    Args:
        shapes: {array name: shape} of all arrays of the checkpoint.
        spec: the network, if it is known: a spec or a name of the zoo. None to infer it.
        source: the dialect, if it is known. None to try every dialect.
        configs: Keras' configurations of the layers; empty if the file has none.

    Raises:
        FileError: no network matches. It names the nearest one and the arrays that do not match.
        SpecError: an unknown name of a network.
        DialectError: an unknown dialect.
    """
    dialects = list(DIALECTS.values()) if source is None else [dialect(source)]
    for own in dialects:
        found = infer(shapes, own) if spec is None else _known(shapes, spec, own)
        if found and spec is None:
            return _named(shapes, found, own, configs)
        if found:
            _check_configuration(found, own, configs)
            return Identity(zoo_name(found), found, own.name, (), ambiguous=False)
    if spec is None:  # names that change as a network grows: Caffe's with more than 26 blocks
        for own in dialects:
            for row in ZOO.values():
                if found := _known_row(shapes, row, own):
                    return _named(shapes, found, own, configs)
    from resnet_duet.identify.nearest import no_match  # only a refusal needs it

    raise no_match(shapes, spec, dialects)


def _named(shapes: Shapes, found: ResNetSpec, own: Dialect, configs: Configs) -> Identity:
    """Of all networks with these arrays, the one that the file or else its dialect builds."""
    alike = [row for row in _similar_rows(found) if matches(shapes, row, own)]
    if configs:
        resolved = resolve(configs, own, alike or [found])
        _check_configuration(resolved, own, configs)
        return Identity(zoo_name(resolved), resolved, own.name, (), ambiguous=False)
    usual = [row for row in alike if own.default_spec(row) == row]
    if usual:
        chosen = usual[0]
    else:
        chosen = own.default_spec(found)
        chosen = chosen if matches(shapes, chosen, own) else found
    others = [row for row in (*usual, *alike) if row != chosen]
    alternatives = tuple(dict.fromkeys(map(zoo_name, others)))
    return Identity(zoo_name(chosen), chosen, own.name, alternatives, ambiguous=len(usual) > 1)


def _similar_rows(spec: ResNetSpec) -> Iterator[ResNetSpec]:
    """The rows of the zoo that agree in the choices that are cheap to compare."""
    for row in ZOO.values():
        if (
            (row.block, row.depths, row.widths) == (spec.block, spec.depths, spec.widths)
            and (row.groups, row.width_per_group) == (spec.groups, spec.width_per_group)
            and (row.stem.channels, row.stem.kernel) == (spec.stem.channels, spec.stem.kernel)
        ):
            yield replace(row, in_channels=spec.in_channels, num_classes=spec.num_classes)


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


def _check_configuration(spec: ResNetSpec, own: Dialect, configs: Configs) -> None:
    """Raise FileError if the Keras configuration describes another network with these arrays."""
    against = list(contradictions(resnet_spec.plan(spec), own, configs)) if configs else []
    if against:
        name = zoo_name(spec) or "the given spec"
        raise FileError(f"the arrays match {name}, but the Keras configuration does not", against)
