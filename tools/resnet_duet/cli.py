"""The command `resnet-duet`. What a command needs is imported when it runs, not before."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from resnet_spec import ResNetSpec

    from resnet_duet.port.checkpoint import Checkpoint
    from resnet_duet.port.identify import Identity

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
with_spec = click.option(
    "--spec", metavar="NAME|FILE", help="The network: a name of `list`, or a spec's .json file."
)


class Duet(click.Group):
    """Our errors end in one line and status 2; `--debug` shows where they came from."""

    def invoke(self, ctx: click.Context) -> Any:
        from resnet_spec import ResNetError

        try:
            return super().invoke(ctx)
        except ResNetError as error:
            if ctx.params["debug"]:
                raise
            click.echo(f"resnet-duet: {error}", err=True)
            ctx.exit(2)


@click.group(cls=Duet)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(package_name="resnet-duet")
def main(debug: bool) -> None:
    """The same ResNet in PyTorch and in Keras: build, convert, prove."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow greets at length


@main.command("list")
@as_json
def list_command(as_json: bool) -> None:
    """Name every network of the zoo."""
    import resnet_spec
    from resnet_spec.measure import count, depth, usual_size

    rows = []
    for name in resnet_spec.names():
        plan = resnet_spec.plan(resnet_spec.get(name))
        size = usual_size(plan)
        total = count(plan, plan.layers(), size)
        image = f"{size[0]}x{size[1]}"
        rows.append((name, depth(plan), image, total.parameters, total.macs))
    headings = ("name", "layers", "image", "parameters", "multiply-adds")
    if as_json:
        click.echo(json.dumps([dict(zip(headings, row, strict=True)) for row in rows]))
    else:
        from resnet_duet.tables import print_table

        print_table(headings, [(n, str(d), s, f"{p:,}", f"{m:,}") for n, d, s, p, m in rows])


@main.command()
@click.argument("network", metavar="NAME|FILE")
@click.option("--layers", is_flag=True, help="Every layer in a row.")
@click.option("--size", metavar="HxW", help="Size of the image. [default: the literature's]")
@click.option("--set", "choices", metavar="CHOICE=VALUE", multiple=True, help="As padding=same.")
@as_json
def show(
    network: str, layers: bool, size: str | None, choices: tuple[str, ...], as_json: bool
) -> None:
    """Show a network stage by stage, or layer by layer."""
    import resnet_spec
    from resnet_spec import show as text
    from resnet_spec.measure import usual_size

    spec = parse_spec(network)
    if choices:
        from resnet_spec.rules import construct

        changed = dict(map(parse_choice, choices))
        spec = construct(resnet_spec.ResNetSpec, vars(spec) | changed)
    plan = resnet_spec.plan(spec)
    image = parse_size(size) if size else usual_size(plan)
    headings = text.LAYER_HEADINGS if layers else text.HEADINGS
    rows = text.layer_rows(plan, image) if layers else text.stage_rows(plan, image)
    if as_json:
        table = [dict(zip(headings, row, strict=True)) for row in rows]
        click.echo(json.dumps({"spec": json.loads(spec.to_json()), "size": image, "rows": table}))
    else:
        from resnet_duet.tables import print_table

        click.echo(text.title(plan, image))
        print_table(headings, rows)


