"""The initializers of an ONNX file: this project's own files have them by their torch names."""

from pathlib import Path
from typing import Any

import numpy as np

from resnet_duet.errors import FrameworkError
from resnet_duet.port.arrays import Arrays, Entry, named_dtype
from resnet_duet.port.checkpoint import Checkpoint
from resnet_duet.port.label import KEY, Label


def read(path: Path) -> Checkpoint:
    """Every initializer. ONNX' files are one message of Protocol Buffers, so it is read whole."""
    try:
        import onnx
    except ModuleNotFoundError:
        raise FrameworkError(
            "this needs onnx, which is not installed: pip install 'resnet-duet[onnx]'"
        ) from None

    model = onnx.load(path, load_external_data=False)
    entries = {tensor.name: _entry(tensor) for tensor in model.graph.initializer}
    texts = {item.key: item.value for item in model.metadata_props}
    label = Label.from_json(texts[KEY]) if KEY in texts else None
    return Checkpoint(Arrays(entries), label)


def _entry(tensor: Any) -> Entry:
    from onnx import helper, numpy_helper

    dtype = named_dtype(np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type)).name)
    return Entry(tuple(tensor.dims), dtype, lambda: numpy_helper.to_array(tensor))
