"""Graphs of networks that other versions of Keras wrote, and of published networks."""

import json

import h5py
import keras
import numpy as np
import pytest

from resnet_duet import formats
from resnet_duet.errors import FileError
from resnet_duet.graphs import keras_config, keras_model
from support.graphs import foreign, kinds, run_graph, weights_of


@pytest.fixture
def tf_keras():
    return pytest.importorskip("tf_keras")


def photo(size=(18, 26)):
    return np.random.default_rng(1).normal(size=(2, *size, 3))


def randomized(net):
    rng = np.random.default_rng(0)
    net.set_weights([rng.uniform(0.2, 1, array.shape) for array in net.get_weights()])
    return net


def assert_computes(graph, arrays, net, x, tolerance):
    """The graph has all arrays and computes the outputs of a float32 network."""
    assert foreign(graph) == []
    assert sorted(weight.name for weight in weights_of(graph)) == sorted(arrays)
    expected = np.asarray(net(x.astype(np.float32), training=False))
    found = run_graph(graph, arrays, x)
    assert np.abs(found - expected).max() < tolerance * np.abs(expected).max()


def keras_2_net(tf_keras):
    """A network with TensorFlow's functions, a nested model and a shared activation."""
    import tensorflow as tf

    layers = tf_keras.layers
    base = tf_keras.Sequential(
        [layers.Conv2D(4, 3, input_shape=(18, 26, 3), name="c"), layers.BatchNormalization()]
    )
    image, relu = layers.Input((18, 26, 3)), layers.Activation("relu", name="relu")
    x = relu(base(image, training=False))
    y = relu(layers.Conv2D(4, 3, padding="same", name="scope/c")(x))
    x = tf.nn.relu(layers.Add()([x + y, x]))
    x = tf.pad(x, [[0, 0], [1, 0], [0, 1], [0, 0]])[:, ::2, ::2]
    x = layers.Dropout(0.5)(tf.reduce_mean(x, axis=[1, 2]))
    return randomized(tf_keras.Model(image, layers.Dense(3, activation="softmax")(x)))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize("ending", [".h5", ".keras"])
def test_a_network_of_keras_2_is_read(tf_keras, ending, tmp_path):
    net = keras_2_net(tf_keras)
    if ending == ".keras":  # whose new format allows no slash
        net = randomized(tf_keras.models.clone_model(net))
    net.save(tmp_path / f"net{ending}")
    found = formats.read(tmp_path / f"net{ending}")
    assert_computes(found.graph, found.arrays, net, photo(), 1e-5)


def test_a_live_network_of_keras_2_is_read(tf_keras):
    net = keras_2_net(tf_keras)
    graph, arrays = keras_model.read(net)
    assert_computes(graph, arrays, net, photo(), 1e-5)


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize(
    "text", ["LeakyReLU(0.30000001192092896)", "Maximum", "tf.nn.relu6()", "GlobalMaxPooling2D"]
)
def test_what_the_family_does_not_have_is_foreign_in_keras_2(tf_keras, text, tmp_path):
    import tensorflow as tf

    layers = tf_keras.layers
    change = {
        "LeakyReLU(0.30000001192092896)": layers.LeakyReLU(0.3),
        "Maximum": lambda x: layers.Maximum()([x, x]),
        "tf.nn.relu6()": tf.nn.relu6,
        "GlobalMaxPooling2D": layers.GlobalMaxPooling2D(),
    }[text]
    image = layers.Input((18, 26, 3))
    tf_keras.Model(image, change(layers.Conv2D(4, 3)(image))).save(tmp_path / "net.h5")
    assert foreign(formats.read(tmp_path / "net.h5").graph) == [text]


@pytest.mark.long
@pytest.mark.parametrize("name", ["ResNet50", "ResNet50V2"])
@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_keras_applications_are_read(name, ending, tmp_path):
    net = getattr(keras.applications, name)(weights=None, input_shape=(64, 96, 3), classes=5)
    rng = np.random.default_rng(0)
    for variable in net.variables:
        if "moving" in variable.path or "gamma" in variable.path:
            variable.assign(rng.uniform(0.5, 1, variable.shape))
    net.save(tmp_path / f"net{ending}")
    found = formats.read(tmp_path / f"net{ending}")
    assert kinds(found.graph)[-1] == "Softmax"
    assert_computes(found.graph, found.arrays, net, photo((64, 96)), 1e-3)
    graph, arrays = keras_model.read(net)
    assert_computes(graph, arrays, net, photo((64, 96)), 1e-3)