@main.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@with_spec
@click.option("--from", "from_dialect", metavar="DIALECT", help="Whose names the source has.")
@click.option("--to", "to_dialect", metavar="DIALECT", help="Whose names the target gets.")
@click.option("--verify", is_flag=True, help="Build both sides and compare before writing.")
@click.option("--overwrite", is_flag=True, help="Replace the target if it exists.")
@as_json
def convert(
    source: Path,
    target: Path,
    spec: str | None,
    from_dialect: str | None,
    to_dialect: str | None,
    verify: bool,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Carry a checkpoint over into another file, format and framework."""
    from resnet_duet.port import files
    from resnet_duet.port.checkpoint import Checkpoint
    from resnet_duet.port.convert import convert as convert_arrays

    to_dialect = to_dialect or files.writable(target, overwrite).dialect
    checkpoint, identity = open_checkpoint(source, spec, from_dialect)
    arrays = convert_arrays(checkpoint.arrays, identity.spec, identity.dialect, to_dialect)
    if verify:
        prove_conversion(checkpoint, identity, arrays, to_dialect, source)
    files.write(target, Checkpoint(arrays, identity.spec), to_dialect, overwrite)
    facts = {
        "source": str(source),
        "target": str(target),
        "network": identity.name,
        "spec": json.loads(identity.spec.to_json()),
        "from": identity.dialect,
        "to": to_dialect,
        "rivals": identity.rivals,
        "left_out": checkpoint.left_out,
        "verified": verify,
    }
    if as_json:
        click.echo(json.dumps(facts))
    else:
        from resnet_duet.tables import print_identity

        print_identity(source, identity, checkpoint)
        proof = ", the same function in both frameworks" if verify else ""
        click.echo(f"{target}: {len(arrays)} arrays in dialect {to_dialect}{proof}")


@main.command("verify")
@click.argument("a", type=click.Path(path_type=Path))
@click.argument("b", type=click.Path(path_type=Path), required=False)
@with_spec
@as_json
def verify_command(a: Path, b: Path | None, spec: str | None, as_json: bool) -> None:
    """Prove that two checkpoints, or one in both frameworks, are the same function.

    Runs them layer by layer in float64 on random images. Exit status 1 if they differ.
    """
    from resnet_duet.frameworks import KERAS, TORCH
    from resnet_duet.proof.compare import compare
    from resnet_duet.tables import print_comparison, print_identity, spinner

    first, identity = open_checkpoint(a, spec, None)
    second, other = (first, identity) if b is None else open_checkpoint(b, spec, None)
    with spinner(f"running {a.name} layer by layer in float64"):
        # A file goes into the framework whose names it bears; one file goes into both.
        home = native(identity)
        away = native(other) if b is not None else (KERAS if home is TORCH else TORCH)
        result = compare(network(first, identity, home.name), network(second, other, away.name))
    if as_json:
        rows = [{"layer": r.layer, "shape": r.shape, "error": r.error} for r in result.rows]
        click.echo(json.dumps({"same": result.same, "layers": rows}))
    else:
        print_identity(a, identity, first)
        if b is not None:
            print_identity(b, other, second)
        print_comparison(result, home.name, away.name)
    raise click.exceptions.Exit(0 if result.same else 1)


@main.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("resnet-duet-demo"),
    show_default=True,
    help="Folder for the files.",
)
@click.option("--epochs", type=click.IntRange(1), default=40, show_default=True)
@as_json
def demo(out: Path, epochs: int, as_json: bool) -> None:
    """Train on handwritten digits in PyTorch, carry over to Keras, and prove it."""
    from resnet_duet.demo import run

    run(out, epochs, as_json)


def parse_spec(text: str) -> "ResNetSpec":
    """A spec from its name in the zoo, or from a .json file."""
    import resnet_spec

    from resnet_duet.errors import FileError

    if not text.endswith(".json"):
        return resnet_spec.get(text)
    try:
        return resnet_spec.ResNetSpec.from_json(Path(text).read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{text} cannot be read: {error}") from None


def parse_choice(text: str) -> tuple[str, object]:
    """`padding=same`, `depths=[1,1]`: JSON where it is JSON, else the word itself."""
    name, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f"--set takes CHOICE=VALUE, not {text!r}")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def parse_size(text: str) -> tuple[int, int]:
    """(height, width) from `224x224`."""
    height, _, width = text.partition("x")
    if not (height.isdecimal() and width.isdecimal() and int(height) and int(width)):
        raise click.UsageError(f"--size takes HEIGHTxWIDTH, not {text!r}")
    return int(height), int(width)


def open_checkpoint(
    path: Path, spec: str | None, dialect: str | None
) -> tuple["Checkpoint", "Identity"]:
    """Read a file and tell what it is, with a spec as the command line gives it."""
    from resnet_duet import models

    known = parse_spec(spec) if spec and spec.endswith(".json") else spec
    return models.open_checkpoint(path, known, dialect)


def native(identity: "Identity") -> Any:
    """The framework whose names and layouts a checkpoint has."""
    from resnet_duet.frameworks import KERAS, TORCH
    from resnet_duet.port import dialect
    from resnet_duet.port.dialects import DIALECTS

    return TORCH if DIALECTS[identity.dialect].layout is dialect.TORCH else KERAS


def network(checkpoint: "Checkpoint", identity: "Identity", into: str) -> Any:
    """The float64 network of a checkpoint, in a framework."""
    from resnet_duet.models import assemble

    return assemble(checkpoint.arrays, identity.spec, identity.dialect, into, "float64")


def prove_conversion(
    checkpoint: "Checkpoint",
    identity: "Identity",
    arrays: "Mapping[str, np.ndarray]",
    dialect: str,
    source: Path,
) -> None:
    """Load the arrays before and after into one framework each, and compare the networks."""
    from resnet_duet.errors import FileError
    from resnet_duet.models import assemble
    from resnet_duet.proof.compare import compare
    from resnet_duet.tables import spinner

    with spinner(f"proving the conversion of {source.name}"):
        before = network(checkpoint, identity, "torch")
        after = assemble(arrays, identity.spec, dialect, "keras", "float64")
        result = compare(before, after)
    if difference := result.first_difference:
        raise FileError(
            f"{source}: the converted network is another function from {difference.layer} on,"
            f" by {difference.error:.1e}; nothing was written"
        )
