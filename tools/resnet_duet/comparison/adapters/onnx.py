"""An .onnx file, run by ONNX' reference implementation, which needs no framework."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from resnet_duet import formats
from resnet_duet.comparison.adapters.batches import in_batches
from resnet_duet.comparison.adapters.programs import CannotRunError, one_of
from resnet_duet.comparison.naming import recognise
from resnet_duet.comparison.outputs import SOFTMAX_REMOVED
from resnet_duet.comparison.subject import IdentifiedNet, Naming, Subject, Tracer
from resnet_duet.errors import FileError, FrameworkError
from resnet_duet.formats.damage import first_line
from resnet_duet.formats.onnx import library, load_model
from resnet_duet.onnx.reference import image_of, input_layout, named_values, tracer
from resnet_spec.measure import Size

if TYPE_CHECKING:
    import onnx

# What ONNX's reference implementation raises on a graph that it cannot run. NotImplementedError:
# an unknown operation. RuntimeError: an unknown domain. RecursionError: a function calls itself.
ERRORS = (
    *(AttributeError, IndexError, KeyError, NotImplementedError, RecursionError),
    *(RuntimeError, StopIteration, TypeError, ValueError),
)


def subject(path: Path | str, _layers: Mapping[str, str]) -> Subject:
    """The graph of a file, in float64.

    Raises:
        CannotRunError: onnx is not installed.
        FileError: the file does not exist or is damaged, its graph takes or returns something
            other than one batch of images, or an operation in it is unknown.
    """
    try:
        onnx = library()
    except FrameworkError as error:
        raise CannotRunError(error.summary) from error
    checkpoint = formats.read(path)
    model, _ = load_model(Path(path))
    initializers = {tensor.name for tensor in model.graph.initializer}
    inputs = [value.name for value in model.graph.input if value.name not in initializers]
    one_of(inputs, path, "input")
    one_of([value.name for value in model.graph.output], path, "output")
    removed = remove_softmax(model)
    try:
        known, _ = recognise(checkpoint)
        found = of_graph(str(path), model, known)
    except (*ERRORS, onnx.checker.ValidationError) as error:
        raise FileError(
            f"{path}: ONNX's reference implementation cannot run the graph: {first_line(error)}"
        ) from error
    dimensions = image_of(model).type.tensor_type.shape.dim
    batch = dimensions[0].dim_value if dimensions else 0
    notes = (SOFTMAX_REMOVED,) if removed else ()
    is_ours = found.naming is not Naming.NONE
    has_norms = any(node.op_type == "BatchNormalization" for node in model.graph.node)
    return replace(
        found,
        trace=in_batches(found.trace if is_ours else _named(found.trace), batch or None),
        folded=not is_ours and not has_norms,
        notes=notes,
    )


def _named(trace: Tracer) -> Tracer:
    """The only output under the name that outputs have, not that of the exporter's tensor."""

    def run(images: np.ndarray) -> dict[str, np.ndarray]:
        (array,) = trace(images).values()
        return {"output": array}

    return run


def remove_softmax(model: "onnx.ModelProto") -> bool:
    """Remove a softmax at the end of a graph. Returns whether it had one."""
    graph = model.graph
    output = graph.output[0]
    last = next((node for node in graph.node if output.name in node.output), None)
    if last is None or last.op_type != "Softmax" or last.domain not in ("", "ai.onnx"):
        return False
    output.name = last.input[0]
    graph.node.remove(last)
    return True


def of_graph(title: str, model: "onnx.ModelProto", known: IdentifiedNet | None) -> Subject:
    """A graph in memory.

    Args:
        title: its name in messages.
        model: the graph.
        known: the network that it is, if it is known.
    """
    channels, size = _input_of(model)
    channels = known.spec.in_channels if known else channels
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
