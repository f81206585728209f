"""Every row of the zoo is the same function in both frameworks, at every named layer."""

from dataclasses import replace

import keras
import pytest

import resnet_duet
import resnet_spec
import resnet_tf
from resnet_duet import formats
from resnet_duet.metadata import FileMetadata
from resnet_duet.weights.arrays import Arrays
from resnet_spec.measure import shapes
from support.networks import (
    EVEN,
    ODD,
    assert_networks_agree,
    bits,
    images,
    matching_networks,
    short,
    thin,
    traces,
)

THOUSAND_LAYERS = tuple(n for n in resnet_spec.names() if "1001" in n or "1202" in n)
QUICK_TENTHS = ("preresnet1001", "cifar_resnet1202")
OTHERS = tuple(n for n in resnet_spec.names() if n not in THOUSAND_LAYERS)
QUICK = ("resnet18", "resnet50_v1", "keras_resnet50", "keras_resnet50v2", "preresnet50")
QUICK += ("cifar_resnet20", "cifar_resnet20_a_end", "cifar_resnet20_b", "cifar_plain20")
QUICK += ("resnet50c", "resnet50d", "resnext50_32x4d", "wide_resnet50_2", "mlperf_resnet8")
QUICK += ("keras_cifar_resnet20v2",)


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK)
def test_one_row_of_every_family_agrees_and_keras_loads_its_files(name, tmp_path):
    assert_keras_loads_our_files(assert_networks_agree(thin(resnet_spec.get(name))), tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("name", [n for n in OTHERS if n not in QUICK])
def test_every_other_row_agrees_and_keras_loads_its_files(name, tmp_path):
    assert_keras_loads_our_files(
        assert_networks_agree(short(thin(resnet_spec.get(name)))), tmp_path
    )


@pytest.mark.long
@pytest.mark.parametrize("name", [n for n in OTHERS if n not in QUICK])
def test_every_other_row_does_so_at_its_full_depth(name, tmp_path):
    assert_keras_loads_our_files(assert_networks_agree(thin(resnet_spec.get(name))), tmp_path)


def assert_keras_loads_our_files(model, folder):
    """`load_weights` goes by Keras' own order of layers, and finds every array in its place."""
    arrays = resnet_duet.convert(resnet_tf.read(model), model.spec, "keras", "keras")
    for ending in (".weights.h5", ".h5"):
        path = folder / f"net{ending}"
        target = formats.check_writable(path, "keras", overwrite=False, input_layout=None)
        formats.write(target, Arrays.of(arrays), FileMetadata(model.spec, None, "test"))
        for variable in model.variables:
            variable.assign(keras.ops.zeros_like(variable))
        model.load_weights(path)
        assert bits(resnet_tf.read(model)) == bits(arrays), ending


@pytest.mark.long
@pytest.mark.parametrize("name", ["preresnet1001", "cifar_resnet1202"])
def test_nets_of_a_thousand_layers_agree(name):
    assert_networks_agree(name, sizes=[(6, 10), (7, 9)])


@pytest.mark.long
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=pytest.mark.slow if n in QUICK_TENTHS else pytest.mark.long)
        for n in THOUSAND_LAYERS
    ],
)
def test_nets_of_a_thousand_layers_agree_with_a_tenth_of_their_blocks(name, tmp_path):
    spec = resnet_spec.get(name)
    tenth = replace(spec, depths=tuple(depth // 10 for depth in spec.depths))
    assert_keras_loads_our_files(assert_networks_agree(tenth), tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("resnet50", marks=pytest.mark.slow),
        pytest.param("resnext50_32x4d", marks=pytest.mark.long),
        pytest.param("wide_resnet50_2", marks=pytest.mark.long),
        pytest.param("resnet152", marks=pytest.mark.long),
    ],
)
def test_the_best_known_nets_agree_at_full_width(name):
    assert_networks_agree(name, sizes=[(64, 96), (65, 97)])


@pytest.mark.long
@pytest.mark.parametrize("name", QUICK)
def test_the_plan_s_arithmetic_gives_the_shapes_that_run(name):
    torch_net, keras_net = matching_networks(thin(resnet_spec.get(name)))
    for size in (EVEN, ODD):
        expected = shapes(torch_net.plan, size)
        for trace in traces(torch_net, keras_net, images(size)):
            found = {name: array.shape[1:] for name, array in trace.items()}
            channels_first = {n: (s[-1], *s[:-1]) for n, s in found.items()}
            assert channels_first == {name: expected[name] for name in trace}
            assert set(trace) >= {layer.name for layer in torch_net.plan.layers()}
