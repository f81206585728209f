"""`list` and `show`: networks without a framework."""

import json
from pathlib import Path

import click

from resnet_duet.cli.options import as_json, parse_size, read_spec, with_choices
from resnet_duet.frameworks import FRAMEWORKS


@click.command("list")
@as_json
def list_networks(as_json: bool) -> None:
    """Name every network of the zoo."""
    import resnet_spec
    from resnet_spec.measure import depth, total, usual_size

    rows = []
    for name in resnet_spec.names():
        plan = resnet_spec.plan(resnet_spec.get(name))
        size = usual_size(plan)
        numbers = total(plan, size)
        image = f"{size[0]}x{size[1]}"
        rows.append((name, image, depth(plan), numbers.parameters, numbers.macs))
    headings = ("name", "image", "layers", "parameters", "multiply-adds")
    if as_json:
        click.echo(json.dumps([dict(zip(headings, row, strict=True)) for row in rows]))
    else:
        from resnet_duet.tables import print_table

        print_table(headings, rows)


@click.command()
@click.argument("network", metavar="NAME|FILE")
@click.option("--layers", is_flag=True, help="Every layer in a row.")
@click.option("--size", metavar="HxW", help="Size of the image. [default: the literature's]")
@click.option(
    "--code", type=click.Choice(list(FRAMEWORKS)), help="Its source in plain PyTorch or Keras."
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
    """Show a network stage by stage, layer by layer, or as source that needs nothing of ours."""
    import resnet_spec
    from resnet_spec import show as tables
    from resnet_spec.measure import usual_size
    from resnet_spec.rules import amend

    base = read_spec(network) if network.endswith(".json") else resnet_spec.get(network)
    spec = amend(base, choices)
    plan = resnet_spec.plan(spec)
    if code:
        if layers or size or as_json:
            raise click.UsageError("--code prints source: say it without --layers, --size, --json")
        from resnet_duet.source import source

        amended = (f", {name}={value}" for name, value in choices.items())
        click.echo(source(plan, "".join((Path(network).stem, *amended)), code), nl=False)
        return
    image = parse_size(size) if size else usual_size(plan)
    headings = tables.LAYER_HEADINGS if layers else tables.HEADINGS
    rows = tables.layer_rows(plan, image) if layers else tables.stage_rows(plan, image)
    if as_json:
        table = [dict(zip(headings, row, strict=True)) for row in rows]
        click.echo(json.dumps({"spec": json.loads(spec.to_json()), "size": image, "rows": table}))
    else:
        from resnet_duet.tables import print_table

        click.echo(tables.title(plan, image))
        print_table(headings, rows)
