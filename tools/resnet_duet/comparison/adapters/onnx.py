"""An .onnx file, run by ONNX' reference implementation, which needs no framework."""

from pathlib import Path
from typing import TYPE_CHECKING

from resnet_duet import formats
from resnet_duet.comparison.naming import CANONICAL, identified, recognise
from resnet_duet.comparison.subject import Naming, Subject
from resnet_duet.formats.onnx import library
from resnet_duet.onnx.reference import image_of, input_layout, named_values, tracer
from resnet_duet.weights.arrays import Arrays
from resnet_spec import ResNetSpec
from resnet_spec.measure import Size

if TYPE_CHECKING:
    import onnx


def subject(path: Path | str) -> Subject:
    """The graph of a file.

    Raises:
        FileError: the file does not exist or is damaged.
        FrameworkError: onnx is not installed.
    """
    checkpoint = formats.read(path)
    return of_graph(str(path), library().load(str(path)), checkpoint.arrays, checkpoint.spec)


def of_graph(
    title: str, model: "onnx.ModelProto", arrays: Arrays, spec: ResNetSpec | None
) -> Subject:
    """A graph in memory.

    Args:
        title: its name in messages.
        model: the graph.
        arrays: its initializers.
        spec: the network, if the file's metadata state it; else None.
    """
    channels, size = _input_of(model)
    if spec is None:
        known, _ = recognise(arrays, {})
    else:
        known = identified(lambda: arrays, spec, CANONICAL)
        channels = spec.in_channels
    naming = Naming.FULL if named_values(model) else Naming.NONE
    return Subject(title, "ONNX graph", tracer(model), None, naming, channels, size, known)


def _input_of(model: "onnx.ModelProto") -> tuple[int | None, Size | None]:
    """Channels and (height, width) of the images, where the graph fixes them."""
    sizes = [dim.dim_value for dim in image_of(model).type.tensor_type.shape.dim]
    if len(sizes) != 4:
        return None, None
    by_axis = dict(zip(input_layout(model), sizes, strict=True))
    size = by_axis["H"], by_axis["W"]
    return by_axis["C"] or None, size if all(size) else None
