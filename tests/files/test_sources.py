"""Files of other programs: TensorFlow's checkpoints, SavedModels, ONNX."""

from dataclasses import replace

import numpy as np
import pytest

import resnet_duet
import resnet_spec
from resnet_duet import formats
from resnet_duet.errors import FileError
from resnet_duet.files.convert_file import identify_file
from resnet_duet.identify.head import HeadChoice
from resnet_duet.identify.open_checkpoint import open_checkpoint
from resnet_duet.metadata import METADATA_KEY, FileMetadata
from support.networks import bits

SLIM = resnet_spec.get("resnet50", widths=[2, 2, 4, 4], num_classes=3)
KERAS = resnet_spec.get("mlperf_resnet8")


def arrays_of(spec, dialect):
    weights = resnet_duet.random_weights(spec, 0, norms="random")
    single = {name: array.astype(np.float32) for name, array in weights.items()}
    return resnet_duet.convert(single, spec, "torchvision", dialect)


def save_tf1(prefix, arrays, version):
    """Write a checkpoint as TensorFlow 1 does; those of TF-slim are such files."""
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
def test_a_checkpoint_of_tf_slim_is_read_in_both_formats(tmp_path, version):
    arrays = arrays_of(SLIM, "tf_slim")
    save_tf1(tmp_path / "resnet_v1_50.ckpt", arrays, version)
    checkpoint, identity = open_checkpoint(
        tmp_path / "resnet_v1_50.ckpt", None, None, HeadChoice.KEEP
    )
    assert (identity.dialect, identity.spec.depths) == ("tf_slim", (3, 4, 6, 3))
    assert bits(checkpoint.arrays) == bits(arrays)
    assert checkpoint.skipped == ("global_step",)
    if version == 2:
        same = formats.read(tmp_path / "resnet_v1_50.ckpt.index").arrays
        assert bits({name: same[name] for name in arrays}) == bits(arrays)


@pytest.mark.slow
def test_object_based_checkpoints_by_variable_names_and_saved_models_by_their_graph(
    tmp_path,
):
    import tensorflow as tf

    import resnet_tf

    model = resnet_tf.build(KERAS)
    arrays = arrays_of(KERAS, "keras")
    resnet_tf.write(model, arrays)
    tf.train.Checkpoint(model=model).write(str(tmp_path / "net.ckpt"))
    model.export(tmp_path / "saved", verbose=False)
    checkpoint, identity = open_checkpoint(
        tmp_path / "net.ckpt", "mlperf_resnet8", None, HeadChoice.KEEP
    )
    assert identity.dialect == "keras"
    assert bits(checkpoint.arrays) == bits(arrays)
    checkpoint, identity = open_checkpoint(tmp_path / "saved", None, None, HeadChoice.KEEP)
    assert identity.spec == replace(KERAS, norm_decay=identity.spec.norm_decay)
    assert bits(checkpoint.arrays) == bits(arrays_of(KERAS, "torchvision"))


@pytest.mark.parametrize("content", [b"", b"hello" * 99])
def test_a_damaged_tensorflow_checkpoint_gives_a_clear_error(tmp_path, content):
    path = tmp_path / "net.ckpt"
    path.write_bytes(content)
    with pytest.raises(FileError, match=r"net\.ckpt: not a TensorFlow checkpoint, or corrupted"):
        formats.read(path)


def test_an_incomplete_saved_model_gives_a_clear_error(tmp_path):
    (tmp_path / "saved_model.pb").touch()
    with pytest.raises(
        FileError, match=r"not a SavedModel, .* it has no variables/variables\.index"
    ):
        formats.read(tmp_path)


def test_a_ckpt_of_lightning_is_read_as_a_pytorch_file(tmp_path):
    import torch

    weights = {n: torch.from_numpy(a) for n, a in arrays_of(KERAS, "torchvision").items()}
    torch.save({"state_dict": {f"model.{n}": w for n, w in weights.items()}}, tmp_path / "x.ckpt")
    _, identity = identify_file(tmp_path / "x.ckpt", "mlperf_resnet8", None, HeadChoice.KEEP, {})
    assert identity.dialect == "torchvision"


def onnx_file(path, arrays, metadata):
    import onnx

    from resnet_duet.onnx import build

    model = build(metadata.spec, arrays)
    onnx.helper.set_model_props(model, {METADATA_KEY: metadata.to_json()})
    onnx.save(model, path)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_initializers_of_an_onnx_file_are_read_with_its_metadata(tmp_path, dtype):
    arrays = {n: a.astype(dtype) for n, a in arrays_of(KERAS, "torchvision").items()}
    onnx_file(tmp_path / "net.onnx", arrays, FileMetadata(KERAS, None, "test"))
    found = formats.read(tmp_path / "net.onnx")
    assert bits(found.arrays) == bits(arrays)
    assert found.spec == KERAS


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_truncated_onnx_file_gives_a_clear_error(tmp_path, share):
    onnx_file(
        tmp_path / "net.onnx", arrays_of(KERAS, "torchvision"), FileMetadata(KERAS, None, "test")
    )
    content = (tmp_path / "net.onnx").read_bytes()
    (tmp_path / "net.onnx").write_bytes(content[: int(share * len(content))])
    with pytest.raises(
        FileError, match=r"net\.onnx: (not an ONNX file, or corrupted|the file contains no arrays)"
    ):
        formats.read(tmp_path / "net.onnx")
