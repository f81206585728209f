"""`list`: the architectures, without a framework."""

import json
from collections.abc import Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING, NamedTuple

import click

from resnet_duet.cli.help import Command
from resnet_duet.cli.options import as_json

if TYPE_CHECKING:
    from resnet_spec.zoo import Family

LAYERS = (
    "layers: convolutions on the longest path, and the classifier. The deep stem of ResNet-C and"
    " ResNet-D adds two to the number in the name."
)
MACS = "MACs: multiply-adds of one image. FLOPs are twice as many."
DEEP_STEM = "resnet_cd"


class Row(NamedTuple):
    """One network. The field names are the keys of its JSON.

    Attributes:
        name: in the zoo.
        family, source, year: of its family.
        image: height x width of its literature.
        layers, parameters, macs: see `resnet_spec.measure`.
    """

    name: str
    family: str
    source: str
    year: int
    image: str
    layers: int
    parameters: int
    macs: int


@click.command(
    "list",
    cls=Command,
    examples=(
        ("List all architectures:", "resnet-duet list"),
        ("List those whose names match a pattern:", "resnet-duet list 'resnet5*' '*d'"),
        ("Read their sizes in a program:", "resnet-duet list --json"),
    ),
)
@click.argument("patterns", metavar="[PATTERN]...", nargs=-1)
@as_json
def list_networks(patterns: tuple[str, ...], as_json: bool) -> None:
    """List the available architectures, grouped by family.

    PATTERN selects names as a shell does: * matches any text, ? any character.
    """
    from resnet_spec.zoo import FAMILIES

    chosen = matching(patterns or ("*",))
    groups = [(family, list(rows(family, chosen))) for family in FAMILIES]
    groups = [(family, members) for family, members in groups if members]
    if as_json:
        click.echo(json.dumps([row._asdict() for _, members in groups for row in members]))
    else:
        print_groups(groups)


def matching(patterns: tuple[str, ...]) -> set[str]:
    """The names that any pattern matches.

    Raises:
        SpecError: a pattern matches no name.
    """
    import resnet_spec
    from resnet_spec import SpecError

    chosen: set[str] = set()
    for pattern in patterns:
        names = resnet_spec.names(pattern)
        if not names:
            raise SpecError([f"no network matches {pattern!r}; {hint_for(pattern)}"])
        chosen.update(names)
    return chosen


def hint_for(pattern: str) -> str:
    """What a user may have meant by a pattern that matches nothing."""
    import resnet_spec

    for wider in (f"{pattern}*", f"*{pattern}*"):
        if resnet_spec.names(wider):
            return f"did you mean {wider!r}?"
    near = get_close_matches(pattern.strip("*?"), resnet_spec.names(), n=3, cutoff=0.5)
    return f"did you mean {', '.join(near)}?" if near else "`resnet-duet list` prints all names"


def rows(family: "Family", chosen: set[str]) -> Iterator[Row]:
    """The chosen networks of a family."""
    import resnet_spec
    from resnet_spec.measure import default_image_size, depth, total

    for name in family.networks:
        if name in chosen:
            plan = resnet_spec.plan(resnet_spec.get(name))
            size = default_image_size(plan)
            counts = total(plan, size)
            yield Row(
                name,
                family.name,
                family.source,
                family.year,
                f"{size[0]}x{size[1]}",
                depth(plan),
                counts.parameters,
                counts.macs,
            )


def print_groups(groups: "list[tuple[Family, list[Row]]]") -> None:
    """Print a table with a heading for each family, and what its columns count."""
    from resnet_duet.cli.console import bold, dim, note, table
    from resnet_duet.cli.table import Column
    from resnet_duet.cli.units import si

    columns = (
        Column("name"),
        Column("image"),
        Column("layers", right=True),
        Column("params", right=True),
        Column("MACs", right=True),
    )
    table(
        columns,
        [
            (
                f"{bold(family.title)}  {dim(f'{family.source}, {family.year}')}",
                [
                    (row.name, row.image, str(row.layers), si(row.parameters), si(row.macs))
                    for row in members
                ],
            )
            for family, members in groups
        ],
    )
    click.echo()
    if any(family.name == DEEP_STEM for family, _ in groups):
        note(LAYERS)
    note(MACS)
