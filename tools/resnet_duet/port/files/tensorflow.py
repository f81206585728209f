"""TensorFlow's checkpoints and SavedModels, read by TensorFlow: V1, V2, and those of objects."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from resnet_duet.errors import FileError
from resnet_duet.frameworks import builder
from resnet_duet.port.arrays import Arrays, Entry
from resnet_duet.port.checkpoint import Checkpoint

INDEX = ".index"  # the file that stands for the parts of a V2 checkpoint
VARIABLES = "variables/variables"  # the checkpoint within a SavedModel
GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"  # says whose the arrays of an object's checkpoint are
SLOT = ".OPTIMIZER_SLOT"


def read(path: Path) -> Checkpoint:
    """Every variable by its name: TF-slim's scopes, or Keras' layer and word."""
    builder("keras")
    import tensorflow as tf

    prefix = path / VARIABLES if path.is_dir() else path
    if path.is_dir() and not prefix.with_name(prefix.name + INDEX).is_file():
        raise FileError(f"it is a folder without {VARIABLES}{INDEX}, so no SavedModel")
    reader = tf.train.load_checkpoint(str(prefix).removesuffix(INDEX))
    shapes, dtypes = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
    names = {key: key for key in sorted(shapes) if key != GRAPH}
    if GRAPH in shapes:
        names = _of_objects(reader.get_tensor(GRAPH), names)
    entries, left_out = {}, []
    for key, name in names.items():
        dtype = np.dtype(dtypes[key].as_numpy_dtype)
        if SLOT in key or (dtype.kind not in "f" and not shapes[key]):
            left_out.append(name)
        else:
            entries[name] = _entry(reader, key, tuple(shapes[key]), dtype)
    return Checkpoint(Arrays(entries), None, tuple(left_out))


def _entry(reader: Any, key: str, shape: tuple[int, ...], dtype: np.dtype) -> Entry:
    return Entry(shape, dtype, lambda: np.asarray(reader.get_tensor(key)))


def _of_objects(graph: bytes, keys: Mapping[str, str]) -> dict[str, str]:
    """{key of an array: name of its variable}, as the graph of objects has it."""
    from tensorflow.core.protobuf import trackable_object_graph_pb2 as pb

    names = {}
    for node in pb.TrackableObjectGraph.FromString(graph).nodes:
        for attribute in node.attributes:
            if attribute.checkpoint_key in keys and attribute.full_name:
                names[attribute.checkpoint_key] = attribute.full_name
    return {key: names.get(key, key) for key in keys}
