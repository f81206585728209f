"""A conversion that is done: as JSON, and on the screen."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from resnet_duet.cli import console
from resnet_duet.cli.units import seconds, si, size

if TYPE_CHECKING:
    from resnet_duet.files.convert_file import ConvertResult
    from resnet_duet.files.verify_conversion import Verification


@dataclass(frozen=True)
class Conversion:
    """One file that was converted.

    Attributes:
        source, target: from here to there.
        result: what was found and done.
        verified: whether both networks were compared.
    """

    source: Path
    target: Path
    result: "ConvertResult"
    verified: bool


def facts(done: Conversion) -> dict[str, object]:
    """The result as JSON."""
    result, identity = done.result, done.result.identity
    return {
        "source": str(done.source),
        "target": str(done.target),
        "network": identity.name,
        "spec": json.loads(result.spec.to_json()),
        "from": identity.dialect,
        "to": result.dialect,
        "alternatives": identity.alternatives,
        "skipped": result.checkpoint.skipped,
        "notes": identity.evidence.notes,
        "tensors": result.arrays,
        "values": values(result),
        "dtypes": result.dtypes,
        "nonfinite": result.nonfinite,
        "verified": done.verified,
        "verification": vars(result.verification) if result.verification else None,
    }


def verified(found: "Verification") -> Iterator[str]:
    """What was compared, and what a user should know about it."""
    one = f"the file's own function ({found.reference})" if found.own_function else found.reference
    yield f"verified: the outputs in {one} and {found.converted} match in {found.precision}"
    yield from found.notes


def values(result: "ConvertResult") -> int:
    """Number of values that were written: parameters and running statistics."""
    import resnet_spec
    from resnet_spec.measure import default_image_size, total

    plan = resnet_spec.plan(result.spec)
    counts = total(plan, default_image_size(plan))
    return counts.parameters + counts.statistics


def show(done: Conversion, duration: float) -> None:
    """Print the result, and below it what a user should know."""
    from resnet_duet.cli.descriptions import caveats, naming_of, network_of, nonfinite
    from resnet_duet.cli.options import value_text
    from resnet_duet.identify.assumptions import assumptions

    result, identity = done.result, done.result.identity
    written = [
        f"{result.arrays} tensors",
        f"{si(values(result))} values",
        ", ".join(result.dtypes),
        f"{result.dialect} naming",
        size(done.target.stat().st_size),
        seconds(duration),
    ]
    console.result(True, str(done.target), written)
    if result.verification:
        for line in verified(result.verification):
            console.note(line)
    console.note(f"from {done.source}: {network_of(identity)}, {naming_of(identity)}")
    for caveat in caveats(identity, result.checkpoint.skipped):
        console.note(caveat)
    if assumed := assumptions(identity, value_text):
        console.note(f"{assumed} (override with --set; details: inspect)")
    for warning in nonfinite(result.nonfinite):
        console.warning(warning)


def show_many(done: Sequence[Conversion], errors: Sequence[Exception]) -> None:
    """Print a line for each file that was converted, the errors, and their numbers."""
    from resnet_duet.cli.descriptions import network_of
    from resnet_duet.cli.group import print_error

    for one in done:
        console.result(True, str(one.target), [network_of(one.result.identity)])
    for error in errors:
        print_error(error)
    click.echo(f"{len(done)} converted, {len(errors)} failed")
