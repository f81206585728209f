"""Conversion: bit for bit, both ways, strict."""

import numpy as np
import pytest

import resnet_duet
import resnet_spec
from resnet_duet.errors import DialectError
from resnet_duet.port.convert import relayout
from resnet_duet.port.dialects import DIALECTS, dialect
from resnet_spec import WeightsError
from worlds import bits, thin

SPEC = resnet_spec.get("cifar_resnet20_b")


def weights_of(spec, name="torchvision", dtype=np.float32):
    weights = resnet_duet.random_weights(spec, 0, norms="random")
    weights = {n: a.astype(dtype) for n, a in weights.items()}
    return resnet_duet.convert(weights, spec, "torchvision", name)


@pytest.mark.parametrize("name", resnet_spec.names())
def test_every_zoo_row_goes_to_every_dialect_that_can_name_it_and_back_bit_for_bit(name):
    spec = thin(resnet_spec.get(name))
    home = weights_of(spec)
    for target in DIALECTS:
        if target == "keras_applications" and len(spec.stem.channels) > 1:
            continue  # it has no name for a deep stem
        there = resnet_duet.convert(home, spec, "torchvision", target)
        assert bits(resnet_duet.convert(there, spec, target, "torchvision")) == bits(home)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_precision_is_kept(dtype):
    keras = resnet_duet.convert(weights_of(SPEC, dtype=dtype), SPEC, "torchvision", "keras")
    assert {a.dtype for a in keras.values()} == {np.dtype(dtype)}
    assert all(a.flags.c_contiguous for a in keras.values())


def test_nan_and_its_kind_keep_their_bits():
    weights = weights_of(SPEC)
    weights["fc.bias"][:4] = [np.nan, -np.inf, -0.0, 1e-42]
    there = resnet_duet.convert(weights, SPEC, "torchvision", "keras")
    assert bits(resnet_duet.convert(there, SPEC, "keras", "torchvision")) == bits(weights)


def test_a_kernel_s_axes_go_by_their_letters():
    kernel = np.arange(2 * 3 * 5 * 7).reshape(2, 3, 5, 7)
    relaid = relayout(kernel, "OIHW", "HWIO")
    assert relaid.shape == (5, 7, 3, 2)
    assert relaid[4, 6, 2, 1] == kernel[1, 2, 4, 6]


def test_one_error_lists_every_array_that_does_not_fit():
    weights = weights_of(SPEC)
    del weights["bn1.bias"], weights["fc.weight"]
    weights["extra"] = weights["more"] = np.zeros(1)
    weights["conv1.weight"] = weights["conv1.weight"].transpose(2, 3, 1, 0)
    with pytest.raises(WeightsError) as caught:
        resnet_duet.convert(weights, SPEC, "torchvision", "keras")
    assert caught.value.missing == ("bn1.bias", "fc.weight")
    assert caught.value.unexpected == ("extra", "more")
    assert caught.value.misshapen == {"conv1.weight": ((3, 3, 3, 16), (16, 3, 3, 3))}


def test_an_unknown_dialect_is_answered_with_the_known_ones():
    with pytest.raises(DialectError, match="torchvision, keras, keras_applications"):
        dialect("caffe")


def test_a_dialect_lists_every_layer_it_has_no_name_for():
    spec = resnet_spec.get("resnet50d")
    with pytest.raises(DialectError, match=r"no name for these layers: conv1\.0, conv1\.1, conv1"):
        resnet_duet.convert(weights_of(spec), spec, "torchvision", "keras_applications")


def test_a_name_will_do_for_a_spec():
    weights = resnet_duet.random_weights("cifar_resnet20_b", 0)
    assert "conv1/kernel" in resnet_duet.convert(
        weights, "cifar_resnet20_b", "torchvision", "keras"
    )


def test_unnamed_keras_layers_are_numbered_as_they_were_created():
    """A block's branch first, then its projection: MLPerf Tiny's network, layer by layer."""
    plan = resnet_spec.plan(resnet_spec.get("mlperf_resnet8"))
    names = DIALECTS["keras_numbered"].layer_names(plan)
    assert names["conv1"] == "conv2d"
    assert names["layer2.0.conv1"] == "conv2d_3"
    assert names["layer2.0.conv2"] == "conv2d_4"
    assert names["layer2.0.downsample.0"] == "conv2d_5"
    assert names["layer2.0.bn2"] == "batch_normalization_4"
    assert names["fc"] == "dense"
