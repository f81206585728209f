"""TensorFlow's checkpoints (V1, V2 and object-based) and SavedModels, read by TensorFlow."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from resnet_duet.errors import FileError
from resnet_duet.formats.checkpoint import Checkpoint
from resnet_duet.formats.damage import corrupted
from resnet_duet.frameworks import KERAS
from resnet_duet.graphs import tensorflow as graphs
from resnet_duet.graphs.tensorflow_signature import Signature, signature_of
from resnet_duet.weights.arrays import Arrays, Entry

KIND = "a TensorFlow checkpoint"
INDEX = ".index"  # ending of the index of a V2 checkpoint
MODEL = "saved_model.pb"  # the graph of a SavedModel
VARIABLES = "variables/variables"  # the checkpoint in a SavedModel
GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"  # maps the keys of an object-based checkpoint to names
VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"  # ending of the key of a variable in such a graph
OPTIMIZER_SLOT = ".OPTIMIZER_SLOT"
ATTRIBUTES = "/.ATTRIBUTES/"  # after the path of a variable in the key of an array
LAYER = "layer_with_weights-"  # before the number of a layer in the key of an array


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
    objects = _objects(graph) if graph is not None else []
    signature = _signature(path, objects) if path.is_dir() else None
    read_first = [] if signature is None else [key for key in signature.arguments if key]
    names = _named(names, objects, read_first)

    def entry(key: str, dtype: np.dtype) -> Entry:
        def array() -> np.ndarray:
            with corrupted(KIND, *errors):
                return np.asarray(reader.get_tensor(key))

        return Entry(tuple(shapes[key]), dtype, array)

    entries, skipped = {}, []
    for key, name in names.items():
        dtype = np.dtype(dtypes[key].as_numpy_dtype)
        is_copy = name in entries  # of a variable that the signature reads
        if OPTIMIZER_SLOT in key or is_copy or (dtype.kind not in "f" and not shapes[key]):
            skipped.append(name)
        else:
            entries[name] = entry(key, dtype)
    arrays, network = Arrays(entries), None
    if signature is not None:
        arguments = tuple(key and names.get(key, key) for key in signature.arguments)
        network, arrays = graphs.read(replace(signature, arguments=arguments), arrays)
    return Checkpoint(arrays, None, tuple(skipped), graph=network)


def _objects(graph: Any) -> list[dict[str, str]]:
    """{key of an array: name of its variable} of each object of a checkpoint."""
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    from tensorflow.core.protobuf import trackable_object_graph_pb2 as pb

    with corrupted(KIND, DecodeError, TypeError):  # TypeError: the graph is no byte string
        nodes = pb.TrackableObjectGraph.FromString(graph).nodes
    return [{a.checkpoint_key: a.full_name for a in node.attributes} for node in nodes]


def _named(
    keys: Iterable[str], objects: list[dict[str, str]], read_first: Collection[str]
) -> dict[str, str]:
    """{key of an array: name of its variable}; its path where several have that name.

    Args:
        keys: of the file.
        objects: see `_objects`.
        read_first: keys of the variables that the signature reads. Others of the same name are
            copies.
    """
    keys = list(keys)
    if not read_first and _is_subclassed(keys):
        return {key: key for key in keys}
    found = {key: name for item in objects for key, name in item.items() if name}
    names = {key: found.get(key, key) for key in (*read_first, *keys)}
    counts = Counter(names[key] for key in read_first or names)
    return {key: name if counts[name] <= 1 else _path(key) for key, name in names.items()}


def _path(key: str) -> str:
    """The path of a variable among the objects, as "block1/unit_1/conv1/kernel"."""
    return key.removesuffix(VALUE)


def _signature(path: Path, objects: list[dict[str, str]]) -> Signature | None:
    """The signature of a SavedModel, with the keys of its variables."""
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2 as pb

    with corrupted("a SavedModel", DecodeError):
        model = pb.SavedModel.FromString((path / MODEL).read_bytes())
    if not model.meta_graphs:
        raise FileError("not a SavedModel, or corrupted: it has no graph")
    variables = {number: key for number, keys in enumerate(objects) for key in keys}
    return signature_of(model.meta_graphs[0], variables)


def _is_subclassed(keys: Iterable[str]) -> bool:
    """Whether layers are attributes of the user's classes: their names may come twice.

    The keys are then paths of attributes, such as `block1/layer_with_weights-0/conv1/kernel`. Those
    of functional models only number the layers.
    """
    for key in keys:
        path, attributes, _ = key.partition(ATTRIBUTES)
        *_, layer, variable = ("", *path.split("/"))
        is_weight = attributes and OPTIMIZER_SLOT not in key and variable in ("kernel", "gamma")
        is_number = layer.startswith(LAYER) or layer.isdecimal()
        if is_weight and layer and not is_number:
            return True
    return False
