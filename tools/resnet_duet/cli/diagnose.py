"""`diagnose`: the known mistakes that explain why two networks differ."""

import json
from typing import TYPE_CHECKING

import click

from resnet_duet.cli import console, progress
from resnet_duet.cli.help import Command
from resnet_duet.cli.options import as_json, trust_of, with_spec, with_trust
from resnet_duet.cli.verify import NETWORKS, finite, layer_facts, pair_of

if TYPE_CHECKING:
    from resnet_duet.diagnosis.diagnosis import Cause, Diagnosis

ALTERNATIVE = "or, with the same outputs:"


@click.command(
    cls=Command,
    help=f"""Find the known mistake that makes B differ from A.

    {NETWORKS}

    A is the reference, whose weights must be readable. B needs outputs only. Single mistakes are
    tried first, then pairs and up to four at once. Exit status: 0 the outputs match, 1 they
    differ.""",
    examples=(
        ("Find the mistake in your own code:", "resnet-duet diagnose resnet50.pth mine.py:model"),
        ("Read about a mistake:", "resnet-duet differences norm_eps"),
    ),
)
@click.argument("a")
@click.argument("b")
@with_spec
@with_trust
@as_json
def diagnose(a: str, b: str, spec: str | None, trust: bool, as_json: bool) -> None:
    """See the decorator for the help."""
    from resnet_duet.diagnosis.diagnose import diagnose as find

    with progress.working(f"building {a} and {b}"):
        pair = pair_of(a, b, spec, None, trust_of(trust))
    with progress.undisturbed():
        found = find(pair.a, pair.b, progress.bar)
    if as_json:
        click.echo(json.dumps(facts(found), allow_nan=False))
    else:
        show(found)
        console.notes((*pair.a.titled_notes(), *pair.b.titled_notes(), *pair.caveats))
    raise click.exceptions.Exit(0 if found.match else 1)


def show(found: "Diagnosis") -> None:
    """Print the verdict, and each cause with its fix."""
    console.result(found.match, found.verdict)
    if not found.match and not found.different_architectures:
        console.note(f"relative error of the output: {found.error:.1e} ({found.precision})")
    if found.first_divergence:
        console.note(f"first divergence: {found.first_divergence}")
    for number, causes in enumerate(found.explanations):
        click.echo()
        if number:
            console.say(ALTERNATIVE)
        for cause in causes:
            show_cause(cause)


def show_cause(cause: "Cause") -> None:
    """Print one mistake."""
    console.say(f"{console.bold(cause.difference)}: {cause.description}")
    console.say(f"layers: {cause.place}", indent="  ")
    console.say(f"on its own: error {cause.error:.1e}{cause.need}", indent="  ")
    console.say(f"fix: {console.good(cause.fix)}", indent="  ")
    command = f"resnet-duet differences {cause.difference}"
    console.say(f"more: {console.accent(command)}", indent="  ")


def facts(found: "Diagnosis") -> dict[str, object]:
    """The result as JSON."""
    first = found.first_divergence
    return {
        "match": found.match,
        "networks": found.titles,
        "precision": found.precision,
        "error": finite(found.error),
        "different_architectures": found.different_architectures,
        "explanations": [[vars(cause) for cause in causes] for causes in found.explanations],
        "residual": finite(found.residual),
        "first_divergence": layer_facts(first) if first else None,
        "tried": found.tried,
    }
