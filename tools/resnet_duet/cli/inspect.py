"""`inspect`: what a checkpoint is, and what its weights cannot tell."""

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from resnet_duet.cli.options import as_json, head_of, known_spec, with_source

if TYPE_CHECKING:
    from resnet_duet.port.checkpoint import Checkpoint
    from resnet_duet.port.identify import Identity
    from resnet_duet.port.unseen import Unseen


@click.command("inspect")
@click.argument("file", type=click.Path(path_type=Path))
@with_source
@as_json
def inspect_file(
    file: Path,
    spec: str | None,
    choices: dict[str, object],
    num_classes: int | None,
    no_head: bool,
    from_dialect: str | None,
    as_json: bool,
) -> None:
    """Say what a checkpoint is, what is in it, and what its weights cannot tell."""
    from resnet_duet.port.dialects import dialect
    from resnet_duet.port.head import ANY, AS_FILED
    from resnet_duet.port.porter import count_nonfinite, examined
    from resnet_duet.port.unseen import unseen

    head = head_of(num_classes, no_head)
    head = ANY if head == AS_FILED else head
    checkpoint, identity = examined(file, known_spec(spec), from_dialect, head, choices)
    arrays = checkpoint.arrays
    odd = {name: n for name in arrays if (n := count_nonfinite(arrays[name]))}
    hidden = list(unseen(identity.spec, dialect(identity.dialect)))
    if as_json:
        click.echo(json.dumps(facts(file, checkpoint, identity, odd, hidden)))
    else:
        show(file, checkpoint, identity, odd, hidden)


def facts(
    file: Path,
    checkpoint: "Checkpoint",
    identity: "Identity",
    odd: dict[str, int],
    hidden: "list[Unseen]",
) -> dict[str, object]:
    """Everything for a program."""
    label = checkpoint.label
    return {
        "file": str(file),
        "network": identity.name,
        "spec": json.loads(identity.spec.to_json()),
        "dialect": identity.dialect,
        "rivals": identity.rivals,
        "arrays": len(checkpoint.arrays),
        "numbers": numbers(checkpoint),
        "dtypes": dtypes(checkpoint),
        "nonfinite": odd,
        "left_out": checkpoint.left_out,
        "label": json.loads(label.to_json()) if label else None,
        "unseen": [vars(item) for item in hidden],
    }


def show(
    file: Path,
    checkpoint: "Checkpoint",
    identity: "Identity",
    odd: dict[str, int],
    hidden: "list[Unseen]",
) -> None:
    """Everything for a person."""
    import resnet_spec
    from resnet_duet.cli.lines import identity_lines, reason
    from resnet_duet.tables import print_table
    from resnet_spec.measure import usual_size
    from resnet_spec.show import title

    for line in identity_lines(file, identity, checkpoint):
        click.echo(line)
    plan = resnet_spec.plan(identity.spec)
    click.echo(f"  {title(plan, usual_size(plan))}")
    kinds = ", ".join(f"{count} of {kind}" for kind, count in dtypes(checkpoint).items())
    click.echo(f"  {len(checkpoint.arrays)} arrays, {numbers(checkpoint):,} numbers: {kinds}")
    for name, count in odd.items():
        click.echo(f"  {name}: {count} numbers are NaN or infinite")
    if (label := checkpoint.label) is not None:
        origin = f" from {label.origin.name}, sha256 {label.origin.sha256}" if label.origin else ""
        click.echo(f"  written by {label.tool}{origin}")
    click.echo(f"  weights cannot tell these; taken {reason(identity, checkpoint)}:")
    print_table(
        ("choice", "taken", "could be", "what it is"),
        [
            (
                f"--set {item.path}=",
                str(item.taken),
                ", ".join(map(str, item.alternatives)),
                item.about,
            )
            for item in hidden
        ],
    )


def dtypes(checkpoint: "Checkpoint") -> dict[str, int]:
    """{precision: number of arrays}."""
    return dict(Counter(entry.dtype.name for entry in checkpoint.arrays.entries.values()))


def numbers(checkpoint: "Checkpoint") -> int:
    """How many numbers the arrays hold."""
    entries = checkpoint.arrays.entries.values()
    return sum(entry.nbytes // entry.dtype.itemsize for entry in entries)
