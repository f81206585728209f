"""Graphs that other programs export compute what their files compute."""

import warnings

import numpy as np
import onnx
import pytest

import resnet_spec
from resnet_duet.graphs.onnx import read
from resnet_duet.graphs.operations import Convolution, Same
from tests.graphs.onnx_files import foreign, outputs_of
from tests.support.networks import images, matching_networks, nchw, short, thin
from tests.support.run_graph import run_graph

pytestmark = pytest.mark.slow

NAMES = ("resnet18", "preresnet50", "resnet18d", "cifar_resnet20", "mlperf_resnet8")
EVEN = (32, 48)


def network(name: str):
    """(PyTorch network, Keras network), thin and in float32, in inference."""
    torch_net, keras_net = matching_networks(short(thin(resnet_spec.get(name))), dtype="float32")
    return torch_net.eval(), keras_net


def assert_read(path, sizes) -> None:
    """The graph computes what onnxruntime does, for these image sizes."""
    model = onnx.load(path)
    graph, arrays = read(model)
    assert foreign(graph) == []
    for size in sizes:
        x = images(size).astype(np.float32)
        expected = outputs_of(path, x)
        actual = run_graph(graph, arrays, nchw(x))
        np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-4 * abs(expected).max())


def export_torch(net, path, dynamo: bool, fixed: tuple[int, int] | None, **options) -> None:
    """Export a network, for one image size or for all."""
    import torch

    x = torch.zeros(2, 3, *(fixed or EVEN))
    if dynamo:
        pytest.importorskip("onnxscript", reason="torch.onnx needs it; make reference installs it")
        sizes = {0: torch.export.Dim("n", min=1)}
        if not fixed:
            sizes |= {2: torch.export.Dim.AUTO, 3: torch.export.Dim.AUTO}
        options |= {"dynamic_shapes": (sizes,), "external_data": False, "verbose": False}
    else:
        axes = {0: "n"} if fixed else {0: "n", 2: "h", 3: "w"}
        options |= {"input_names": ["x"], "dynamic_axes": {"x": axes}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(net, (x,), str(path), dynamo=dynamo, **options)


@pytest.mark.long
@pytest.mark.parametrize("dynamo", [True, False])
@pytest.mark.parametrize("name", [n for n in NAMES if n != "mlperf_resnet8"])
def test_torch_files_for_every_image_size(tmp_path, name, dynamo):
    export_torch(network(name)[0], tmp_path / "net.onnx", dynamo, None)
    assert_read(tmp_path / "net.onnx", [EVEN, (33, 45)])


@pytest.mark.long
@pytest.mark.parametrize("dynamo", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_torch_files_for_one_image_size(tmp_path, name, dynamo):
    export_torch(network(name)[0], tmp_path / "net.onnx", dynamo, EVEN)
    assert_read(tmp_path / "net.onnx", [EVEN])


@pytest.mark.parametrize("dynamo", [True, False])
def test_explicit_padding_of_one_image_size_is_same_where_the_network_had_same(tmp_path, dynamo):
    export_torch(network("mlperf_resnet8")[0], tmp_path / "net.onnx", dynamo, EVEN)
    graph, _ = read(onnx.load(tmp_path / "net.onnx"))
    convolutions = [op.kind for op in graph.operations if isinstance(op.kind, Convolution)]
    strided = [c for c in convolutions if c.strides == (2, 2) and c.kernel.size("H") > 1]
    assert strided
    assert {kind.pads for kind in strided} == {Same()}


def test_padding_that_a_file_computes_for_each_image_size_is_foreign(tmp_path):
    export_torch(network("mlperf_resnet8")[0], tmp_path / "net.onnx", False, None)
    assert foreign(read(onnx.load(tmp_path / "net.onnx"))[0])


@pytest.mark.parametrize("training", ["PRESERVE", "EVAL"])
@pytest.mark.parametrize("opset", [11, 13, 18])
def test_torch_files_of_every_opset_with_norms_of_their_own(tmp_path, opset, training):
    import torch

    mode = getattr(torch.onnx.TrainingMode, training)
    options = {"opset_version": opset, "training": mode, "do_constant_folding": False}
    export_torch(network("preresnet50")[0], tmp_path / "net.onnx", False, None, **options)
    assert_read(tmp_path / "net.onnx", [(33, 45)])


@pytest.mark.long
@pytest.mark.parametrize("size", [None, EVEN])
@pytest.mark.parametrize("name", (*NAMES, "keras_resnet50"))
def test_keras_files(tmp_path, name, size):
    pytest.importorskip("tf2onnx", reason="Keras exports with it; make reference installs it")
    import tensorflow as tf

    path, net = tmp_path / "net.onnx", network(name)[1]
    height, width = size or (None, None)
    signature = [tf.TensorSpec((None, height, width, 3), tf.float32, name="x")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net.export(path, format="onnx", verbose=False, input_signature=signature)
    assert_read(path, [size] if size else [EVEN, (33, 45)])
