"""An .onnx file, run by onnx' own reference implementation: a referee without either framework."""

from pathlib import Path
from typing import Any

import numpy as np

from resnet_duet.port import files
from resnet_duet.port.convert import convert
from resnet_duet.proof.adapters.naming import CANONICAL, recognised
from resnet_duet.proof.network import Known, Names, Network
from resnet_spec.measure import Size


def network(path: Path | str) -> Network:
    """Raises FileError: no such file, or it is damaged."""
    checkpoint = files.read(path)
    import onnx

    from resnet_duet.proof.referee import tracer

    model = onnx.load(str(path))
    channels, size = _input_of(model)
    if (spec := checkpoint.spec) is None:
        known, _ = recognised(checkpoint.arrays, {})
        names = Names.OWN
    else:
        wide = {name: array.astype(np.float64) for name, array in checkpoint.arrays.items()}
        known = Known(spec, lambda: convert(wide, spec, CANONICAL, CANONICAL))
        channels, names = spec.in_channels, Names.CANONICAL
    return Network(str(path), "ONNX graph", tracer(model), None, names, channels, size, known)


def _input_of(model: Any) -> tuple[int | None, Size | None]:
    """Channels and size of the images, where the graph fixes them; PyTorch's exports are NCHW."""
    held = {tensor.name for tensor in model.graph.initializer}
    image = next(value for value in model.graph.input if value.name not in held)
    sizes = [dim.dim_value for dim in image.type.tensor_type.shape.dim]
    if len(sizes) != 4:
        return None, None
    _, channels, height, width = sizes if sizes[-1] > 4 or not sizes[-1] else np.roll(sizes, 1)
    return int(channels) or None, (int(height), int(width)) if height and width else None
