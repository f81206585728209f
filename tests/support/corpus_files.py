"""Whole-model files of a network, as the libraries that people use write them."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from resnet_spec import ResNetSpec
from resnet_spec.choices import StemPool
from tests.support.corpus_steps import Steps, Weights

SIZE = (20, 28)  # of the images of files that take only one size

Size = tuple[int, int] | None  # None: the file takes images of any size


def write_keras(steps: Steps, weights: Weights, path: Path, size: Size) -> Path:
    """A .keras file of Keras 3."""
    import keras

    return _save(keras, steps, weights, path.with_suffix(".keras"), size)


def for_keras_2(spec: ResNetSpec) -> ResNetSpec:
    """The network with a stem that Keras 2 has a layer for: it pads with zeros before a pool."""
    if spec.stem.pool is not StemPool.MINUS_INFINITY:
        return spec
    return replace(spec, stem=replace(spec.stem, pool=StemPool.ZERO))


def write_h5(steps: Steps, weights: Weights, path: Path, size: Size) -> Path:
    """A whole-model .h5 file of Keras 2."""
    tf_keras = pytest.importorskip("tf_keras", reason="make reference installs it")
    return _save(tf_keras, steps, weights, path.with_suffix(".h5"), size)


def _save(keras: ModuleType, steps: Steps, weights: Weights, path: Path, size: Size) -> Path:
    from tests.support.corpus_keras import model_of

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # .h5 is a legacy format
        model_of(keras, steps, weights, size or (None, None)).save(path)
    return path


def write_saved_model(steps: Steps, weights: Weights, path: Path, size: Size) -> Path:
    """A SavedModel that Keras 3 exports."""
    model, signature = _for_export(steps, weights, size)
    model.export(path, verbose=False, input_signature=signature)
    return path


def write_keras_onnx(steps: Steps, weights: Weights, path: Path, size: Size) -> Path:
    """An ONNX file that Keras exports with tf2onnx."""
    pytest.importorskip("tf2onnx", reason="Keras exports with it; make reference installs it")
    model, signature = _for_export(steps, weights, size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.export(
            path.with_suffix(".onnx"), format="onnx", verbose=False, input_signature=signature
        )
    return path.with_suffix(".onnx")


def _for_export(steps: Steps, weights: Weights, size: Size):
    import keras
    import tensorflow as tf

    from tests.support.corpus_keras import model_of

    size = size or (None, None)
    signature = [tf.TensorSpec((None, *size, 3), tf.float32, name="photo")]
    return model_of(keras, steps, weights, size), signature


def write_own_onnx(steps: Steps, weights: Weights, path: Path, size: Size) -> Path:
    """An ONNX file of the operators that this project writes. It takes images of any size."""
    import onnx

    from tests.support.corpus_onnx import graph_of

    onnx.save(graph_of(steps, weights), path.with_suffix(".onnx"))
    return path.with_suffix(".onnx")


def write_dynamo_onnx(steps: Steps, weights: Weights, path: Path, size: Size) -> Path:
    """An ONNX file of torch.onnx, by torch.export."""
    pytest.importorskip("onnxscript", reason="torch.onnx needs it; make reference installs it")
    import torch

    sizes = {0: torch.export.Dim("n", min=1)}
    if size is None:
        sizes |= {2: torch.export.Dim.AUTO, 3: torch.export.Dim.AUTO}
    options = {"dynamic_shapes": (sizes,), "external_data": False, "verbose": False}
    return _torch_onnx(steps, weights, path, size, dynamo=True, **options)


def write_traced_onnx(steps: Steps, weights: Weights, path: Path, size: Size) -> Path:
    """An ONNX file of torch.onnx, by TorchScript."""
    axes = {0: "n"} if size else {0: "n", 2: "h", 3: "w"}
    options = {"input_names": ["photo"], "dynamic_axes": {"photo": axes}}
    return _torch_onnx(steps, weights, path, size, dynamo=False, **options)


def _torch_onnx(steps, weights, path: Path, size: Size, **options) -> Path:
    import torch

    net, images = _module(steps, weights, size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(net, (images,), str(path.with_suffix(".onnx")), **options)
    return path.with_suffix(".onnx")


def write_pt2(steps: Steps, weights: Weights, path: Path, size: Size) -> Path:
    """A program of torch.export."""
    import torch

    net, images = _module(steps, weights, size)
    auto = torch.export.Dim.AUTO
    sizes = {0: auto} if size else {0: auto, 2: auto, 3: auto}
    program = torch.export.export(net, (images,), dynamic_shapes=(sizes,))
    torch.export.save(program, path.with_suffix(".pt2"))
    return path.with_suffix(".pt2")


def write_torchscript(steps: Steps, weights: Weights, path: Path, size: Size) -> Path:
    """A trace of TorchScript."""
    import torch

    net, images = _module(steps, weights, size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated
        torch.jit.trace(net, images).save(path.with_suffix(".pt"))
    return path.with_suffix(".pt")


def _module(steps: Steps, weights: Weights, size: Size):
    """The module, and images to trace it with."""
    import torch

    from tests.support.corpus_torch import StepNetwork

    return StepNetwork(steps, weights), torch.randn(2, 3, *(size or SIZE))


# {source: its writer}. A writer returns the path of the file, whose ending it chooses.
SOURCES: dict[str, Callable[[Steps, Weights, Path, Size], Path]] = {
    "keras": write_keras,
    "tf_keras h5": write_h5,
    "SavedModel": write_saved_model,
    "own ONNX": write_own_onnx,
    "torch.onnx dynamo": write_dynamo_onnx,
    "torch.onnx traced": write_traced_onnx,
    "Keras ONNX": write_keras_onnx,
    "pt2": write_pt2,
    "TorchScript": write_torchscript,
}
KERAS_SOURCES = ("keras", "tf_keras h5", "SavedModel", "Keras ONNX")
