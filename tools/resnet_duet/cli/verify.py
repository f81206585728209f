"""`verify`: are two checkpoints, or one in both frameworks, the same function?"""

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from resnet_duet.cli.options import as_json, known_spec, with_spec

if TYPE_CHECKING:
    from resnet_duet.frameworks import Framework
    from resnet_duet.port.identify import Identity


@click.command()
@click.argument("a", type=click.Path(path_type=Path))
@click.argument("b", type=click.Path(path_type=Path), required=False)
@with_spec
@as_json
def verify(a: Path, b: Path | None, spec: str | None, as_json: bool) -> None:
    """Prove that two checkpoints, or one in both frameworks, are the same function.

    Runs them layer by layer in float64 on random images. Exit status 1 if they differ.
    """
    from resnet_duet.cli.lines import identity_lines
    from resnet_duet.frameworks import KERAS, TORCH
    from resnet_duet.models import assemble
    from resnet_duet.port.head import AS_FILED
    from resnet_duet.port.opening import open_checkpoint
    from resnet_duet.proof.compare import compare
    from resnet_duet.tables import print_comparison, spinner

    known = known_spec(spec)
    first, identity = open_checkpoint(a, known, None, AS_FILED)
    second, other = (first, identity) if b is None else open_checkpoint(b, known, None, AS_FILED)
    # A file goes into the framework whose names it bears; a file alone goes into both.
    home, away = native(identity), native(other)
    if b is None:
        away = KERAS if home is TORCH else TORCH
    with spinner(f"running {a.name} layer by layer in float64"):
        result = compare(
            assemble(first.arrays, identity.spec, identity.dialect, home.name, "float64"),
            assemble(second.arrays, other.spec, other.dialect, away.name, "float64"),
        )
    if as_json:
        rows = [{"layer": r.layer, "shape": r.shape, "error": finite(r.error)} for r in result.rows]
        click.echo(json.dumps({"same": result.same, "layers": rows}, allow_nan=False))
    else:
        told = [(a, identity, first), *([] if b is None else [(b, other, second)])]
        for line in (line for side in told for line in identity_lines(*side)):
            click.echo(line)
        print_comparison(result, home.name, away.name)
    raise click.exceptions.Exit(0 if result.same else 1)


def native(identity: "Identity") -> "Framework":
    """The framework whose names and layouts a checkpoint has."""
    from resnet_duet.frameworks import KERAS, TORCH
    from resnet_duet.port import dialect
    from resnet_duet.port.dialects import DIALECTS

    words = DIALECTS[identity.dialect].layout.words
    return TORCH if words == dialect.TORCH.words else KERAS


def finite(error: float) -> float | None:
    """JSON knows neither NaN nor infinity: null is an error without a size."""
    return error if math.isfinite(error) else None
