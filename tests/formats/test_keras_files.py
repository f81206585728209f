"""The HDF5 files of Keras 1, 2 and 3, in all forms that are in use."""

import h5py
import keras
import numpy as np
import pytest

import resnet_duet
import resnet_spec
import resnet_tf
import resnet_torch
from resnet_duet import formats
from resnet_duet.errors import FileError
from resnet_duet.formats import hdf5
from resnet_duet.identify.head import HeadChoice
from resnet_duet.identify.open_checkpoint import open_checkpoint
from resnet_duet.metadata import FileMetadata
from resnet_duet.weights.arrays import Arrays
from resnet_duet.weights.convert import cast
from support.custom_networks import custom_keras_net
from support.networks import RARE, assert_close, bits, images, nchw

SPEC = resnet_spec.get("mlperf_resnet8")


def arrays_of(dialect, spec=SPEC):
    weights = resnet_duet.random_weights(spec, 0, norms="random")
    single = {name: array.astype(np.float32) for name, array in weights.items()}
    return resnet_duet.convert(single, spec, "torchvision", dialect)


def by_layer(arrays):
    layers = {}
    for name, array in arrays.items():
        layer, _, word = name.rpartition("/")
        layers.setdefault(layer, {})[word] = array
    return layers


def put(group, weights):
    """Write a layer's weights as Keras 2 does: {full name: array}."""
    group.attrs["weight_names"] = [name.encode() for name in weights]
    for name, array in weights.items():
        group[name] = array


def test_a_whole_model_of_keras_2_is_read_without_its_optimizer(tmp_path):
    arrays = arrays_of("keras_numbered")
    with h5py.File(tmp_path / "net.h5", "w") as file:
        root = file.create_group("model_weights")
        root.attrs["layer_names"] = [b"input_1", *(layer.encode() for layer in by_layer(arrays))]
        root.create_group("input_1").attrs["weight_names"] = np.array([], "S1")
        for layer, own in by_layer(arrays).items():
            put(root.create_group(layer), {f"{layer}/{w}:0": a for w, a in own.items()})
        file["optimizer_weights/Adam/iter:0"] = 3
    checkpoint, identity = open_checkpoint(tmp_path / "net.h5", None, None, HeadChoice.KEEP)
    assert identity.name == "mlperf_resnet8"
    assert bits(checkpoint.arrays) == bits(arrays)
    assert checkpoint.skipped == ("optimizer_weights/Adam/iter:0",)


@pytest.mark.slow
@pytest.mark.parametrize("before", [3, 95])
def test_a_configuration_is_read_at_any_start_of_keras_counters(tmp_path, before):
    """`conv2d_3` is the first convolution of a network built after three others."""
    keras.backend.clear_session()  # resets its counters
    for _ in range(before):
        keras.layers.Conv2D(1, 1)
    spec = resnet_spec.get("cifar_resnet20_b", norm_decay=0.99)
    model = custom_keras_net(arrays_of("keras", spec), "valid", {"epsilon": 1e-5})
    model.save(tmp_path / "net.keras")
    _, identity = open_checkpoint(tmp_path / "net.keras", None, None, HeadChoice.KEEP)
    assert identity.spec == spec


def test_keras_1_called_the_variance_a_deviation_and_the_kernel_w(tmp_path):
    spec = resnet_spec.get("keras_resnet50", widths=[2, 2, 4, 4])
    arrays = arrays_of("keras_caffe", spec)
    words = {"kernel": "W", "bias": "b", "moving_mean": "running_mean"}
    words["moving_variance"] = "running_std"
    with h5py.File(tmp_path / "net.h5", "w") as file:
        file.attrs["layer_names"] = [layer.encode() for layer in by_layer(arrays)]
        for layer, own in by_layer(arrays).items():
            put(
                file.create_group(layer),
                {f"{layer}_{words.get(w, w)}:0": array for w, array in own.items()},
            )
    checkpoint, identity = open_checkpoint(tmp_path / "net.h5", None, None, HeadChoice.KEEP)
    assert bits(checkpoint.arrays) == bits(arrays)
    assert (identity.dialect, identity.spec.norm_eps) == ("keras_caffe", 1e-3)


def test_a_model_within_a_model_is_read_by_the_names_of_its_layers(tmp_path):
    arrays = arrays_of("keras_numbered")
    with h5py.File(tmp_path / "net.h5", "w") as file:
        file.attrs["layer_names"] = [b"resnet", b"dense"]
        inner = {f"{n}:0": a for n, a in arrays.items() if not n.startswith("dense/")}
        outer = {f"{n}:0": a for n, a in arrays.items() if n.startswith("dense/")}
        put(file.create_group("resnet"), inner)
        put(file.create_group("dense"), outer)
    assert bits(formats.read(tmp_path / "net.h5").arrays) == bits(arrays)


