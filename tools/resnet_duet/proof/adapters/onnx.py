"""An .onnx file, run by onnx' own reference implementation: a referee without either framework."""

from pathlib import Path
from typing import Any

import numpy as np

from resnet_duet.port import files
from resnet_duet.port.arrays import Arrays
from resnet_duet.port.convert import convert
from resnet_duet.port.files.onnx import library
from resnet_duet.proof.adapters.naming import CANONICAL, recognised
from resnet_duet.proof.network import Known, Names, Network
from resnet_duet.proof.referee import axes_of, image_of, named_values, tracer
from resnet_spec import ResNetSpec
from resnet_spec.measure import Size


def network(path: Path | str) -> Network:
    """Raises FileError: no such file, or it is damaged."""
    checkpoint = files.read(path)
    return of_graph(str(path), library().load(str(path)), checkpoint.arrays, checkpoint.spec)


def of_graph(title: str, model: Any, arrays: Arrays, spec: ResNetSpec | None) -> Network:
    """A graph in memory, its initializers, and its network where that is known."""
    channels, size = _input_of(model)
    if spec is None:
        known, _ = recognised(arrays, {})
    else:
        wide = {name: array.astype(np.float64) for name, array in arrays.items()}
        known = Known(spec, lambda: convert(wide, spec, CANONICAL, CANONICAL))
        channels = spec.in_channels
    names = Names.CANONICAL if named_values(model) else Names.OWN
    return Network(title, "ONNX graph", tracer(model), None, names, channels, size, known)


def _input_of(model: Any) -> tuple[int | None, Size | None]:
    """Channels and size of the images, where the graph fixes them."""
    sizes = [dim.dim_value for dim in image_of(model).type.tensor_type.shape.dim]
    if len(sizes) != 4:
        return None, None
    by_axis = dict(zip(axes_of(model), sizes, strict=True))
    size = by_axis["H"], by_axis["W"]
    return by_axis["C"] or None, size if all(size) else None
