"""torchvision itself: keys, counts, multiply-adds, outputs, and its recorded logits."""

import numpy as np
import pytest
import torch

import resnet_duet
import resnet_spec
import resnet_tf
import resnet_torch
from resnet_spec.measure import total
from support.networks import assert_close, images, nchw, randomise_statistics

TEN = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "resnext50_32x4d")
TEN += ("resnext101_32x8d", "resnext101_64x4d", "wide_resnet50_2", "wide_resnet101_2")
QUICK = ("resnet18",)
NAMES = [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in TEN]


def multiply_adds(net, size):
    """Counted while the network itself runs, not derived."""
    macs = []

    def hook(module, inputs, output):
        per_output = module.weight[0].numel()
        macs.append(per_output * output[0].numel())

    for module in net.modules():
        if isinstance(module, (torch.nn.Conv2d, torch.nn.Linear)):
            module.register_forward_hook(hook)
    net(torch.empty(1, 3, *size, device="meta"))
    return sum(macs)


@pytest.mark.parametrize("name", TEN)
def test_keys_shapes_counts_and_multiply_adds_are_torchvisions(torchvision_models, name):
    with torch.device("meta"):
        theirs = getattr(torchvision_models, name)()
        ours = resnet_torch.ResNet(resnet_spec.plan(resnet_spec.get(name)))
    assert [(k, v.shape, v.dtype) for k, v in ours.state_dict().items()] == [
        (k, v.shape, v.dtype) for k, v in theirs.state_dict().items()
    ]
    plan = resnet_spec.plan(resnet_spec.get(name))
    found = total(plan, (224, 224))
    assert found.parameters == sum(p.numel() for p in theirs.parameters())
    assert found.macs == multiply_adds(theirs.eval(), (224, 224))


@pytest.mark.parametrize("name", NAMES)
def test_with_torchvisions_weights_both_our_networks_are_torchvisions(torchvision_models, name):
    theirs = getattr(torchvision_models, name)(num_classes=10).double().eval()
    randomise_statistics(theirs)
    spec = resnet_spec.get(name, num_classes=10)
    ours = resnet_torch.build(spec, "float64").eval()
    ours.load_state_dict(theirs.state_dict(), strict=True)
    keras_net = resnet_tf.build(spec, "float64")
    weights = resnet_torch.read(theirs)
    resnet_tf.write(keras_net, resnet_duet.convert(weights, spec, "torchvision", "keras"))
    for size in ((64, 96), (65, 97)):
        x = images(size)
        with torch.no_grad():
            want = theirs(torch.from_numpy(nchw(x))).numpy()
            assert_close(ours(torch.from_numpy(nchw(x))).numpy(), want, "PyTorch")
        assert_close(keras_net(x, training=False).numpy(), want, "Keras")


@pytest.mark.parametrize("output_stride", [16, 8])
def test_dilation_is_torchvisions(torchvision_models, output_stride):
    replaced = [False, output_stride < 16, output_stride < 32]
    theirs = torchvision_models.resnet50(num_classes=10, replace_stride_with_dilation=replaced)
    theirs = theirs.double().eval()
    randomise_statistics(theirs)
    spec = resnet_spec.get("resnet50", num_classes=10, output_stride=output_stride)
    ours = resnet_torch.build(spec, "float64").eval()
    ours.load_state_dict(theirs.state_dict(), strict=True)
    x = torch.from_numpy(nchw(images((65, 96))))
    with torch.no_grad():
        assert_close(ours(x).numpy(), theirs(x).numpy(), "logits")


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_torchvisions_recorded_logits_come_out_of_our_keras_network(torchvision_models, data, name):
    """Recorded by torchvision's own test suite, years ago, on another machine, in float32."""
    torch.manual_seed(0)
    theirs = getattr(torchvision_models, name)(num_classes=50).eval()
    x = torch.rand(1, 3, 224, 224)
    recorded = torch.load(data / f"torchvision/ModelTester.test_{name}_expect.pkl").detach()
    spec = resnet_spec.get(name, num_classes=50)
    weights = resnet_torch.read(theirs)
    logits = {}
    for dtype in ("float32", "float64"):
        keras_net = resnet_tf.build(spec, dtype)
        resnet_tf.write(keras_net, resnet_duet.convert(weights, spec, "torchvision", "keras"))
        nhwc = x.numpy().transpose(0, 2, 3, 1).astype(dtype)
        logits[dtype] = keras_net(nhwc, training=False).numpy()
    # The yardstick is float32's own distance from float64, on their side and on ours.
    own = max(np.abs(a - logits["float64"]).max() for a in (recorded.numpy(), logits["float32"]))
    scale = np.abs(recorded.numpy()).max()
    assert own / scale < 1e-5
    np.testing.assert_allclose(logits["float32"], recorded.numpy(), rtol=0, atol=4 * own)


def test_our_build_draws_torchvisions_own_initial_weights(torchvision_models):
    """Not only the distribution: the same modules in the same order draw the same bits."""
    torch.manual_seed(0)
    theirs = torchvision_models.resnet18().state_dict()
    torch.manual_seed(0)
    ours = resnet_torch.build("resnet18").state_dict()
    assert [name for name in theirs if not ours[name].equal(theirs[name])] == []
