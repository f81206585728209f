"""Published networks in both frameworks, on real images, with the accuracy of their authors."""

import keras
import numpy as np
import pytest

import resnet_duet
from resnet_duet import formats
from resnet_duet.cli import main
from resnet_duet.scenarios.transforms import IMAGENET_MEAN, IMAGENET_STD
from support.networks import assert_close, nchw

# file, its authors' preprocessing of an RGB image in 0..255, correct of 1,000 images
NETS = [
    (
        "akamaster/resnet20-12fca82f.th",
        lambda x: (x / 255 - IMAGENET_MEAN) / IMAGENET_STD,
        934,
    ),
    (
        "akamaster/resnet32-d509ac18.th",
        lambda x: (x / 255 - IMAGENET_MEAN) / IMAGENET_STD,
        945,
    ),
    ("distiller/checkpoint_trained_dense.pth.tar", lambda x: (x / 255 - 0.5) / 0.5, 932),
    ("mlcommons/pretrainedResnet.h5", lambda x: x, 879),
]
MLCOMMONS = "mlcommons/pretrainedResnet.h5"


@pytest.fixture(scope="module")
def cifar(data):
    with np.load(data / "cifar10_test_1000.npz") as file:
        return file["images"].astype(np.float64), file["labels"]


# Most published files are weights alone, which do not determine eps, padding and others.
pytestmark = pytest.mark.filterwarnings("ignore::resnet_duet.UndeterminedChoicesWarning")


def torch_logits(net, x):
    import torch

    with torch.no_grad():
        return net.eval()(torch.from_numpy(nchw(x))).numpy()


def keras_logits(net, x):
    """Logits by a call: `predict` would round float64 images to float32, Keras' floatx."""
    return np.concatenate([net(part, training=False) for part in np.split(x, 2)])


@pytest.mark.slow
@pytest.mark.parametrize(("file", "prepare", "correct"), NETS, ids=[n[0] for n in NETS])
def test_a_converted_network_classifies_as_its_authors_report(data, cifar, file, prepare, correct):
    pixels, labels = cifar
    x = prepare(pixels).astype(np.float32)
    ours = torch_logits(resnet_duet.load(data / file, into="torch"), x)
    theirs = keras_logits(resnet_duet.load(data / file, into="keras"), x)
    assert (ours.argmax(1) == labels).sum() == correct
    assert (theirs.argmax(1) == labels).sum() == correct


@pytest.mark.slow
@pytest.mark.parametrize(("file", "prepare", "correct"), NETS, ids=[n[0] for n in NETS])
def test_a_network_has_equal_logits_in_both_frameworks_in_float64(
    data, cifar, file, prepare, correct
):
    x = prepare(cifar[0][::20])
    ours = torch_logits(resnet_duet.load(data / file, into="torch", dtype="float64"), x)
    theirs = keras_logits(resnet_duet.load(data / file, into="keras", dtype="float64"), x)
    assert ours.dtype == theirs.dtype == np.float64
    assert_close(theirs, ours, "logits")


@pytest.mark.slow
def test_the_mlcommons_network_in_pytorch_has_the_logits_of_its_keras_original(data, cifar):
    """The original is opened by Keras, in float64 and without its softmax."""
    pixels, _ = cifar
    source = keras.models.load_model(data / MLCOMMONS, compile=False)
    config = source.get_config()
    for layer in config["layers"]:
        layer["config"]["dtype"] = "float64"
    config["layers"][-1]["config"]["activation"] = "linear"
    rebuilt = keras.Model.from_config(config)
    theirs = keras.Model(rebuilt.inputs[0], rebuilt.outputs[0])
    theirs.set_weights(source.get_weights())
    assert {layer.compute_dtype for layer in theirs.layers[1:]} == {"float64"}
    ours = resnet_duet.load(data / MLCOMMONS, into="torch", dtype="float64")
    some = pixels[::5]
    assert_close(torch_logits(ours, some), keras_logits(theirs, some), "logits")


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("file", [n[0] for n in NETS])
@pytest.mark.parametrize("ending", [row.suffixes[0] for row in formats.FORMATS])
def test_a_published_file_keeps_every_bit_in_every_format_without_any_option(
    data, tmp_path, file, ending
):
    target = tmp_path / f"net{ending}"
    main(["convert", str(data / file), str(target)], standalone_mode=False)
    net, back = resnet_duet.load(data / file, into="torch"), resnet_duet.load(target, into="torch")
    assert back.spec == net.spec
    want = net.state_dict()
    for name, tensor in back.state_dict().items():
        assert tensor.dtype == want[name].dtype
        assert tensor.equal(want[name]), name


@pytest.mark.slow
@pytest.mark.parametrize(("file", "prepare", "correct"), NETS, ids=[n[0] for n in NETS])
def test_the_graph_of_a_published_file_matches_and_keeps_its_accuracy_in_onnxruntime(
    data, cifar, tmp_path, file, prepare, correct
):
    import onnxruntime

    net = resnet_duet.load(data / file, into="torch")
    resnet_duet.save(net, tmp_path / "net.onnx", input_layout="NHWC")
    assert resnet_duet.compare(net, tmp_path / "net.onnx").match
    session = onnxruntime.InferenceSession(tmp_path / "net.onnx")
    (logits,) = session.run(None, {"image": prepare(cifar[0]).astype(np.float32)})
    assert (logits.argmax(1) == cifar[1]).sum() == correct


@pytest.mark.slow
@pytest.mark.parametrize("file", [n[0] for n in NETS])
def test_compare_finds_a_published_file_equivalent_in_both_frameworks(data, file):
    a = resnet_duet.load(data / file, into="torch")
    b = resnet_duet.load(data / file, into="keras")
    assert resnet_duet.compare(a, b).match
