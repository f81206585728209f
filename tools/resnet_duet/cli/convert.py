"""`convert`: a checkpoint, or many, into another file, format and framework."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from resnet_duet.cli.options import as_json, head_of, known_spec, with_source

if TYPE_CHECKING:
    from resnet_duet.port.digest import Digest
    from resnet_duet.port.porter import Report, Wish

IMAGES = ("NCHW", "NHWC")
PRECISIONS = ("kept", "bfloat16", "float16", "float32", "float64")


@click.command()
@click.argument("sources", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.argument("target", type=click.Path(path_type=Path))
@with_source
@click.option("--to", "to_dialect", metavar="DIALECT", help="Whose names the target gets.")
@click.option("--dtype", type=click.Choice(PRECISIONS), default="kept", help="Of the target.")
@click.option("--fold-bias", is_flag=True, help="Fold biases into norms, or add biases of zero.")
@click.option("--verify", is_flag=True, help="Build both sides and compare before writing.")
@click.option("--overwrite", is_flag=True, help="Replace the target if it exists.")
@click.option(
    "--image",
    "axes",
    type=click.Choice(IMAGES),
    help="Axes of the images that an .onnx file takes; NCHW unless said.",
)
@click.option("--format", "ending", metavar="ENDING", help="Of many targets, as .safetensors.")
@as_json
def convert(
    sources: tuple[Path, ...],
    target: Path,
    spec: str | None,
    choices: dict[str, object],
    num_classes: int | None,
    no_head: bool,
    from_dialect: str | None,
    to_dialect: str | None,
    dtype: str,
    fold_bias: bool,
    verify: bool,
    overwrite: bool,
    axes: str | None,
    ending: str | None,
    as_json: bool,
) -> None:
    """Carry checkpoints over into another file, format and framework.

    SOURCES is one file and TARGET another; or SOURCES are files, folders and patterns, TARGET is
    a folder, and --format says what to write there.
    """
    from resnet_duet.port.digest import Digest

    # It adds up while NumPy and h5py are imported.
    digest = Digest(sources[0]) if sources[0].is_file() else None
    from resnet_duet.port.many import is_many
    from resnet_duet.port.porter import Wish

    wish = Wish(
        spec=known_spec(spec),
        source=from_dialect,
        choices=choices,
        target=to_dialect,
        dtype=dtype,
        head=head_of(num_classes, no_head),
        fold_bias=fold_bias,
        verify=verify,
        overwrite=overwrite,
        axes=axes,
    )
    if len(sources) > 1 or is_many(sources[0]) or ending:
        convert_many(sources, target, ending, wish, as_json)
    else:
        convert_one(sources[0], target, wish, digest or Digest(sources[0]), as_json)


def convert_one(source: Path, target: Path, wish: "Wish", digest: "Digest", as_json: bool) -> None:
    """One file; what was found and done is printed."""
    from resnet_duet.port.porter import port

    report = port(source, target, wish, digest)
    if as_json:
        click.echo(json.dumps(facts(source, target, report, wish.verify)))
    else:
        for line in told(source, target, report, wish.verify):
            click.echo(line)


def convert_many(
    paths: Sequence[Path], folder: Path, ending: str | None, wish: "Wish", as_json: bool
) -> None:
    """Many files; a bad one is told and passed over. Exit status 2 if there was one."""
    from resnet_duet.errors import FileError
    from resnet_duet.port import many
    from resnet_duet.port.digest import Digest
    from resnet_duet.port.porter import port
    from resnet_duet.tables import progress
    from resnet_spec import ResNetError

    if ending is None:
        raise click.UsageError("many files need --format ENDING, such as .safetensors")
    ending = ending if ending.startswith(".") else f".{ending}"
    if not folder.is_dir():
        raise FileError(f"{folder} is no folder for many files")
    done: list[dict[str, object]] = []
    failed: list[dict[str, object]] = []
    for source in progress(list(many.sources(paths)), "converting"):
        target = many.target(source, folder, ending)
        try:
            done.append(
                facts(source, target, port(source, target, wish, Digest(source)), wish.verify)
            )
        except (ResNetError, OSError) as error:
            failed.append({"source": str(source), "error": str(error)})
    if as_json:
        click.echo(json.dumps({"converted": done, "failed": failed}))
    else:
        for row in done:
            click.echo(f"{row['source']}: {row['network'] or 'its own network'} -> {row['target']}")
        for row in failed:
            click.echo(f"resnet-duet: {row['error']}", err=True)
        click.echo(f"{len(done)} converted, {len(failed)} failed")
    if failed:
        raise click.exceptions.Exit(2)


def facts(source: Path, target: Path, report: "Report", verified: bool) -> dict[str, object]:
    """What was found and done, for a program."""
    identity = report.identity
    return {
        "source": str(source),
        "target": str(target),
        "network": identity.name,
        "spec": json.loads(report.spec.to_json()),
        "from": identity.dialect,
        "to": report.dialect,
        "rivals": identity.rivals,
        "left_out": report.checkpoint.left_out,
        "arrays": report.arrays,
        "dtypes": report.dtypes,
        "nonfinite": report.nonfinite,
        "verified": verified,
    }


def told(source: Path, target: Path, report: "Report", verified: bool) -> list[str]:
    """The same for a person. Plain lines: to load a library for tables would take longer."""
    from resnet_duet.cli.lines import identity_lines, unseen_line
    from resnet_duet.port import files

    both = "PyTorch and ONNX" if files.graph_axes(target, None) else "both frameworks"
    proof = f", the same function in {both}" if verified else ""
    kinds = " and ".join(report.dtypes)
    return [
        *identity_lines(source, report.identity, report.checkpoint),
        *([] if report.checkpoint.label else [unseen_line(report.identity, report.checkpoint)]),
        *(
            f"  {name}: {count} numbers are NaN or infinite"
            for name, count in report.nonfinite.items()
        ),
        f"{target}: {report.arrays} arrays of {kinds} in dialect {report.dialect}{proof}",
    ]
