"""Graphs that are read from files which Keras wrote."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import resnet_duet
import resnet_spec
import resnet_tf
from resnet_duet import formats
from resnet_duet.graphs.operations import IMAGE, Flatten, Pad
from resnet_spec import Ordering, ShortcutKind
from support.graphs import foreign, kinds, run_graph, weights_of
from support.networks import FAMILIES, short, thin

ENDINGS = [".keras", ".h5"]
SIZES = [(18, 26), (21, 15)]


@pytest.fixture(autouse=True)
def float64(float64_policy):
    """Keras computes in float64."""


def randomized(model):
    """The model with random weights, positive variances among them."""
    rng = np.random.default_rng(0)
    for variable in model.variables:
        shape = variable.shape
        if "seed" not in variable.path:
            low = 0.5 if "variance" in variable.path or "gamma" in variable.path else -0.5
            variable.assign(rng.uniform(low, low + 1, shape))
    return model


def image(size=(18, 26), channels=3):
    return np.random.default_rng(1).normal(size=(2, *size, channels))


def saved(model, folder, ending=".keras"):
    """The checkpoint of a saved model."""
    model.save(folder / f"net{ending}")
    return formats.read(folder / f"net{ending}")


def assert_computes(checkpoint, model, *sizes):
    """The graph with the file's arrays has every array and the model's outputs."""
    assert foreign(checkpoint.graph) == []
    used = [weight.name for weight in weights_of(checkpoint.graph)]
    assert sorted(used) == sorted(checkpoint.arrays)
    for size in sizes:
        x = image(size, model.input_shape[-1])
        expected = keras.ops.convert_to_numpy(model(x, training=False))
        found = run_graph(checkpoint.graph, checkpoint.arrays, x)
        assert found.shape == expected.shape
        assert np.abs(found - expected).max() < 1e-12 * np.abs(expected).max()


def ours(spec):
    """A network of the spec with random weights and statistics."""
    net = resnet_tf.build(spec, dtype="float64")
    resnet_tf.write(
        net,
        resnet_duet.convert(
            resnet_duet.random_weights(spec, 0, norms="random"), spec, "torchvision", "keras"
        ),
    )
    return net


def edges(graph):
    """{name: inputs}, without the paddings and flattenings between the planned layers."""
    before = {IMAGE: IMAGE}
    found = {}
    for operation in graph.operations:
        inputs = tuple(before[name] for name in operation.inputs)
        is_between = isinstance(operation.kind, Pad | Flatten)
        before[operation.name] = inputs[0] if is_between else operation.name
        if not is_between:
            found[operation.name] = inputs
    return found


@pytest.mark.long
@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("row", FAMILIES)
def test_the_graph_of_a_network_of_each_family_is_the_plan_and_computes_the_same(
    row, ending, tmp_path
):
    spec = short(thin(resnet_spec.get(row)))
    net = ours(spec)
    checkpoint = saved(net, tmp_path, ending)
    nodes = resnet_spec.plan(spec).walk()
    assert edges(checkpoint.graph) == {node.name: node.inputs for node in nodes}
    assert_computes(checkpoint, net, (33, 45), (64, 48))


@pytest.mark.parametrize("ordering", Ordering)
def test_every_ordering_is_read(ordering, tmp_path):
    net = ours(resnet_spec.get("mlperf_resnet8", ordering=ordering, widths=(4, 8, 8)))
    assert_computes(saved(net, tmp_path), net, *SIZES)


@pytest.mark.slow
@pytest.mark.parametrize("shortcut", ShortcutKind)
def test_every_shortcut_is_read(shortcut, tmp_path):
    kind = {"kind": shortcut}
    net = ours(resnet_spec.get("mlperf_resnet8", widths=(16, 24, 32), shortcut=kind))
    assert_computes(saved(net, tmp_path), net, *SIZES)


def small(after_convolution, merge=None, head=None, **conv):
    """A network of one block, with one of its operations exchanged."""
    x = keras.Input((18, 26, 3))
    y = layers.Conv2D(4, 3, padding="same", name="conv", **conv)(x)
    y = layers.BatchNormalization(name="norm")(y)
    y = after_convolution(y)
    s = layers.Conv2D(4, 1, name="shortcut")(x)
    y = (merge or layers.Add())([y, s])
    y = (head or layers.GlobalAveragePooling2D())(y)
    return randomized(keras.Model(x, layers.Dense(5, name="fc")(y)))


EDITS = {
    "LeakyReLU(0.3)": lambda: small(layers.LeakyReLU(0.3)),
    "ReLU with max_value=6.0": lambda: small(layers.ReLU(6.0)),
    "ReLU with negative_slope=0.1": lambda: small(layers.ReLU(negative_slope=0.1)),
    "ReLU with threshold=0.5": lambda: small(layers.ReLU(threshold=0.5)),
    "Activation with activation gelu": lambda: small(layers.Activation("gelu")),
    "Conv2D with activation tanh": lambda: small(layers.ReLU(), activation="tanh"),
    "Maximum": lambda: small(layers.ReLU(), layers.Maximum()),
    "Average": lambda: small(layers.ReLU(), layers.Average()),
    "Multiply": lambda: small(layers.ReLU(), layers.Multiply()),
    "GlobalMaxPooling2D": lambda: small(layers.ReLU(), head=layers.GlobalMaxPooling2D()),
    "LeakyRelu(0.2)": lambda: small(ops.leaky_relu),
    "Relu6": lambda: small(ops.relu6),
    "Multiply ": lambda: small(lambda x: ops.relu(x) * 0.5),
    "Add of a tensor and a constant": lambda: small(lambda x: ops.relu(x) + 0.5),
    "a slice other than [:, ::n, ::n]": lambda: small(lambda x: ops.relu(x)[:, ::-1]),
    "Pad(mode=reflect, value=0.0)": lambda: small(
        lambda x: ops.pad(x[:, 1:-1], [[0, 0], [1, 1], [0, 0], [0, 0]], mode="reflect")
    ),
    "BatchNormalization with axis=1": lambda: small(
        lambda x: layers.BatchNormalization(1)(ops.relu(x))
    ),
    "BatchNormalization called with training=True": lambda: small(
        lambda x: layers.BatchNormalization()(x, training=True)
    ),
    "PReLU": lambda: small(layers.PReLU()),
    "Rescaling(scale=0.5, offset=0.0)": lambda: small(layers.Rescaling(0.5)),
    "DepthwiseConv2D": lambda: small(layers.DepthwiseConv2D(3, padding="same")),
    "Mean over [1]": lambda: small(
        layers.ReLU(), head=lambda x: layers.Flatten()(ops.mean(x, axis=[1]))
    ),
}


@pytest.mark.parametrize("text", EDITS)
def test_what_the_family_does_not_have_is_foreign(text, tmp_path):
    checkpoint = saved(EDITS[text](), tmp_path)
    assert text.strip() in foreign(checkpoint.graph)


RELUS = {
    "ReLU": lambda x: layers.ReLU()(x),
    "Activation": lambda x: layers.Activation("relu")(x),
    "ops.relu": ops.relu,
    "activations.relu": keras.activations.relu,
    "Activation(ReLU)": lambda x: layers.Activation(layers.ReLU())(x),
}


@pytest.mark.slow
@pytest.mark.parametrize("form", RELUS)
@pytest.mark.parametrize("ending", ENDINGS)
def test_every_form_of_a_relu_is_a_rectifier(form, ending, tmp_path):
    net = small(RELUS[form])
    checkpoint = saved(net, tmp_path, ending)
    assert "Rectifier" in kinds(checkpoint.graph)
    assert_computes(checkpoint, net, (18, 26))


def test_the_activation_of_a_layer_is_an_operation_after_it(tmp_path):
    net = small(layers.Activation("linear"), activation="relu", strides=1, dilation_rate=2)
    checkpoint = saved(net, tmp_path)
    assert kinds(checkpoint.graph)[:2] == ["Convolution", "Rectifier"]
    assert_computes(checkpoint, net, (18, 26))


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_shared_activation_layer_is_one_operation_for_each_call(ending, tmp_path):
    image, relu = keras.Input((18, 26, 3)), layers.Activation("relu", name="relu")
    x = relu(layers.Conv2D(4, 3, padding="same", name="a")(image))
    y = relu(layers.Conv2D(4, 3, padding="same", name="b")(x))
    net = randomized(keras.Model(image, relu(y + x)))
    checkpoint = saved(net, tmp_path, ending)
    names = [o.name for o in checkpoint.graph.operations if type(o.kind).__name__ == "Rectifier"]
    assert names == ["relu", "relu:1", "relu:2"]
    assert_computes(checkpoint, net, (18, 26))


def test_a_layer_with_weights_that_is_applied_twice_is_foreign(tmp_path):
    image, conv = keras.Input((18, 26, 3)), layers.Conv2D(3, 3, padding="same")
    checkpoint = saved(keras.Model(image, conv(conv(image))), tmp_path)
    assert foreign(checkpoint.graph) == ["Conv2D that is applied 2 times"]


def test_operations_without_layers_are_read(tmp_path):
    image = keras.Input((18, 26, 3))
    x = ops.pad(image, [[0, 0], [1, 2], [2, 0], [0, 0]], constant_values=-float("inf"))
    x = layers.MaxPooling2D(3, 2)(x)[:, ::2, ::3]
    x = ops.pad(x, [[0, 0], [0, 0], [0, 0], [1, 2]])
    x = ops.mean(x + layers.ReLU()(x), axis=(1, 2))
    net = randomized(keras.Model(image, layers.Dense(3, activation="softmax")(x)))
    checkpoint = saved(net, tmp_path)
    expected = ["Pad", "MaxPooling", "Subsample", "PadChannels", "Rectifier", "Sum"]
    expected += ["GlobalAverage", "Flatten", "FullyConnected", "Softmax"]
    assert kinds(checkpoint.graph) == expected
    assert_computes(checkpoint, net, (18, 26))


def test_layers_of_training_are_the_identity(tmp_path):
    image = keras.Input((18, 26, 3))
    x = layers.RandomFlip()(image)
    x = layers.Rescaling(1.0)(layers.GaussianNoise(0.1)(x))
    x = layers.SpatialDropout2D(0.1)(layers.Conv2D(3, 3)(x))
    net = randomized(keras.Model(image, layers.Dropout(0.2)(x)))
    checkpoint = saved(net, tmp_path)
    assert kinds(checkpoint.graph).count("Identity") == 5
    reasons = [getattr(o.kind, "reason", "") for o in checkpoint.graph.operations]
    assert reasons[-1] == "Dropout(0.2)"
    assert_computes(checkpoint, net, (18, 26))


@pytest.mark.parametrize("scale", [False, True])
def test_a_norm_without_scale_or_offset_has_filled_arrays(scale, tmp_path):
    image = keras.Input((18, 26, 3))
    norm = layers.BatchNormalization(scale=scale, center=not scale, epsilon=0.1, momentum=0.7)
    net = randomized(keras.Model(image, norm(image)))
    for ending in ENDINGS:
        assert_computes(saved(net, tmp_path, ending), net, (18, 26))


def test_a_window_over_the_whole_map_is_a_global_average(tmp_path):
    x = image = keras.Input((12, 8, 3))
    x = layers.Flatten()(layers.AveragePooling2D((6, 4))(layers.AveragePooling2D(2)(x)))
    checkpoint = saved(keras.Model(image, layers.Dense(2)(x)), tmp_path)
    assert kinds(checkpoint.graph)[:3] == ["AveragePooling", "GlobalAverage", "Flatten"]


def test_a_window_that_leaves_rows_out_is_no_global_average(tmp_path):
    image = keras.Input((12, 8, 3))
    x = layers.Flatten()(layers.AveragePooling2D((11, 8))(image))
    checkpoint = saved(keras.Model(image, layers.Dense(2)(x)), tmp_path)
    assert kinds(checkpoint.graph)[0] == "Foreign"


def backbone():
    """A small functional model, as `keras.applications` makes them."""
    image = keras.Input((18, 26, 3), name="photo")
    x = layers.BatchNormalization(name="bn")(layers.Conv2D(4, 3, 2, "same", name="conv1")(image))
    return keras.Model(image, layers.ReLU()(x), name="backbone")


def fine_tuned_sequential():
    return keras.Sequential([backbone(), layers.GlobalAveragePooling2D(), layers.Dense(3)])


def fine_tuned_functional():
    """The form of Keras' guide to transfer learning."""
    base, image = backbone(), keras.Input((18, 26, 3))
    base.trainable = False
    x = layers.GlobalAveragePooling2D()(base(image, training=False))
    return keras.Model(image, layers.Dense(3, name="conv1")(layers.Dropout(0.2)(x)))


