"""Graphs of Keras models in memory, also of subclassed ones."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

import resnet_duet
import resnet_spec
import resnet_tf
from resnet_duet.graphs import keras_model
from resnet_spec import ResNetError
from support.graphs import foreign, kinds, run_graph, weights_of


@pytest.fixture(autouse=True)
def float64(float64_policy):
    """Keras computes in float64."""


class Block(layers.Layer):
    """A block whose layers get their names from Keras."""

    def __init__(self, channels, stride, last=keras.activations.relu):
        super().__init__()
        self.conv1 = layers.Conv2D(channels, 3, stride, "same", use_bias=False)
        self.norm1 = layers.BatchNormalization()
        self.drop = layers.Dropout(0.1)
        self.conv2 = layers.Conv2D(channels, 3, padding="same", use_bias=False)
        self.norm2 = layers.BatchNormalization()
        self.shortcut = keras.Sequential(
            [
                layers.Conv2D(channels, 1, stride, use_bias=False, name="conv"),
                layers.BatchNormalization(epsilon=1.001e-5, name="BatchNorm"),
            ]
        )
        self.last = last

    def call(self, x, training=None):
        y = ops.relu(self.norm1(self.conv1(x), training=training))
        y = self.norm2(self.conv2(self.drop(y, training=training)), training=training)
        return self.last(y + self.shortcut(x, training=training))


class Net(keras.Model):
    """A subclassed model of `Sequential`s of blocks."""

    def __init__(self, last=keras.activations.relu):
        super().__init__()
        self.block1 = keras.Sequential([Block(4, 1, last), Block(4, 1)], name="block1")
        self.block2 = keras.Sequential([Block(8, 2)], name="block2")
        self.pool = layers.GlobalAvgPool2D()
        self.logits = layers.Dense(5, name="logits")

    def call(self, x, training=None):
        x = self.block1(ops.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]]), training=training)
        x = self.block2(x[:, ::2, ::2], training=training)
        return self.logits(self.pool(x))


def photo():
    return np.random.default_rng(1).normal(size=(2, 18, 26, 3))


def built(net):
    """The net after its first call, with random weights and statistics."""
    net(photo())
    rng = np.random.default_rng(0)
    for variable in net.variables:
        if "seed" not in variable.path:
            variable.assign(rng.uniform(0.2, 1, variable.shape))
    return net


def assert_computes(net):
    """The graph of a net has all its weights and computes its outputs."""
    graph, arrays = keras_model.read(net)
    assert foreign(graph) == []
    assert sorted(weight.name for weight in weights_of(graph)) == sorted(arrays)
    assert len(arrays) == len(net.weights)
    expected = keras.ops.convert_to_numpy(net(photo(), training=False))
    found = run_graph(graph, arrays, photo())
    assert np.abs(found - expected).max() < 1e-12 * np.abs(expected).max()
    return graph


def test_a_subclassed_model_of_custom_blocks_is_followed_into_its_calls():
    graph = assert_computes(built(Net()))
    assert kinds(graph).count("Sum") == 3
    assert kinds(graph).count("Convolution") == 9


def test_a_functional_model_is_read():
    spec = resnet_spec.get("mlperf_resnet8", widths=(4, 8, 8))
    net = resnet_tf.build(spec, dtype="float64")
    weights = resnet_duet.random_weights(spec, 0, norms="random")
    resnet_tf.write(net, resnet_duet.convert(weights, spec, "torchvision", "keras"))
    graph = assert_computes(net)
    planned = {node.name for node in resnet_spec.plan(spec).walk()}
    assert planned <= {operation.name for operation in graph.operations}


def test_a_model_whose_input_is_in_a_list_is_read_without_a_warning():
    image = keras.Input((18, 26, 3))
    net = keras.Model([image], layers.ReLU()(layers.Conv2D(4, 3)(image)))
    graph, _ = keras_model.read(net)
    assert kinds(graph) == ["Identity", "Convolution", "Rectifier"]  # first, the layer of the input


def test_custom_layers_in_a_functional_model_are_followed():
    image = keras.Input((18, 26, 3))
    inner = keras.Sequential([Block(4, 1), layers.ReLU()])
    assert_computes(built(keras.Model(image, Block(4, 2)(inner(image)))))


def test_reading_leaves_the_model_as_it_was():
    net = built(Net())
    before = [(len(x._inbound_nodes), len(x._outbound_nodes)) for x in net._flatten_layers()]
    call = keras.layers.Layer.symbolic_call
    keras_model.read(net)
    after = [(len(x._inbound_nodes), len(x._outbound_nodes)) for x in net._flatten_layers()]
    assert (after, keras.layers.Layer.symbolic_call) == (before, call)


LAST = {
    "Relu6": ops.relu6,
    "Gelu": keras.activations.gelu,
    "custom layer Block": tf.nn.relu,  # it does not take symbolic tensors
    "Multiply": lambda x: x * 2.0,
    "LeakyReLU(0.3)": lambda x: layers.LeakyReLU(0.3)(x),
}


@pytest.mark.slow
@pytest.mark.parametrize("text", LAST)
def test_what_a_custom_layer_does_in_its_call_is_seen(text):
    graph, _ = keras_model.read(built(Net(LAST[text])))
    assert foreign(graph)[0] == text


def relu(x):
    """A function that is no ReLU, under the name of one."""
    return x * 2.0


def test_a_function_named_relu_is_not_taken_for_one():
    image = keras.Input((18, 26, 3))
    graph, _ = keras_model.read(keras.Model(image, layers.Activation(relu)(image)))
    assert len(foreign(graph)) == 1


class Scaled(layers.Conv2D):
    """A class that inherits from a stock layer and computes something else."""

    def call(self, x):
        return super().call(x) * 2.0


def test_a_class_that_inherits_from_a_stock_layer_is_not_taken_for_it():
    image = keras.Input((18, 26, 3))
    graph, _ = keras_model.read(keras.Model(image, Scaled(4, 3)(image)))
    assert "Multiply" in foreign(graph)


def test_a_layer_that_is_applied_twice_is_foreign():
    image, conv = keras.Input((18, 26, 3)), layers.Conv2D(3, 3, padding="same")
    graph, _ = keras_model.read(keras.Model(image, conv(conv(image))))
    assert foreign(graph) == ["Conv2D that is applied 2 times"]


def test_a_model_without_weights_is_refused():
    with pytest.raises(ResNetError, match="no weights yet"):
        keras_model.read(Net())


def test_a_mixed_precision_policy_changes_no_operation():
    image = keras.Input((18, 26, 3))
    keras.config.set_dtype_policy("mixed_float16")
    net = keras.Model(image, Block(4, 2)(image))
    graph, _ = keras_model.read(net)
    assert foreign(graph) == []
