"""`convert`: checkpoints to another file format, naming scheme or dtype."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from resnet_duet.cli import progress
from resnet_duet.cli.conversion import Conversion, facts, show, show_many
from resnet_duet.cli.help import Command
from resnet_duet.cli.options import as_json, head_of, known_spec, trust_of, with_source, with_trust

if TYPE_CHECKING:
    from resnet_duet.files.convert_file import ConvertOptions
    from resnet_duet.formats.sha256 import BackgroundSha256
    from resnet_duet.frameworks.framework import Axes

LAYOUTS = ("NCHW", "NHWC")
DTYPES = ("kept", "bfloat16", "float16", "float32", "float64")


@click.command(
    cls=Command,
    examples=(
        (
            "Convert PyTorch weights to Keras, and compare both networks before writing:",
            "resnet-duet convert resnet50.pth resnet50.weights.h5 --verify",
        ),
        (
            "Write Hugging Face's tensor names:",
            "resnet-duet convert resnet50.pth resnet50.safetensors --to huggingface",
        ),
        (
            "Write an ONNX graph for channels-last images:",
            "resnet-duet convert resnet50.pth resnet50.onnx --input-layout NHWC",
        ),
        (
            "Convert many files; those that fail are reported and skipped:",
            "resnet-duet convert checkpoints/ 'more/*.pth' out/ --format .safetensors",
        ),
    ),
)
@click.argument("sources", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.argument("target", type=click.Path(path_type=Path))
@with_source
@click.option(
    "--to",
    "to_dialect",
    metavar="DIALECT",
    help="Naming scheme of the output. [default: the format's own]",
)
@click.option(
    "--dtype", type=click.Choice(DTYPES), default="kept", show_default=True, help="Output dtype."
)
@click.option(
    "--fold-bias",
    is_flag=True,
    help="Fold the biases of convolutions into BatchNorm; without biases, add zeros.",
)
@click.option(
    "--verify",
    is_flag=True,
    help="Compare both networks before writing; a whole model is run by its own library.",
)
@click.option("--overwrite", is_flag=True, help="Replace TARGET if it exists.")
@click.option(
    "--input-layout",
    type=click.Choice(LAYOUTS),
    help="Axes of the images that an .onnx graph takes. [default: NCHW]",
)
@click.option(
    "--format",
    "ending",
    metavar="ENDING",
    help="Format of the files in the folder TARGET, such as .safetensors.",
)
@with_trust
@as_json
def convert(
    sources: tuple[Path, ...],
    target: Path,
    spec: str | None,
    choices: dict[str, object],
    num_classes: int | None,
    no_head: bool,
    from_dialect: str | None,
    prefix: str | None,
    rename: Path | None,
    to_dialect: str | None,
    dtype: str,
    fold_bias: bool,
    verify: bool,
    overwrite: bool,
    input_layout: "Axes | None",
    ending: str | None,
    trust: bool,
    as_json: bool,
) -> None:
    """Convert checkpoints to another format, naming or dtype.

    SOURCES is one checkpoint and TARGET a file, whose ending selects the format. To convert many,
    pass files, folders or patterns, a folder as TARGET, and --format.
    """
    start = time.perf_counter()
    from resnet_duet.formats.sha256 import BackgroundSha256
    from resnet_duet.identify.folder import weights_in

    sources = tuple(map(weights_in, sources))
    # The sum is computed while NumPy and h5py are imported.
    sha256 = BackgroundSha256(sources[0]) if sources[0].is_file() else None
    from resnet_duet.files.batch import is_many
    from resnet_duet.files.convert_file import ConvertOptions

    options = ConvertOptions(
        spec=known_spec(spec),
        source_dialect=from_dialect,
        prefix=prefix,
        rename=rename,
        choices=choices,
        target_dialect=to_dialect,
        dtype=dtype,
        head=head_of(num_classes, no_head),
        fold_bias=fold_bias,
        verify=verify,
        trust=trust_of(trust),
        overwrite=overwrite,
        input_layout=input_layout,
    )
    if len(sources) > 1 or is_many(sources[0]) or ending:
        convert_many(sources, target, ending, options, as_json)
        return
    with progress.working(f"converting {sources[0]}") if verify else progress.undisturbed():
        done = convert_one(sources[0], target, options, sha256)
    if as_json:
        click.echo(json.dumps(facts(done)))
    else:
        show(done, time.perf_counter() - start)


def convert_one(
    source: Path, target: Path, options: "ConvertOptions", sha256: "BackgroundSha256 | None"
) -> Conversion:
    """Convert a file, whose sha256 may be under way."""
    from resnet_duet.files.convert_file import convert_file
    from resnet_duet.formats.sha256 import BackgroundSha256

    result = convert_file(source, target, options, sha256 or BackgroundSha256(source))
    return Conversion(source, target, result, options.verify)


def convert_many(
    paths: Sequence[Path],
    folder: Path,
    ending: str | None,
    options: "ConvertOptions",
    as_json: bool,
) -> None:
    """Convert files into a folder. Exit status 2 if any fails; the others are converted."""
    from resnet_duet.errors import FileError
    from resnet_duet.files import batch
    from resnet_spec import ResNetError

    if ending is None:
        raise click.UsageError("to convert many files, pass --format ENDING, such as .safetensors")
    ending = ending if ending.startswith(".") else f".{ending}"
    sources = list(batch.sources(paths))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"{folder}: the folder cannot be created: {error.strerror}") from error
    done: list[Conversion] = []
    failed: list[tuple[Path, Exception]] = []
    with progress.undisturbed():
        for source in progress.bar(sources, "converting"):
            try:
                target = batch.target(source, folder, ending)
                done.append(convert_one(source, target, options, None))
            except (ResNetError, OSError) as error:
                failed.append((source, error))
    if as_json:
        failures = [{"source": str(source), "error": str(error)} for source, error in failed]
        click.echo(json.dumps({"converted": list(map(facts, done)), "failed": failures}))
    else:
        show_many(done, [error for _, error in failed])
    if failed:
        raise click.exceptions.Exit(2)
