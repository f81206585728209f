"""TensorFlow's checkpoints (V1, V2 and object-based) and SavedModels, read by TensorFlow."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from resnet_duet.errors import FileError
from resnet_duet.formats.checkpoint import Checkpoint
from resnet_duet.formats.damage import corrupted
from resnet_duet.frameworks import KERAS
from resnet_duet.weights.arrays import Arrays, Entry

KIND = "a TensorFlow checkpoint"
INDEX = ".index"  # ending of the index of a V2 checkpoint
VARIABLES = "variables/variables"  # the checkpoint in a SavedModel
GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"  # maps the keys of an object-based checkpoint to names
OPTIMIZER_SLOT = ".OPTIMIZER_SLOT"


def read(path: Path) -> Checkpoint:
    """Every variable by its name: TF-slim's scopes, or Keras' layer and variable."""
    KERAS.builder()
    import tensorflow as tf

    prefix = path / VARIABLES if path.is_dir() else path
    if path.is_dir() and not prefix.with_name(prefix.name + INDEX).is_file():
        raise FileError(f"not a SavedModel, or incomplete: it has no {VARIABLES}{INDEX}")
    # ValueError and RuntimeError: TensorFlow's Python side on a file that its C++ side refuses.
    errors = (tf.errors.OpError, ValueError, RuntimeError)
    with corrupted(KIND, *errors):
        reader = tf.train.load_checkpoint(str(prefix).removesuffix(INDEX))
        shapes, dtypes = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
        graph = reader.get_tensor(GRAPH) if GRAPH in shapes else None
    names = {key: key for key in sorted(shapes) if key != GRAPH}
    if graph is not None:
        names = _names_in_graph(graph, names)

    def entry(key: str, dtype: np.dtype) -> Entry:
        def array() -> np.ndarray:
            with corrupted(KIND, *errors):
                return np.asarray(reader.get_tensor(key))

        return Entry(tuple(shapes[key]), dtype, array)

    entries, skipped = {}, []
    for key, name in names.items():
        dtype = np.dtype(dtypes[key].as_numpy_dtype)
        if OPTIMIZER_SLOT in key or (dtype.kind not in "f" and not shapes[key]):
            skipped.append(name)
        else:
            entries[name] = entry(key, dtype)
    return Checkpoint(Arrays(entries), None, tuple(skipped))


def _names_in_graph(graph: Any, keys: Mapping[str, str]) -> dict[str, str]:
    """{key of an array: name of its variable}, from the object graph of a checkpoint."""
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    from tensorflow.core.protobuf import trackable_object_graph_pb2 as pb

    with corrupted(KIND, DecodeError, TypeError):  # TypeError: the graph is no byte string
        nodes = pb.TrackableObjectGraph.FromString(graph).nodes
    names = {}
    for node in nodes:
        for attribute in node.attributes:
            if attribute.checkpoint_key in keys and attribute.full_name:
                names[attribute.checkpoint_key] = attribute.full_name
    return {key: names.get(key, key) for key in keys}
