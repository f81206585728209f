"""The proof that a conversion changed nothing: both sides as networks, compared in float64."""

from pathlib import Path

from resnet_duet.errors import ProofError
from resnet_duet.frameworks import KERAS, TORCH
from resnet_duet.models import assemble
from resnet_duet.port.arrays import Arrays
from resnet_duet.port.files.onnx import library
from resnet_duet.proof.adapters.onnx import of_graph
from resnet_duet.proof.compare import compare
from resnet_duet.proof.network import Network
from resnet_duet.tables import spinner
from resnet_spec import ResNetSpec, plan
from resnet_spec.layers import Conv

Side = tuple[Arrays, ResNetSpec, str]  # arrays, their network, their dialect


def prove(source: Path, before: Side, after: Side, axes: str | None) -> None:
    """Load the arrays before and after into one framework each, and compare the networks.

    Where the target is a graph, which takes images of these `axes`, the second is that graph.

    Where biases were folded, a convolution's own output is another, and that of the norm behind it
    the same: convolutions are not compared then.

    Raises:
        ProofError: they are not the same function.
    """
    with spinner(f"proving the conversion of {source.name}"):
        reference = assemble(*before, TORCH.name, "float64")
        ported = assemble(*after, KERAS.name, "float64") if axes is None else graph(after, axes)
        rows = compare(reference, ported).rows
    folded = before[1].bias is not after[1].bias
    moved = {x.name for x in plan(after[1]).layers() if isinstance(x, Conv)} if folded else set()
    difference = next((row for row in rows if not row.same and row.layer not in moved), None)
    if difference:
        raise ProofError(
            f"{source}: the converted network is another function from {difference.layer} on,"
            f" by {difference.error:.1e}; nothing was written"
        )


def graph(side: Side, axes: str) -> Network:
    """The graph that is to be written. Raises FrameworkError: onnx is not installed."""
    library()
    from resnet_duet.graph import build

    arrays, spec, _ = side
    return of_graph("the graph", build(spec, arrays, axes), arrays, spec)
