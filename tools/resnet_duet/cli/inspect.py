"""`inspect`: what a checkpoint is, what it holds, and what its weights do not determine."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from resnet_duet.cli.help import Command
from resnet_duet.cli.options import as_json, head_of, known_spec, value_text, with_source

if TYPE_CHECKING:
    from resnet_duet.formats.checkpoint import Checkpoint
    from resnet_duet.identify.identify import Identity
    from resnet_duet.identify.undetermined import UndeterminedChoice


@dataclass(frozen=True)
class Inspection:
    """What was found in a file.

    Attributes:
        file: its path.
        checkpoint, identity: its content, and what it is.
        nonfinite: {tensor: number of its values that are NaN or infinite}.
        undetermined: choices that its weights do not determine.
    """

    file: Path
    checkpoint: "Checkpoint"
    identity: "Identity"
    nonfinite: dict[str, int]
    undetermined: "list[UndeterminedChoice]"

    @property
    def dtypes(self) -> dict[str, int]:
        """{dtype: number of tensors}."""
        entries = self.checkpoint.arrays.entries.values()
        return dict(Counter(entry.dtype.name for entry in entries))

    @property
    def values(self) -> int:
        """Number of values in all tensors."""
        entries = self.checkpoint.arrays.entries.values()
        return sum(entry.nbytes // entry.dtype.itemsize for entry in entries)


@click.command(
    "inspect",
    cls=Command,
    examples=(
        ("Identify a checkpoint:", "resnet-duet inspect resnet50.pth"),
        ("See what a choice changes:", "resnet-duet inspect resnet50.pth --set norm_eps=1e-3"),
        ("Read the result in a program:", "resnet-duet inspect resnet50.pth --json"),
    ),
)
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
    """Identify a checkpoint: architecture, contents, assumptions."""
    from resnet_duet.files.convert_file import count_nonfinite, identify_file
    from resnet_duet.identify.head import HeadChoice
    from resnet_duet.identify.undetermined import undetermined_choices
    from resnet_duet.weights.dialects import dialect

    head = head_of(num_classes, no_head)
    head = HeadChoice.ANY if head is HeadChoice.KEEP else head
    checkpoint, identity = identify_file(file, known_spec(spec), from_dialect, head, choices)
    arrays = checkpoint.arrays
    found = Inspection(
        file,
        checkpoint,
        identity,
        {name: n for name in arrays if (n := count_nonfinite(arrays[name]))},
        list(undetermined_choices(identity.spec, dialect(identity.dialect))),
    )
    if as_json:
        click.echo(json.dumps(facts(found)))
    else:
        show(found)


def facts(found: Inspection) -> dict[str, object]:
    """The result as JSON."""
    checkpoint, identity = found.checkpoint, found.identity
    metadata = checkpoint.metadata
    return {
        "file": str(found.file),
        "network": identity.name,
        "spec": json.loads(identity.spec.to_json()),
        "dialect": identity.dialect,
        "alternatives": identity.alternatives,
        "tensors": len(checkpoint.arrays),
        "values": found.values,
        "dtypes": found.dtypes,
        "nonfinite": found.nonfinite,
        "skipped": checkpoint.skipped,
        "metadata": json.loads(metadata.to_json()) if metadata else None,
        "undetermined_choices": [
            {
                "path": item.path,
                "assumed": item.assumed,
                "alternatives": item.alternatives,
                "description": item.about,
            }
            for item in found.undetermined
        ],
    }


def show(found: Inspection) -> None:
    """Print the result."""
    import resnet_spec
    from resnet_duet.cli import console
    from resnet_duet.cli.descriptions import caveats, naming_of, network_of, nonfinite
    from resnet_duet.cli.units import si, size
    from resnet_spec.measure import default_image_size
    from resnet_spec.tables import title

    checkpoint, identity = found.checkpoint, found.identity
    facts = [
        network_of(identity),
        naming_of(identity.dialect),
        f"{len(checkpoint.arrays)} tensors",
        f"{si(found.values)} values",
        ", ".join(found.dtypes),
        *([size(found.file.stat().st_size)] if found.file.is_file() else []),
    ]
    console.result(None, str(found.file), facts)
    plan = resnet_spec.plan(identity.spec)
    console.note(title(plan, default_image_size(plan)))
    for caveat in caveats(identity, checkpoint.configs, checkpoint.skipped):
        console.note(caveat)
    if (metadata := checkpoint.metadata) is not None:
        console.note(f"written by {metadata.tool}")
        if metadata.provenance:
            console.note(f"converted from {metadata.provenance.name}")
            console.note(f"sha256 {metadata.provenance.sha256}")
    for warning in nonfinite(found.nonfinite):
        console.warning(warning)
    if found.undetermined:
        print_choices(found)


def print_choices(found: Inspection) -> None:
    """Print the choices that weights do not determine, and what else they could be."""
    from resnet_duet.cli import console
    from resnet_duet.cli.descriptions import source_of_choices
    from resnet_duet.cli.table import Column

    click.echo()
    console.say(f"{source_of_choices(found.identity, found.checkpoint)}:")
    columns = (
        Column("--set", style=console.accent),
        Column("assumed", style=console.assumed),
        Column("meaning (alternatives)", wrap=True),
    )
    rows = [
        (
            f"{item.path}=",
            value_text(item.assumed),
            f"{item.about} (or {', '.join(map(value_text, item.alternatives))})",
        )
        for item in found.undetermined
    ]
    console.table(columns, [("", rows)])
