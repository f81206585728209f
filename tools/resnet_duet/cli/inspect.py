"""`inspect`: what a checkpoint is, what it holds, and where each choice comes from."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from resnet_duet.cli.help import Command
from resnet_duet.cli.options import (
    as_json,
    head_of,
    known_spec,
    trust_of,
    value_text,
    with_source,
    with_trust,
)

if TYPE_CHECKING:
    from resnet_duet.formats.checkpoint import Checkpoint
    from resnet_duet.identify.evidence import ChoiceOrigin
    from resnet_duet.identify.identify import Identity
    from resnet_spec import ResNetSpec


@dataclass(frozen=True)
class Inspection:
    """What was found in a file.

    Attributes:
        file: its path.
        checkpoint, identity: its content, and what it is.
        nonfinite: {tensor: number of its values that are NaN or infinite}.
        choices: every choice of its network, with its source.
    """

    file: Path
    checkpoint: "Checkpoint"
    identity: "Identity"
    nonfinite: dict[str, int]
    choices: "list[ChoiceOrigin]"

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
        (
            "Write a mapping of tensor names to edit, and use it:",
            "resnet-duet inspect net.pth --write-mapping names.tsv",
        ),
        ("Read the result in a program:", "resnet-duet inspect resnet50.pth --json"),
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@with_source
@click.option(
    "--write-mapping",
    "mapping",
    type=click.Path(path_type=Path),
    metavar="MAP",
    help="Write the names of FILE and torchvision's to MAP, for --rename, and stop.",
)
@with_trust
@as_json
def inspect_file(
    file: Path,
    spec: str | None,
    choices: dict[str, object],
    num_classes: int | None,
    no_head: bool,
    from_dialect: str | None,
    prefix: str | None,
    rename: Path | None,
    mapping: Path | None,
    trust: bool,
    as_json: bool,
) -> None:
    """Identify a checkpoint: architecture, contents, assumptions."""
    if mapping is not None:
        write_mapping(file, mapping, known_spec(spec))
        return
    from resnet_duet.files.convert_file import count_nonfinite, identify_file
    from resnet_duet.identify.assumptions import choices_of

    head = head_of(num_classes, no_head)
    checkpoint, identity = identify_file(
        file, known_spec(spec), from_dialect, head, choices, prefix, rename, trust_of(trust)
    )
    arrays = checkpoint.arrays
    found = Inspection(
        file,
        checkpoint,
        identity,
        {name: n for name in arrays if (n := count_nonfinite(arrays[name]))},
        choices_of(identity),
    )
    if as_json:
        click.echo(json.dumps(facts(found)))
    else:
        show(found)


def write_mapping(file: Path, mapping: Path, spec: "ResNetSpec | str | None") -> None:
    """Write the mapping that is proposed for a file.

    Raises:
        FileError: the mapping exists or cannot be written.
    """
    from resnet_duet.cli import console
    from resnet_duet.errors import FileError
    from resnet_duet.identify.proposal import propose

    proposal = propose(file, spec)
    try:
        with mapping.open("x", encoding="utf-8") as stream:
            stream.write(proposal.text())
    except FileExistsError as error:
        raise FileError(f"{mapping} exists; pass another name for the mapping") from error
    except OSError as error:
        raise FileError(f"{mapping} cannot be written: {error.strerror}") from error
    found = f"{proposal.known} of {len(proposal.targets)} tensors have a target"
    console.result(True, str(mapping), [found])
    for comment in proposal.comments:
        console.note(comment)


def facts(found: Inspection) -> dict[str, object]:
    """The result as JSON."""
    from resnet_duet.identify.assumptions import unexpressed

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
        "evidence": {
            item.path: {
                "value": item.value,
                "origin": item.origin.name.lower(),
                "alternatives": item.alternatives,
                "description": item.about,
            }
            for item in found.choices
        },
        "assumptions": list(unexpressed(identity)),
        "notes": identity.evidence.notes,
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
        naming_of(identity),
        f"{len(checkpoint.arrays)} tensors",
        f"{si(found.values)} values",
        ", ".join(found.dtypes),
        *([size(found.file.stat().st_size)] if found.file.is_file() else []),
    ]
    console.result(None, str(found.file), facts)
    plan = resnet_spec.plan(identity.spec)
    console.note(title(plan, default_image_size(plan)))
    for caveat in caveats(identity, checkpoint.skipped):
        console.note(caveat)
    if (metadata := checkpoint.metadata) is not None:
        console.note(f"written by {metadata.tool}")
        if metadata.provenance:
            console.note(f"converted from {metadata.provenance.name}")
            console.note(f"sha256 {metadata.provenance.sha256}")
    for warning in nonfinite(found.nonfinite):
        console.warning(warning)
    print_choices(found)


def print_choices(found: Inspection) -> None:
    """Print the choices by their source; first those that the weights do not determine."""
    from resnet_duet.cli import console
    from resnet_duet.cli.descriptions import HEADINGS
    from resnet_duet.cli.table import UNBREAKABLE, Column
    from resnet_duet.identify.assumptions import unexpressed
    from resnet_duet.identify.evidence import SUMMARISED, Origin

    columns = (
        Column("choice", style=console.accent),
        Column("value", style=console.assumed),
        Column("meaning (alternatives)", wrap=True),
    )
    groups = []
    for origin in reversed(Origin):
        rows = [row_of(item) for item in found.choices if item.origin is origin]
        if origin is Origin.CONVENTION:
            rows += [("", "", text) for text in unexpressed(found.identity)]
        if origin not in SUMMARISED and rows:
            heading = HEADINGS[origin].format(code=found.identity.code)
            groups.append((f"{heading}:", rows))
    if groups:
        click.echo()
        console.table(columns, groups)
    for origin in SUMMARISED:
        listed = ", ".join(
            f"{item.path}={value_text(item.value)}".replace(" ", UNBREAKABLE)
            for item in found.choices
            if item.origin is origin
        )
        if listed:
            click.echo()
            console.say(f"{HEADINGS[origin]}: {listed}")


def row_of(item: "ChoiceOrigin") -> tuple[str, str, str]:
    """A choice as a row: its name, its value, its meaning and its alternatives."""
    others = f"(or {', '.join(map(value_text, item.alternatives))})" if item.alternatives else ""
    return item.path, value_text(item.value), f"{item.about} {others}".strip()
