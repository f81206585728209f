"""A whole Keras model in a file, run by Keras. None of the file's own code is run."""

import json
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resnet_duet.comparison.adapters import keras as live
from resnet_duet.comparison.adapters.programs import KERAS_3, MODEL_CONFIG, CannotRunError, one_of
from resnet_duet.comparison.outputs import SOFTMAX_REMOVED
from resnet_duet.comparison.subject import Subject
from resnet_duet.errors import FileError, FrameworkError
from resnet_duet.formats import hdf5, weights_h5
from resnet_duet.formats.damage import corrupted
from resnet_duet.formats.keras_archive import CONFIG, KIND
from resnet_duet.formats.zips import open_zip, read_text
from resnet_duet.frameworks import KERAS

if TYPE_CHECKING:
    import keras

CLASS = "class_name"
CODE = ("Lambda", "__lambda__")  # classes of a configuration that hold Python code

# What Keras raises on a configuration that it does not understand.
ERRORS = (
    *(AttributeError, ImportError, IndexError, KeyError, LookupError),
    *(NotImplementedError, OSError, RuntimeError, TypeError, ValueError),
)


def subject(path: Path | str, layers: Mapping[str, str]) -> Subject:
    """The model of a .keras file, or of a whole-model .h5, in float64 where it can be cloned.

    Args:
        path: the file.
        layers: {canonical name of a layer: the file's name}; empty if they are unknown.

    Raises:
        CannotRunError: Keras is not installed, or cannot open the file.
        FileError: the file contains a Lambda layer, or several inputs or outputs.
    """
    refuse_code(path)
    try:
        KERAS.builder()
    except FrameworkError as error:
        raise CannotRunError(error.summary) from error
    model = _loaded(str(path))
    one_of([tensor.name for tensor in model.inputs or ()], path, "input")
    one_of([tensor.name for tensor in model.outputs or ()], path, "output")
    logits, removed = without_softmax(model)
    names = {own: name for name, own in layers.items()}
    found = live.named(logits, None, names) if names else live.subject(logits)
    notes = (SOFTMAX_REMOVED,) if removed else ()
    return replace(found, title=str(path), kind="Keras model, run by Keras", notes=notes)


def refuse_code(path: Path | str) -> None:
    """Raise FileError if the configuration of the model contains Python code."""
    with corrupted(KIND, json.JSONDecodeError, RecursionError):
        config = json.loads(_configuration(Path(path)))
    for name in _lambdas(config):
        raise FileError(
            f"{path}: the layer {name!r} is a Lambda, which holds Python code, and is not run;"
            " to compare such a model, load it in your own code and pass CODE.py:NAME"
        )


def without_softmax(model: "keras.Model") -> "tuple[keras.Model, bool]":
    """The model without a softmax at its end, and whether it had one.

    Args:
        model: a graph of layers with one output; its last layer may be changed.
    """
    import keras

    last = model.outputs[0]._keras_history.operation
    is_softmax = getattr(last, "activation", None) is keras.activations.softmax
    if isinstance(last, keras.Model):
        inner, removed = without_softmax(last)
        return model, removed and inner is last
    if isinstance(last, keras.layers.Softmax) or type(last).__name__ == "Softmax":
        return keras.Model(model.inputs[0], last.input), True
    if not is_softmax:
        return model, False
    last.activation = keras.activations.linear
    return model, True


def _loaded(path: str) -> "keras.Model":
    """The model, in inference only.

    Raises:
        CannotRunError: Keras cannot open it.
    """
    import keras

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about training and older versions
            model = keras.models.load_model(path, compile=False, safe_mode=True)
    except ERRORS as error:
        message = str(error).strip().partition("\n")[0]
        raise CannotRunError(f"Keras {keras.__version__} cannot open it: {message}") from error
    return model


def _configuration(path: Path) -> str:
    """The JSON of the model."""
    if path.name.endswith(KERAS_3):
        with open_zip(path, KIND) as archive:
            text = read_text(archive, CONFIG, KIND)
    else:
        text = weights_h5.root_text(hdf5.index(path), MODEL_CONFIG)
    if text is None:
        raise FileError(f"{path}: the file has no configuration of a Keras model")
    return text


def _lambdas(config: Any) -> Iterator[str]:
    """The names of the objects in a configuration that hold code."""
    pending = [config]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            if node.get(CLASS) in CODE:
                inner = node.get("config")
                yield str(
                    inner.get("name", node[CLASS]) if isinstance(inner, dict) else node[CLASS]
                )
            pending.extend(node.values())
        elif isinstance(node, list):
            pending.extend(node)