def test_a_list_of_names_too_long_for_hdf5_is_split_as_keras_splits_it(tmp_path):
    from keras.src.legacy.saving.legacy_h5_format import load_attributes_from_hdf5_group

    names = [f"layer{number}.{'x' * 60}" for number in range(3000)]
    with h5py.File(tmp_path / "long.h5", "w") as file:
        hdf5.put_texts(file, "layer_names", names)
        assert {"layer_names0", "layer_names1"} <= set(file.attrs)
        assert load_attributes_from_hdf5_group(file, "layer_names") == names
    assert hdf5.texts(hdf5.index(tmp_path / "long.h5").attributes[""], "layer_names") == names


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{"compression": "gzip"}, {"chunks": True}, {"shuffle": True}])
def test_compressed_arrays_are_read_bit_for_bit(tmp_path, settings):
    arrays = arrays_of("keras")
    with h5py.File(tmp_path / "net.h5", "w") as file:
        file.attrs["layer_names"] = [layer.encode() for layer in by_layer(arrays)]
        for layer, own in by_layer(arrays).items():
            group = file.create_group(layer)
            group.attrs["weight_names"] = [word.encode() for word in own]
            for word, array in own.items():
                group.create_dataset(word, data=array, **settings)
    found = formats.read(tmp_path / "net.h5").arrays
    assert found.shapes == {name: array.shape for name, array in arrays.items()}
    some = ["conv1/kernel", "bn1/moving_variance", "fc/bias"]
    assert all(found[name].tobytes() == arrays[name].tobytes() for name in some)


def test_big_endian_values_are_read_as_the_same_values(tmp_path):
    arrays = arrays_of("keras")
    with h5py.File(tmp_path / "net.h5", "w") as file:
        file.attrs["layer_names"] = [b"fc"]
        put(file.create_group("fc"), {"fc/kernel:0": arrays["fc/kernel"].astype(">f4")})
    found = formats.read(tmp_path / "net.h5").arrays["fc/kernel"]
    assert bits({"x": found}) == bits({"x": arrays["fc/kernel"]})


@pytest.mark.slow
def test_bfloat16_files_of_keras_are_read_and_keras_reads_ours(tmp_path):
    import keras

    import resnet_tf

    model = resnet_tf.build(SPEC)
    arrays = arrays_of("keras")
    half = cast(Arrays.of(arrays), "bfloat16")
    path = tmp_path / "half.weights.h5"
    target = formats.check_writable(path, None, overwrite=False, input_layout=None)
    formats.write(target, half, FileMetadata(SPEC, None, "test"))
    model.load_weights(path)
    assert bits(resnet_tf.read(model)) == bits(cast(half, "float32"))
    image = keras.Input((4, 4, 3), dtype="bfloat16")
    small = keras.Model(image, keras.layers.Conv2D(2, 3, name="conv", dtype="bfloat16")(image))
    small.save_weights(tmp_path / "own.weights.h5")
    found = formats.read(tmp_path / "own.weights.h5").arrays
    assert found.entries["conv/kernel"].dtype.name == "bfloat16"
    kernel = keras.ops.convert_to_numpy(keras.ops.cast(small.get_layer("conv").kernel, "float32"))
    assert (found["conv/kernel"].astype(np.float32) == kernel).all()


def test_a_crash_or_an_endless_loop_of_the_worker_gives_a_clear_error(tmp_path, monkeypatch):
    path = tmp_path / "net.weights.h5"
    path.write_bytes(b"whatever")
    child = tmp_path / "child.py"
    monkeypatch.setattr(hdf5, "WORKER", child)
    child.write_text("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    with pytest.raises(FileError, match=r"net\.weights\.h5: .* the HDF5 library crashes on it"):
        formats.read(path)
    monkeypatch.setattr(hdf5, "SECONDS", 1)
    child.write_text("while True: pass")
    with pytest.raises(FileError, match=r"net\.weights\.h5: .* reading its index never ends"):
        formats.read(path)


@pytest.mark.slow
@pytest.mark.parametrize("name", RARE)
def test_a_model_with_choices_that_no_row_of_the_zoo_has_is_loaded_from_keras_file(name, tmp_path):
    """Its configuration has the epsilon of the projections, its arrays the rest."""
    spec = RARE[name]
    model = resnet_tf.build(spec, "float64", initial="empty")
    weights = resnet_duet.random_weights(spec, 0, norms="random")
    resnet_tf.write(model, resnet_duet.convert(weights, spec, "torchvision", "keras"))
    model.save(tmp_path / "model.keras")
    net = resnet_duet.load(tmp_path / "model.keras", into="torch")
    assert (net.spec.norm_eps, net.spec.projection_eps) == (spec.norm_eps, spec.projection_eps)
    x = images((33, 45))
    assert_close(resnet_torch.run(net, nchw(x)), resnet_tf.run(model, x), name)
