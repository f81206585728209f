"""`show`: one architecture by stages, by layers, or as code, without a framework."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from resnet_duet.cli.help import Command
from resnet_duet.cli.options import as_json, parse_size, read_spec, with_choices
from resnet_duet.frameworks import FRAMEWORKS

if TYPE_CHECKING:
    from resnet_spec import Plan
    from resnet_spec.measure import Size
    from resnet_spec.tables import Row

BETWEEN = "  "  # convolutions of a block, in its description


@click.command(
    cls=Command,
    examples=(
        ("Show the stages of ResNet-50:", "resnet-duet show resnet50"),
        (
            "Show each layer of a variant on a small image:",
            "resnet-duet show resnet18 --layers --size 64x64 --set norm_eps=1e-3",
        ),
        ("Save plain PyTorch code:", "resnet-duet show resnet50 --code torch > net.py"),
    ),
)
@click.argument("network", metavar="NAME|FILE")
@click.option("--layers", is_flag=True, help="Print one row for each layer.")
@click.option("--size", metavar="HxW", help="Image size. [default: as in the literature]")
@click.option(
    "--code",
    type=click.Choice(list(FRAMEWORKS)),
    help="Print standalone source code for this framework.",
)
@with_choices
@as_json
def show(
    network: str,
    layers: bool,
    size: str | None,
    code: str | None,
    choices: dict[str, object],
    as_json: bool,
) -> None:
    """Show the stages, layers or source code of an architecture.

    NAME is a name of `list`; FILE is a spec in a .json file.
    """
    import resnet_spec
    from resnet_spec import tables
    from resnet_spec.measure import default_image_size
    from resnet_spec.rules import override

    if code and (layers or size):
        raise click.UsageError("--code prints source code; it takes neither --layers nor --size")
    base = read_spec(network) if network.endswith(".json") else resnet_spec.get(network)
    spec = override(base, choices)
    plan = resnet_spec.plan(spec)
    facts: dict[str, object] = {"spec": json.loads(spec.to_json())}
    if code:
        text = source_of(plan, network, choices, code)
        facts |= {"framework": code, "code": text}
    else:
        image = parse_size(size) if size else default_image_size(plan)
        rows = (tables.layer_rows if layers else tables.stage_rows)(plan, image)
        facts |= {"size": image, "rows": [row._asdict() for row in rows]}
    if as_json:
        click.echo(json.dumps(facts))
    elif code:
        click.echo(text, nl=False)
    else:
        print_rows(network, plan, image, rows, layers)


def source_of(plan: "Plan", network: str, choices: dict[str, object], framework: str) -> str:
    """The source code, with the choices in its title."""
    from resnet_duet.codegen import source

    overrides = (f", {name}={value}" for name, value in choices.items())
    return source(plan, "".join((Path(network).stem, *overrides)), framework)


def print_rows(network: str, plan: "Plan", image: "Size", rows: "list[Row]", layers: bool) -> None:
    """Print what the network is, and its table."""
    from resnet_duet.cli.console import bold, note, say, table
    from resnet_duet.cli.table import Column
    from resnet_duet.cli.units import si
    from resnet_spec.tables import title

    say(network, bold)
    note(title(plan, image))
    click.echo()
    columns = (
        Column("layer" if layers else "stage"),
        Column("output"),
        Column("params", right=True),
        Column("MACs", right=True),
        Column("description" if layers else "blocks", wrap=True),
    )
    words = str if layers else unbreakable
    cells = [
        (row.name, row.output, si(row.parameters), si(row.macs), words(row.description))
        for row in rows
    ]
    table(columns, [("", cells)])


def unbreakable(description: str) -> str:
    """A description that wraps between convolutions only, and not within "3x3, 64"."""
    from resnet_duet.cli.table import UNBREAKABLE

    return BETWEEN.join(part.replace(" ", UNBREAKABLE) for part in description.split(BETWEEN))
