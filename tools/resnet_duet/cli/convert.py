"""`convert`: a checkpoint into another file, format and framework."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from resnet_duet.cli.options import as_json, open_checkpoint, with_spec

if TYPE_CHECKING:
    import numpy as np

    from resnet_duet.port.checkpoint import Checkpoint
    from resnet_duet.port.identify import Identity


@click.command()
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

    to_dialect = files.writable(target, to_dialect, overwrite)
    checkpoint, identity = open_checkpoint(source, spec, from_dialect)
    arrays = convert_arrays(checkpoint.arrays, identity.spec, identity.dialect, to_dialect)
    if verify:
        prove(checkpoint, identity, arrays, to_dialect, source)
    files.write(target, Checkpoint(arrays, identity.spec), to_dialect, overwrite)
    if as_json:
        facts = describe(identity, checkpoint)
        paths = {"source": str(source), "target": str(target)}
        click.echo(json.dumps(paths | facts | {"to": to_dialect, "verified": verify}))
    else:
        from resnet_duet.tables import print_identity

        print_identity(source, identity, checkpoint)
        proof = ", the same function in both frameworks" if verify else ""
        click.echo(f"{target}: {len(arrays)} arrays in dialect {to_dialect}{proof}")


def describe(identity: "Identity", checkpoint: "Checkpoint") -> dict[str, object]:
    """What a checkpoint was found to be, for a program."""
    return {
        "network": identity.name,
        "spec": json.loads(identity.spec.to_json()),
        "from": identity.dialect,
        "rivals": identity.rivals,
        "left_out": checkpoint.left_out,
    }


def prove(
    checkpoint: "Checkpoint",
    identity: "Identity",
    arrays: "Mapping[str, np.ndarray]",
    dialect: str,
    source: Path,
) -> None:
    """Load the arrays before and after into one framework each, and compare the networks."""
    from resnet_duet.errors import ProofError
    from resnet_duet.models import assemble
    from resnet_duet.proof.compare import compare
    from resnet_duet.tables import spinner

    spec = identity.spec
    with spinner(f"proving the conversion of {source.name}"):
        before = assemble(checkpoint.arrays, spec, identity.dialect, "torch", "float64")
        after = assemble(arrays, spec, dialect, "keras", "float64")
        difference = compare(before, after).first_difference
    if difference:
        raise ProofError(
            f"{source}: the converted network is another function from {difference.layer} on,"
            f" by {difference.error:.1e}; nothing was written"
        )
