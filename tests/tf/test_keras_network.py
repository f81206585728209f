"""The Keras builder: stock layers, pinned data format, float64, models that plain Keras opens."""

import math
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

import resnet_duet
import resnet_spec
import resnet_tf
from resnet_spec import ResNetError, SpecError, WeightsError
from resnet_spec.measure import depth
from support.networks import bits, images, thin

NAMES = ("resnet18", "keras_resnet50v2", "resnet50d", "mlperf_resnet8", "cifar_resnet20")

# Runs where no package of this project can be imported.
PLAIN_KERAS = """
import sys
class Forbid:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("resnet_spec", "resnet_tf", "resnet_torch", "resnet_duet"):
            raise ImportError("forbidden: " + name)
sys.meta_path.insert(0, Forbid())
import keras, numpy
image, *networks = sys.argv[1:]
for network in networks:
    model = keras.models.load_model(network)
    numpy.save(network + ".npy", model(numpy.load(image), training=False).numpy())
"""

CHANNELS_FIRST = """
import keras
assert keras.config.image_data_format() == "channels_first"
import numpy, resnet_spec, resnet_tf
small = {"widths": (8, 8, 16, 16), "num_classes": 7}
for name in ("resnet50d", "keras_resnet50", "keras_resnet50v2", "resnet18"):
    model = resnet_tf.build(resnet_spec.get(name, **small))
    formats = {layer.data_format for layer in model.layers if hasattr(layer, "data_format")}
    assert formats == {"channels_last"}
    assert all(layer.axis == -1 for layer in model.layers if hasattr(layer, "momentum"))
    assert model(numpy.ones((1, 40, 44, 3), "float32")).shape == (1, 7)
    assert resnet_tf.features(model)(numpy.ones((1, 40, 44, 3)))["layer1"].shape[1:3] in (
        (10, 11), (5, 6)
    )
model = resnet_tf.build("cifar_resnet20")
formats = {layer.data_format for layer in model.layers if hasattr(layer, "data_format")}
print(sorted(formats), model(numpy.ones((1, 8, 12, 3), "float32")).shape)
"""


def model_of(name, **choices):
    return resnet_tf.build(thin(resnet_spec.get(name, **choices)), dtype="float64")


def python(code, *arguments, **environment):
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


CIFAR = {"num_classes": 7, "depths": (1, 2, 1), "padding": "same"}
NETWORKS = {
    "a name": ("cifar_resnet20", CIFAR),
    "a spec": (resnet_spec.get("cifar_resnet20"), CIFAR),
    "a spec with choices": (resnet_spec.get("cifar_resnet20", **CIFAR), {}),
    "a plan": (resnet_spec.plan("cifar_resnet20", **CIFAR), {}),
}


@pytest.mark.slow
@pytest.mark.parametrize("given", NETWORKS)
def test_a_name_a_spec_and_a_plan_build_the_same_network(given):
    def drawn(network, choices):
        keras.utils.set_random_seed(0)
        return resnet_tf.build(network, dtype="float64", **choices)

    network, choices = NETWORKS[given]
    model, reference = drawn(network, choices), drawn(*NETWORKS["a plan"])
    assert model.spec == reference.spec
    assert bits(resnet_tf.read(model)) == bits(resnet_tf.read(reference))
    x = images((33, 48))
    np.testing.assert_array_equal(resnet_tf.run(model, x), resnet_tf.run(reference, x))


def test_choices_are_refused_for_a_plan():
    with pytest.raises(SpecError, match="a plan is fixed; to choose num_classes, pass a spec or"):
        resnet_tf.build(resnet_spec.plan("resnet18"), num_classes=3)


@pytest.mark.long
@pytest.mark.slow
def test_saved_models_open_in_plain_keras(tmp_path):
    x, want = images((33, 48)), {}
    np.save(tmp_path / "x.npy", x)
    for name in NAMES:
        model = model_of(name)
        path = tmp_path / f"{name}.keras"
        model.save(path)
        want[path] = model(x, training=False).numpy()
    run = python(PLAIN_KERAS, tmp_path / "x.npy", *want)
    assert run.returncode == 0, run.stderr
    for path, output in want.items():
        np.testing.assert_array_equal(np.load(f"{path}.npy"), output)


@pytest.mark.slow
@pytest.mark.parametrize("name", resnet_spec.names()[::7])
def test_only_stock_layers_and_operations_are_used(name):
    spec = thin(resnet_spec.get(name))
    if depth(resnet_spec.plan(spec)) > 200:
        pytest.skip("the same layers, a thousand times")
    modules = {type(op).__module__ for op in resnet_tf.build(spec).operations}
    assert all(module.startswith("keras.") for module in modules)


def test_layers_and_variables_have_the_names_of_torchvision():
    plan = resnet_spec.plan(thin(resnet_spec.get("resnet18")))
    model = resnet_tf.build(plan)
    for layer in plan.layers():
        own = {array.role for array in layer.arrays()}
        assert len(model.get_layer(layer.name).weights) == len(own), layer.name
    assert "layer2.0.downsample.0/kernel" in resnet_tf.read(model)
    assert "layer2.0.downsample.1/moving_variance" in resnet_tf.read(model)


