"""`demo`: the main job on real data."""

from pathlib import Path

import click

from resnet_duet.cli.options import as_json


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("resnet-duet-demo"),
    show_default=True,
    help="Folder for the files.",
)
@click.option("--epochs", type=click.IntRange(1), default=60, show_default=True)
@as_json
def demo(out: Path, epochs: int, as_json: bool) -> None:
    """Train on handwritten digits in PyTorch, carry over to Keras, and prove it."""
    from resnet_duet.demo import run

    run(out, epochs, as_json)