def nested_output():
    """A model whose last layer is a Sequential with names of the first model's."""
    base, image = backbone(), keras.Input((18, 26, 3))
    head = keras.Sequential([layers.Conv2D(4, 1, name="conv1"), layers.GlobalAveragePooling2D()])
    return keras.Model(image, head(base(image)))


def model_of_a_model():
    base, image = backbone(), keras.Input((18, 26, 3))
    return keras.Model(image, base(image))


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize(
    "build", [fine_tuned_sequential, fine_tuned_functional, nested_output, model_of_a_model]
)
def test_nested_models_are_inlined(build, ending, tmp_path):
    net = randomized(build())
    assert_computes(saved(net, tmp_path, ending), net, (18, 26))


def two_towers():
    """Two branches whose layers have the same names."""
    image = keras.Input((18, 26, 3))
    first, second = backbone(), backbone()
    first.name, second.name = "teacher", "student"
    return randomized(keras.Model(image, first(image) + second(image)))


@pytest.mark.parametrize("ending", [*ENDINGS, ".weights.h5"])
def test_two_towers_with_layers_of_one_name_keep_all_arrays(ending, tmp_path):
    net = two_towers()
    path = tmp_path / f"net{ending}"
    net.save_weights(path) if ending == ".weights.h5" else net.save(path)
    checkpoint = formats.read(path)
    assert {"teacher/conv1/kernel", "student/conv1/kernel"} <= set(checkpoint.arrays)
    assert len(checkpoint.arrays) == len(net.weights)
    if checkpoint.graph:
        assert_computes(checkpoint, net, (18, 26))