@pytest.mark.long
@pytest.mark.slow
def test_the_data_format_is_pinned_whatever_keras_json_says(tmp_path):
    (tmp_path / "keras.json").write_text('{"image_data_format": "channels_first"}')
    run = python(CHANNELS_FIRST, KERAS_HOME=str(tmp_path))
    assert run.returncode == 0, run.stderr
    # The one layer with "channels_first" pads channels: see resnet_tf/layers.py.
    assert run.stdout.strip() == "['channels_first', 'channels_last'] (1, 10)"


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_float64_is_float64_to_the_end(name):
    model = model_of(name)
    assert model.input.dtype == "float64"
    assert {layer.compute_dtype for layer in model.layers[1:]} == {"float64"}
    assert {layer.variable_dtype for layer in model.layers[1:]} == {"float64"}
    x = images((32, 32))
    rounded = x.astype(np.float32).astype(np.float64)
    assert not np.array_equal(model(x), model(rounded))


@pytest.mark.slow
@pytest.mark.parametrize("name", [*NAMES, "preresnet18"])
def test_features_are_the_feature_maps_of_the_stages_with_shared_weights(name):
    model, x = model_of(name), images((33, 48))
    maps = resnet_tf.features(model)(x)
    trace = resnet_tf.trace(model, x)
    assert list(maps) == [stage.name for stage in resnet_spec.plan(model.spec).stages]
    for stage, feature_map in maps.items():
        np.testing.assert_array_equal(feature_map.numpy(), trace[stage])
    variables = {id(v) for v in model.variables}
    assert {id(v) for v in resnet_tf.features(model).variables} <= variables


def reopened(model, folder):
    """The model after Keras saved it and opened it again."""
    model.save(folder / "model.keras")
    return keras.models.load_model(folder / "model.keras")


def cloned(model, folder):
    """Keras' clone of the model, with the same weights."""
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    return clone


NO_HEAD = {"num_classes": None, "ordering": "full_preactivation"}


@pytest.mark.slow
@pytest.mark.parametrize("again", [reopened, cloned])
@pytest.mark.parametrize(
    ("name", "choices"),
    [("resnet50d", {}), ("keras_resnet50v2", {}), ("cifar_plain20", {}), ("resnet18", NO_HEAD)],
)
def test_features_work_on_models_that_were_reopened_or_cloned(again, name, choices, tmp_path):
    model, x = model_of(name, **choices), images((33, 48))
    other = again(model, tmp_path)
    assert not hasattr(other, "plan")
    expected, found = (resnet_tf.features(m)(x) for m in (model, other))
    assert list(found) == list(expected)
    for stage in expected:
        np.testing.assert_array_equal(found[stage], expected[stage])
    np.testing.assert_array_equal(resnet_tf.run(other, x), resnet_tf.run(model, x))


def test_features_of_a_model_with_other_names_are_refused():
    image = keras.Input((8, 8, 3))
    other = keras.Model(image, keras.layers.Conv2D(4, 3, name="conv1")(image), name="other")
    with pytest.raises(ResNetError, match=r"'other' has no stages: no layer is named layer1"):
        resnet_tf.features(other)


def test_trace_leaves_the_network_as_it_was():
    model = model_of("resnet18")
    before = resnet_tf.read(model)
    resnet_tf.trace(model, images((32, 32)))
    for name, array in resnet_tf.read(model).items():
        np.testing.assert_array_equal(array, before[name])


def test_read_is_a_copy():
    model = model_of("cifar_resnet20")
    resnet_tf.read(model)["fc/bias"][:] = 1e9
    assert np.abs(resnet_tf.read(model)["fc/bias"]).max() < 1e9


def test_write_lists_every_error_and_writes_nothing():
    model = model_of("cifar_resnet20")
    before = resnet_tf.read(model)
    weights = {n: a + 1 for n, a in before.items()}
    weights["fc/kernel"] = weights["fc/kernel"].T
    weights["extra"] = weights.pop("bn1/beta")
    with pytest.raises(WeightsError) as caught:
        resnet_tf.write(model, weights)
    assert caught.value.missing == ("bn1/beta",)
    assert caught.value.unexpected == ("extra",)
    assert list(caught.value.misshapen) == ["fc/kernel"]
    for name, array in resnet_tf.read(model).items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.slow
def test_a_network_starts_from_he_s_distribution_by_fan_out():
    keras.utils.set_random_seed(0)
    spec = resnet_spec.get("keras_resnet50", num_classes=1000)
    weights = resnet_duet.convert(
        resnet_tf.read(resnet_tf.build(spec)), spec, "keras", "torchvision"
    )
    reference = resnet_duet.random_weights(spec, 0)
    for name, array in weights.items():
        if array.size > 10_000:
            assert math.isclose(array.std(), reference[name].std(), rel_tol=0.05), name
            assert np.isclose(np.abs(array).max(), np.abs(reference[name]).max(), rtol=0.4), name
        elif array.ndim == 1 and name != "fc.bias":
            np.testing.assert_array_equal(array, reference[name], err_msg=name)


@pytest.mark.long
def test_a_thousand_layers_are_no_deeper_than_python_allows():
    """Keras walks a graph by recursion. `build` raises the limit, and only as far as it needs."""
    limit = sys.getrecursionlimit()
    try:
        resnet_tf.build("resnet18")
        assert sys.getrecursionlimit() == max(limit, 1138)
        sys.setrecursionlimit(1000)
        model = resnet_tf.build("cifar_plain20", depths=(190,), widths=(1,))
        assert model(np.ones((1, 4, 4, 3), np.float32)).shape == (1, 10)
    finally:
        sys.setrecursionlimit(limit)
