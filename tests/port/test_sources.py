"""Formats that are read and not written: TensorFlow's checkpoints, SavedModels, ONNX."""

import numpy as np
import pytest

import resnet_duet
import resnet_spec
from resnet_duet.errors import FileError
from resnet_duet.port import files
from resnet_duet.port.head import AS_FILED
from resnet_duet.port.label import KEY, Label
from resnet_duet.port.opening import open_checkpoint
from resnet_duet.port.porter import examined
from worlds import bits

SLIM = resnet_spec.get("resnet50", widths=[2, 2, 4, 4], num_classes=3)
KERAS = resnet_spec.get("mlperf_resnet8")


def arrays_of(spec, dialect):
    weights = resnet_duet.random_weights(spec, 0, norms="random")
    single = {name: array.astype(np.float32) for name, array in weights.items()}
    return resnet_duet.convert(single, spec, "torchvision", dialect)


def save_tf1(prefix, arrays, version):
    """A checkpoint of TensorFlow 1, as TF-slim's are."""
    import tensorflow as tf

    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        variables = [v1.get_variable(n, initializer=a) for n, a in arrays.items()]
        v1.get_variable("global_step", initializer=np.int64(3))
        session.run(v1.global_variables_initializer())
        assert len(variables) == len(arrays)
        saver = v1.train.Saver(write_version=version)
        saver.save(session, str(prefix), write_meta_graph=False, write_state=False)


@pytest.mark.slow
@pytest.mark.parametrize("version", [1, 2])
def test_a_checkpoint_of_tf_slim_is_read_in_both_of_its_formats(tmp_path, version):
    arrays = arrays_of(SLIM, "tf_slim")
    save_tf1(tmp_path / "resnet_v1_50.ckpt", arrays, version)
    checkpoint, identity = open_checkpoint(tmp_path / "resnet_v1_50.ckpt", None, None, AS_FILED)
    assert (identity.dialect, identity.spec.depths) == ("tf_slim", (3, 4, 6, 3))
    assert bits(checkpoint.arrays) == bits(arrays)
    assert checkpoint.left_out == ("global_step",)
    if version == 2:
        same = files.read(tmp_path / "resnet_v1_50.ckpt.index").arrays
        assert bits({name: same[name] for name in arrays}) == bits(arrays)


@pytest.mark.slow
def test_a_checkpoint_of_keras_objects_and_a_saved_model_are_read_by_their_variables_names(
    tmp_path,
):
    import tensorflow as tf

    import resnet_tf

    model = resnet_tf.build(KERAS)
    arrays = arrays_of(KERAS, "keras")
    resnet_tf.write(model, arrays)
    tf.train.Checkpoint(model=model).write(str(tmp_path / "net.ckpt"))
    model.export(tmp_path / "saved", verbose=False)
    for path in (tmp_path / "net.ckpt", tmp_path / "saved"):
        checkpoint, identity = open_checkpoint(path, "mlperf_resnet8", None, AS_FILED)
        assert identity.dialect == "keras"
        assert bits(checkpoint.arrays) == bits(arrays)


@pytest.mark.parametrize("content", [b"", b"hello" * 99])
def test_what_is_no_checkpoint_of_tensorflow_is_told(tmp_path, content):
    path = tmp_path / "net.ckpt"
    path.write_bytes(content)
    with pytest.raises(FileError, match=r"net\.ckpt is damaged, or no TensorFlow checkpoint"):
        files.read(path)


def test_a_folder_that_is_no_saved_model_is_told(tmp_path):
    with pytest.raises(FileError, match="is no file"):
        files.read(tmp_path)
    (tmp_path / "saved_model.pb").touch()
    with pytest.raises(FileError, match=r"without variables/variables\.index, so no SavedModel"):
        files.read(tmp_path)


def test_a_ckpt_of_lightning_is_one_of_pytorch(tmp_path):
    import torch

    weights = {n: torch.from_numpy(a) for n, a in arrays_of(KERAS, "torchvision").items()}
    torch.save({"state_dict": {f"model.{n}": w for n, w in weights.items()}}, tmp_path / "x.ckpt")
    _, identity = examined(tmp_path / "x.ckpt", "mlperf_resnet8", None, AS_FILED, {})
    assert identity.dialect == "torchvision"


def onnx_file(path, arrays, label):
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    tensors = [numpy_helper.from_array(array, name) for name, array in arrays.items()]
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    node = helper.make_node("Identity", ["x"], ["y"])
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    model = helper.make_model(helper.make_graph([node], "net", [value], [out], tensors))
    helper.set_model_props(model, {KEY: label.to_json()})
    onnx.save(model, path)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_initializers_of_an_onnx_file_are_read_with_its_label(tmp_path, dtype):
    arrays = {n: a.astype(dtype) for n, a in arrays_of(KERAS, "torchvision").items()}
    onnx_file(tmp_path / "net.onnx", arrays, Label(KERAS, None, "test"))
    found = files.read(tmp_path / "net.onnx")
    assert bits(found.arrays) == bits(arrays)
    assert found.spec == KERAS


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_cut_onnx_file_is_told(tmp_path, share):
    onnx_file(tmp_path / "net.onnx", arrays_of(KERAS, "torchvision"), Label(KERAS, None, "test"))
    content = (tmp_path / "net.onnx").read_bytes()
    (tmp_path / "net.onnx").write_bytes(content[: int(share * len(content))])
    with pytest.raises(FileError, match=r"net\.onnx (is damaged|holds no arrays)"):
        files.read(tmp_path / "net.onnx")
