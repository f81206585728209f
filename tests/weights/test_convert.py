"""Conversion between dialects: bit-exact, in both directions, strict."""

import h5py
import numpy as np
import pytest

import resnet_duet
import resnet_spec
from resnet_duet import formats
from resnet_duet.errors import DialectError
from resnet_duet.formats import hdf5, hdf5_worker
from resnet_duet.metadata import FileMetadata
from resnet_duet.weights.arrays import Arrays
from resnet_duet.weights.convert import relayout
from resnet_duet.weights.dialects import DIALECTS, dialect
from resnet_spec import WeightsError
from support.networks import bits, every_row, short, thin

SPEC = resnet_spec.get("cifar_resnet20_b")


def weights_of(spec, name="torchvision", dtype=np.float32):
    weights = resnet_duet.random_weights(spec, 0, norms="random")
    weights = {n: a.astype(dtype) for n, a in weights.items()}
    return resnet_duet.convert(weights, spec, "torchvision", name)


def named_in(spec):
    """The dialects that have names for this network."""
    plan = resnet_spec.plan(spec)

    def names(own):
        try:
            return bool(own.table(plan))
        except DialectError:
            return False

    return [name for name, own in DIALECTS.items() if names(own)]


def random_bits(spec):
    """Arrays of random bits, so that a test passes only if every bit is kept."""
    rng = np.random.default_rng(0)
    return {
        name: rng.integers(0, 2**32, array_spec.shape, np.uint32).view(np.float32)
        for name, array_spec in DIALECTS["torchvision"].table(resnet_spec.plan(spec)).items()
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", every_row())
def test_conversion_between_every_pair_of_dialects_is_bit_exact(name):
    spec = short(thin(resnet_spec.get(name)))
    original = random_bits(spec)
    dialects = named_in(spec)
    assert {"torchvision", "keras", "keras_numbered"} <= set(dialects)
    want = {own: bits(resnet_duet.convert(original, spec, "torchvision", own)) for own in dialects}
    for source in dialects:
        arrays = resnet_duet.convert(original, spec, "torchvision", source)
        for target in dialects:
            assert bits(resnet_duet.convert(arrays, spec, source, target)) == want[target]


@pytest.mark.long
@pytest.mark.parametrize("name", resnet_spec.names())
def test_conversion_to_every_dialect_and_back_is_bit_exact_at_full_depth(name):
    spec = thin(resnet_spec.get(name))
    original = random_bits(spec)
    for target in named_in(spec):
        there = resnet_duet.convert(original, spec, "torchvision", target)
        assert bits(resnet_duet.convert(there, spec, target, "torchvision")) == bits(original)


def read_here(path, *names):
    """The answer of the process that reads HDF5, without starting it."""
    with h5py.File(path) as file:
        content = b"".join(file[name][()].tobytes() for name in names)
        return content if names else hdf5_worker.index(file).encode()


@pytest.mark.slow
@pytest.mark.parametrize("name", every_row())
def test_every_zoo_row_goes_through_every_format_bit_exactly(name, tmp_path, monkeypatch):
    monkeypatch.setattr(hdf5, "_ask", read_here)
    goes_through_every_format(short(thin(resnet_spec.get(name))), tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("name", ["resnet152", "keras_resnet152v2", "cifar_resnet1202_b"])
def test_deep_networks_go_through_every_format_at_their_full_depth(name, tmp_path, monkeypatch):
    monkeypatch.setattr(hdf5, "_ask", read_here)
    goes_through_every_format(thin(resnet_spec.get(name)), tmp_path)


def goes_through_every_format(spec, tmp_path):
    original, metadata = random_bits(spec), FileMetadata(spec, None, "test")
    for row in formats.FORMATS:
        if row.module == "keras_archive":  # written by Keras itself; see test_files
            continue
        path = tmp_path / f"net{row.suffixes[0]}"
        arrays = resnet_duet.convert(original, spec, "torchvision", row.dialect)
        target = formats.check_writable(path, None, overwrite=False, input_layout=None)
        formats.write(target, Arrays.of(arrays), metadata)
        found = formats.read(path)
        assert (bits(found.arrays), found.spec) == (bits(arrays), spec), row.about
        back = resnet_duet.convert(found.arrays, spec, row.dialect, "torchvision")
        assert bits(back) == bits(original)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_precision_is_kept(dtype):
    keras = resnet_duet.convert(weights_of(SPEC, dtype=dtype), SPEC, "torchvision", "keras")
    assert {a.dtype for a in keras.values()} == {np.dtype(dtype)}
    assert all(a.flags.c_contiguous for a in keras.values())


def test_nan_infinity_and_subnormal_numbers_keep_their_bits():
    weights = weights_of(SPEC)
    weights["fc.bias"][:4] = [np.nan, -np.inf, -0.0, 1e-42]
    there = resnet_duet.convert(weights, SPEC, "torchvision", "keras")
    assert bits(resnet_duet.convert(there, SPEC, "keras", "torchvision")) == bits(weights)


def test_a_kernel_s_axes_go_by_their_letters():
    kernel = np.arange(2 * 3 * 5 * 7).reshape(2, 3, 5, 7)
    relaid = relayout(kernel, "OIHW", "HWIO")
    assert relaid.shape == (5, 7, 3, 2)
    assert relaid[4, 6, 2, 1] == kernel[1, 2, 4, 6]


def test_one_error_lists_every_array_that_does_not_match():
    weights = weights_of(SPEC)
    del weights["bn1.bias"], weights["fc.weight"]
    weights["extra"] = weights["more"] = np.zeros(1)
    weights["conv1.weight"] = weights["conv1.weight"].transpose(2, 3, 1, 0)
    with pytest.raises(WeightsError) as caught:
        resnet_duet.convert(weights, SPEC, "torchvision", "keras")
    assert caught.value.missing == ("bn1.bias", "fc.weight")
    assert caught.value.unexpected == ("extra", "more")
    assert caught.value.misshapen == {"conv1.weight": ((3, 3, 3, 16), (16, 3, 3, 3))}


def test_the_error_for_an_unknown_dialect_lists_the_known_ones():
    with pytest.raises(DialectError, match="unknown dialect 'caffe': choose from torchvision, "):
        dialect("caffe")


def test_the_error_for_layers_without_a_name_lists_them():
    spec = resnet_spec.get("resnet50d")
    with pytest.raises(
        DialectError, match=r"no name for 5 layers of this network\n  conv1\.0\n  conv1\.1"
    ):
        resnet_duet.convert(weights_of(spec), spec, "torchvision", "keras_applications")


def test_a_name_of_the_zoo_is_accepted_for_a_spec():
    weights = resnet_duet.random_weights("cifar_resnet20_b", 0)
    assert "conv1/kernel" in resnet_duet.convert(
        weights, "cifar_resnet20_b", "torchvision", "keras"
    )


def test_unnamed_keras_layers_are_numbered_in_the_order_of_creation():
    """A block's branch first, then its projection: MLPerf Tiny's network, layer by layer."""
    plan = resnet_spec.plan(resnet_spec.get("mlperf_resnet8"))
    names = DIALECTS["keras_numbered"].layer_names(plan)
    assert names["conv1"] == "conv2d"
    assert names["layer2.0.conv1"] == "conv2d_3"
    assert names["layer2.0.conv2"] == "conv2d_4"
    assert names["layer2.0.downsample.0"] == "conv2d_5"
    assert names["layer2.0.bn2"] == "batch_normalization_4"
    assert names["fc"] == "dense"