def keras_1_net():
    """The configuration of a Sequential as Keras 1 writes it."""
    return {
        "class_name": "Sequential",
        "config": [
            {
                "class_name": "Convolution2D",
                "config": {
                    "name": "convolution2d_1",
                    "trainable": True,
                    "batch_input_shape": [None, 18, 26, 3],
                    "nb_filter": 4,
                    "nb_row": 3,
                    "nb_col": 5,
                    "subsample": [2, 1],
                    "border_mode": "same",
                    "dim_ordering": "tf",
                    "activation": "relu",
                    "bias": True,
                    "init": "glorot_uniform",
                },
            },
            {"class_name": "Flatten", "config": {"name": "flatten_1", "trainable": True}},
        ],
    }


def put_keras_1(path, config):
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config).encode()
        root = file.create_group("model_weights")
        root.attrs["layer_names"] = [b"convolution2d_1", b"flatten_1"]
        root.create_group("flatten_1").attrs["weight_names"] = np.array([], "S1")
        group = root.create_group("convolution2d_1")
        group.attrs["weight_names"] = [b"convolution2d_1_W", b"convolution2d_1_b"]
        group["convolution2d_1_W"] = np.ones((3, 5, 3, 4), np.float32)
        group["convolution2d_1_b"] = np.ones(4, np.float32)


def test_a_network_of_keras_1_is_read(tmp_path):
    put_keras_1(tmp_path / "net.h5", keras_1_net())
    graph = formats.read(tmp_path / "net.h5").graph
    assert kinds(graph) == ["Convolution", "Rectifier", "Flatten"]
    kind = graph.operations[0].kind
    assert (kind.strides, type(kind.pads).__name__) == ((2, 1), "Same")


def test_a_file_of_the_theano_backend_is_refused(tmp_path):
    put_keras_1(tmp_path / "net.h5", keras_1_net())
    with h5py.File(tmp_path / "net.h5", "a") as file:
        file["model_weights"].attrs["backend"] = b"theano"
    with pytest.raises(FileError, match="saved with the Theano backend"):
        formats.read(tmp_path / "net.h5")


def test_images_channels_first_are_foreign(tmp_path):
    config = keras_1_net()
    config["config"][0]["config"]["dim_ordering"] = "th"
    put_keras_1(tmp_path / "net.h5", config)
    texts = foreign(formats.read(tmp_path / "net.h5").graph)
    assert texts == ["Conv2D with data_format=channels_first"]


def test_arrays_of_another_shape_than_the_configuration_are_refused(tmp_path):
    config = keras_1_net()
    config["config"][0]["config"]["nb_filter"] = 5
    put_keras_1(tmp_path / "net.h5", config)
    with pytest.raises(FileError, match="does not fit 5 filters"):
        formats.read(tmp_path / "net.h5")


@pytest.mark.parametrize(
    "config",
    [
        {},
        [],
        {"class_name": "Sequential", "config": {}},
        {"class_name": "Functional", "config": {"layers": [], "input_layers": []}},
        {"class_name": "Functional", "config": {"layers": [{"inbound_nodes": [[["x", 0, 0]]]}]}},
    ],
)
def test_a_damaged_configuration_is_refused(config):
    with pytest.raises(FileError, match="not a Keras configuration"):
        keras_config.read(config, {})


def test_a_cycle_is_refused():
    def layer(name, source):
        nodes = [[[source, 0, 0, {}]]]
        return {"class_name": "ReLU", "config": {}, "name": name, "inbound_nodes": nodes}

    image = {"class_name": "InputLayer", "config": {}, "name": "i", "inbound_nodes": []}
    config = {"layers": [image, layer("a", "b"), layer("b", "a")]}
    config |= {"input_layers": [["i", 0, 0]], "output_layers": [["b", 0, 0]]}
    with pytest.raises(FileError, match="form a cycle"):
        keras_config.read({"class_name": "Model", "config": config}, {})
