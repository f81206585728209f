"""The frameworks' own exporters to ONNX: our networks go through them, and our graphs agree."""

import numpy as np
import onnx
import pytest

import resnet_spec
import resnet_torch
from resnet_duet import onnx as onnx_builder
from resnet_duet.onnx.reference import named_values, tracer
from support.networks import EVEN, ODD, assert_close, images, matching_networks, thin

NAMES = ["resnet18", "resnet50d", "keras_resnet50v2", "preresnet18", "cifar_resnet20"]


def by_pytorch(net, path):
    import torch

    pytest.importorskip("onnxscript")
    image = torch.zeros(2, 3, *EVEN, dtype=torch.float64)
    sizes = {0: "batch", 2: "height", 3: "width"}
    torch.onnx.export(
        net.eval(), (image,), path, external_data=False, verbose=False, dynamic_shapes=[sizes]
    )


def by_keras(net, path):
    pytest.importorskip("tf2onnx")
    net(np.zeros((1, *EVEN, 3)))  # it exports no network that never ran
    net.export(path, format="onnx", verbose=False)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
# torch.export's and tf2onnx' own, of modules that they use.
@pytest.mark.filterwarnings("ignore:.isinstance.treespec, LeafSpec:FutureWarning")
@pytest.mark.filterwarnings("ignore:In the future `np.object`:FutureWarning")
def test_both_exporters_graphs_compute_what_ours_computes(name, tmp_path):
    """They fold norms into convolutions, and Keras' takes images of NHWC; in float64 it is one."""
    torch_net, keras_net = matching_networks(thin(resnet_spec.get(name)))
    by_pytorch(torch_net, tmp_path / "torch.onnx")
    by_keras(keras_net, tmp_path / "keras.onnx")
    ours = tracer(onnx_builder.build(torch_net.spec, resnet_torch.read(torch_net)))
    for path in tmp_path.iterdir():
        theirs = onnx.load(path)
        assert not named_values(theirs)
        judge = tracer(theirs)
        for size in (EVEN, ODD):
            x = images(size)
            (output,) = judge(x).values()
            assert_close(output, ours(x)["fc"], path.name)
