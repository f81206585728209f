"""`diagnose`: two networks are not the same function; which known difference explains it?"""

import json
from typing import TYPE_CHECKING

import click

from resnet_duet.cli.options import as_json, with_spec

if TYPE_CHECKING:
    from resnet_duet.proof.diagnose import Culprit, Diagnosis


@click.command()
@click.argument("a")
@click.argument("b")
@with_spec
@as_json
def diagnose(a: str, b: str, spec: str | None, as_json: bool) -> None:
    """Find the known difference that explains why B is not the same function as A.

    A is the reference, a checkpoint or a network of layers; of B only the outputs need be seen.
    Both are given as to `verify`. Single differences are tried, then pairs. Exit status 0 if the
    two are the same, 1 if they differ, explained or not.
    """
    from resnet_duet.cli.verify import sides
    from resnet_duet.proof.diagnose import diagnose as find
    from resnet_duet.tables import console, progress, spinner

    with spinner(f"building {a} and {b}"):
        one, two, lines = sides(a, b, spec)
    found = find(one, two, progress)
    if as_json:
        click.echo(json.dumps(facts(found), allow_nan=False))
    else:
        for line in (*lines, *told(found)):
            console.print(line)
    raise click.exceptions.Exit(0 if found.same else 1)


def told(found: "Diagnosis") -> list[str]:
    """What was found, in lines."""
    a, b = found.titles
    if found.same:
        return [
            f"The same function: {found.error:.1e} apart in float64. There is nothing to blame."
        ]
    lines = [f"{b} is {found.error:.1e} apart from {a}."]
    if not found.explanations:
        lines.append(f"None of {found.tried:,} mistakes and pairs of mistakes explains it.")
        if found.parting:
            lines.append(
                f"The first layer that parts is {found.parting.layer} ({found.parting.error:.1e})."
            )
        return lines
    lines.append(f"Explained, up to {found.left:.1e}, by")
    for number, culprits in enumerate(found.explanations):
        if number:
            lines.append("or, since no output tells it apart, by")
        for culprit in culprits:
            lines += blamed(culprit)
    return lines


def blamed(culprit: "Culprit") -> list[str]:
    """One difference, in lines."""
    from resnet_duet.cli.lines import summary

    where = f"in {summary(culprit.layers)}" if culprit.layers else "outside the network"
    return [
        f"  {culprit.difference}: {culprit.what}",
        f"    {where}; alone it makes an error of {culprit.error:.1e}, {culprit.share:.0%} of all",
        f"    to mend it: {culprit.mend}",
    ]


def facts(found: "Diagnosis") -> dict[str, object]:
    """What was found, for a program."""
    from resnet_duet.cli.verify import finite

    parting = found.parting
    return {
        "same": found.same,
        "networks": found.titles,
        "precision": found.precision,
        "error": finite(found.error),
        "explanations": [[vars(c) for c in culprits] for culprits in found.explanations],
        "left": finite(found.left),
        "parting": None
        if parting is None
        else {"layer": parting.layer, "error": finite(parting.error)},
        "tried": found.tried,
    }
