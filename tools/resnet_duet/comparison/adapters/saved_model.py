"""A SavedModel, run by TensorFlow in float32: its signature for serving."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from resnet_duet.comparison.adapters.batches import channels_and_size, in_batches, layout_of
from resnet_duet.comparison.adapters.programs import CannotRunError, one_of
from resnet_duet.comparison.subject import Naming, Subject
from resnet_duet.errors import FileError
from resnet_duet.formats.damage import corrupted, first_line
from resnet_duet.frameworks import quiet_stderr
from resnet_duet.weights.convert import relayout, to_nhwc

KIND = "a SavedModel"
GRAPH = "saved_model.pb"
SERVING = "serving_default"

# Operations that read or write files, or call Python. No network needs them in its function.
REFUSED = (
    *("ReadFile", "WriteFile", "MatchingFiles", "SaveV2", "Save", "SaveSlices", "PrintV2"),
    *("PyFunc", "PyFuncStateless", "EagerPyFunc", "MergeV2Checkpoints", "DeleteFile"),
)


def subject(path: Path | str, _layers: Mapping[str, str]) -> Subject:
    """The signature of a SavedModel that serves requests.

    Raises:
        CannotRunError: TensorFlow is not installed, or cannot open it.
        FileError: it is damaged, reads or writes files, or takes something other than images.
    """
    signature = _signature(path)
    inputs = signature.structured_input_signature[1]
    image = one_of(list(inputs), path, "input")
    result = one_of(list(signature.structured_outputs), path, "output")
    shape = inputs[image].shape
    sizes = list(shape) if shape.rank == 4 else []
    axes = layout_of(sizes)
    dtype = inputs[image].dtype.as_numpy_dtype

    def trace(images: np.ndarray) -> dict[str, np.ndarray]:
        import tensorflow as tf

        batch = tf.constant(relayout(images, "NHWC", axes).astype(dtype))
        return {"output": to_nhwc(signature(**{image: batch})[result].numpy(), axes)}

    channels, size = channels_and_size(sizes, axes)
    return Subject(
        title=str(path),
        kind="SavedModel, run by TensorFlow",
        trace=in_batches(trace, sizes[0] if sizes else None),
        float32=None,
        naming=Naming.NONE,
        channels=channels,
        size=size,
        identified=None,
    )


def _signature(path: Path | str) -> Any:
    """The function that serves requests."""
    try:
        with quiet_stderr():
            import tensorflow as tf
    except ModuleNotFoundError as error:
        raise CannotRunError("tensorflow is not installed") from error
    _refuse_side_effects(Path(path))
    errors = (tf.errors.OpError, *(KeyError, OSError, RuntimeError, TypeError, ValueError))
    try:
        model = tf.saved_model.load(str(path))
    except errors as error:
        raise CannotRunError(f"TensorFlow cannot open it: {first_line(error)}") from error
    signatures = dict(model.signatures)
    name = SERVING if SERVING in signatures else one_of(list(signatures), path, "signature")
    signature = signatures[name]
    signature.model = model  # the signature does not keep its variables alive
    return signature


def _refuse_side_effects(path: Path) -> None:
    """Raise FileError if a function of the model reads or writes files, or calls Python.

    Functions that save and restore the model's variables do, and are not called.
    """
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    from tensorflow.core.protobuf import saved_model_pb2

    with corrupted(KIND, DecodeError, OSError):
        model = saved_model_pb2.SavedModel.FromString((path / GRAPH).read_bytes())
    for meta in model.meta_graphs:
        library = {
            function.signature.name: function for function in meta.graph_def.library.function
        }
        for name in _reached(library, _starts(meta)):
            for node in library[name].node_def:
                if node.op in REFUSED:
                    raise FileError(
                        f"{path}: the model's function {name} contains the operation {node.op},"
                        " which is not a network's; it is not run"
                    )


def _starts(meta: Any) -> Iterator[str]:
    """The functions of an object-based SavedModel that loading or serving calls."""
    saving = set()
    for node in meta.object_graph_def.nodes:
        for saveable in node.saveable_objects.values():
            for number in (saveable.save_function, saveable.restore_function):
                function = meta.object_graph_def.nodes[number].function
                saving.update(function.concrete_functions)
    yield from (name for name in meta.object_graph_def.concrete_functions if name not in saving)


def _reached(library: dict[str, Any], starts: Iterator[str]) -> Iterator[str]:
    """The functions that are called, directly or not."""
    pending, seen = [name for name in starts if name in library], set[str]()
    while pending:
        name = pending.pop()
        if name in seen:
            continue
        seen.add(name)
        yield name
        for node in library[name].node_def:
            for value in node.attr.values():
                called = [value.func.name, *(function.name for function in value.list.func)]
                pending.extend(other for other in called if other in library)
