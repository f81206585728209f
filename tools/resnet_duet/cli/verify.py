"""`verify`: are two networks, or one checkpoint in both frameworks, the same function?"""

import json
import math
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from resnet_duet.cli.options import as_json, known_spec, with_spec

if TYPE_CHECKING:
    from resnet_duet.proof.compare import Comparison
    from resnet_duet.proof.network import Network


@click.command()
@click.argument("a")
@click.argument("b", required=False)
@with_spec
@click.option("--seeds", type=click.IntRange(min=1), default=1, help="So many sets of images.")
@click.option("--report", type=click.Path(path_type=Path), help="Write a page to look at, .html.")
@click.option("--overwrite", is_flag=True, help="Replace the report if it exists.")
@as_json
def verify(
    a: str,
    b: str | None,
    spec: str | None,
    seeds: int,
    report: Path | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Prove that two networks, or one checkpoint in both frameworks, are the same function.

    A and B are checkpoints, .onnx files, or CODE.py:NAME for a torch module, a Keras model or a
    resnet_duet.Function that a Python file makes. They run layer by layer in float64 on random
    images. Exit status 1 if they differ.
    """
    from resnet_duet.proof.compare import compare
    from resnet_duet.proof.report import writable_report, write_report
    from resnet_duet.tables import print_comparison, spinner

    if report:
        writable_report(report, overwrite)
    with spinner(f"building {a}" if b is None else f"building {a} and {b}"):
        one, two, lines = sides(a, b, spec)
    with spinner(f"running {one.title} and {two.title}, layer by layer"):
        result = compare(one, two, range(seeds))
    if report:
        write_report(report, result, (one, two), repeated(), overwrite)
    if as_json:
        click.echo(json.dumps(facts(result), allow_nan=False))
    else:
        for line in lines:
            click.echo(line)
        print_comparison(result)
    raise click.exceptions.Exit(0 if result.same else 1)


def sides(a: str, b: str | None, spec: str | None) -> tuple["Network", "Network", list[str]]:
    """Both networks, and what is to be said of them; a checkpoint alone in both frameworks."""
    from resnet_duet.cli.lines import identity_lines
    from resnet_duet.frameworks import KERAS, TORCH
    from resnet_duet.port.head import ANY
    from resnet_duet.port.opening import open_checkpoint
    from resnet_duet.proof.adapters import is_checkpoint, network
    from resnet_duet.proof.adapters.checkpoint import built, native, opened

    known = known_spec(spec)
    lines: list[str] = []

    def side(thing: str) -> "Network":
        if not is_checkpoint(thing):
            return network(thing)
        checkpoint, identity = open_checkpoint(thing, known, None, ANY)
        lines.extend(identity_lines(Path(thing), identity, checkpoint))
        return opened(checkpoint, identity, thing)

    if b is not None:
        return side(a), side(b), lines
    if not is_checkpoint(a):
        raise click.UsageError(f"{a} is no checkpoint: say what it is to be compared with")
    checkpoint, identity = open_checkpoint(a, known, None, ANY)
    lines += identity_lines(Path(a), identity, checkpoint)
    home = native(identity)
    away = KERAS if home is TORCH else TORCH
    one, two = (built(checkpoint, identity, where, where.name) for where in (home, away))
    return one, two, lines


def repeated() -> str:
    """The command line that was given."""
    return shlex.join(["resnet-duet", *sys.argv[1:]])


def facts(result: "Comparison") -> dict[str, object]:
    """What `verify` found, for a program."""
    layers = [
        {
            "layer": row.layer,
            "shape": row.shape,
            "error": finite(row.error),
            "allowed": row.allowed,
            "same": row.same,
        }
        for row in result.rows
    ]
    return {
        "same": result.same,
        "precision": result.precision,
        "networks": result.titles,
        "sizes": result.sizes,
        "seeds": result.seeds,
        "layers": layers,
    }


def finite(error: float) -> float | None:
    """JSON knows neither NaN nor infinity: null is an error without a size."""
    return error if math.isfinite(error) else None
