"""The graph of a SavedModel computes what TensorFlow computes; its functions are not run."""

import numpy as np
import pytest

import resnet_spec
from resnet_duet import formats
from resnet_duet.errors import FileError
from resnet_duet.graphs import operations as ops
from tests.graphs.onnx_files import foreign
from tests.support.networks import images, matching_networks, nchw, short, thin
from tests.support.run_graph import run_graph

ODD = (21, 15)
NAMES = ("cifar_resnet20", "mlperf_resnet8", "resnet18d", "keras_resnet50")


def signature(dtype: str):
    import tensorflow as tf

    return [tf.TensorSpec((None, None, None, 3), dtype, name="x")]


def network(name: str, dtype: str = "float32"):
    return matching_networks(short(thin(resnet_spec.get(name))), dtype=dtype)[1]


def randomised(net) -> None:
    """Give a network of tf_keras random statistics, scales and offsets."""
    rng = np.random.default_rng(0)
    for variable in net.weights:
        if len(variable.shape) == 1:
            variable.assign(rng.uniform(0.5, 1.5, variable.shape))


def assert_read(path, dtype: str = "float32", tolerance: float = 1e-4) -> formats.Checkpoint:
    """The graph computes what the serving signature does."""
    import tensorflow as tf

    checkpoint = formats.read(path)
    assert foreign(checkpoint.graph) == []
    serving = tf.saved_model.load(str(path)).signatures["serving_default"]
    for size in ((18, 26), ODD):
        x = images(size).astype(dtype)
        (expected,) = (output.numpy() for output in serving(tf.constant(x)).values())
        actual = run_graph(checkpoint.graph, checkpoint.arrays, nchw(x))
        bound = tolerance * abs(expected).max()
        np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=bound)
    return checkpoint


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_an_export_of_keras_3_computes_what_the_file_does(tmp_path, name):
    network(name).export(tmp_path / "net", verbose=False, input_signature=signature("float32"))
    checkpoint = assert_read(tmp_path / "net")
    kernel = checkpoint.graph.operations[0].kind
    if isinstance(kernel, ops.Convolution):
        assert kernel.kernel.name == "conv1/kernel"


@pytest.mark.slow
def test_a_norm_of_several_operations_is_one_norm_exact_in_float64(tmp_path):
    net = network("cifar_resnet20", "float64")
    net.export(tmp_path / "net", verbose=False, input_signature=signature("float64"))
    checkpoint = assert_read(tmp_path / "net", "float64", 1e-10)
    norms = [op.kind for op in checkpoint.graph.operations if isinstance(op.kind, ops.BatchNorm)]
    assert {norm.eps for norm in norms} == {1e-5}


def tutorial_network():
    """A subclassed network of tf_keras, as in tutorials: blocks whose layers share their names."""
    import tensorflow as tf
    import tf_keras
    from tf_keras import layers

    def norm(eps: float = 1e-5, name: str | None = None):
        return layers.BatchNormalization(epsilon=eps, name=name)

    class Block(layers.Layer):
        def __init__(self, channels, stride, has_projection):
            super().__init__()
            settings = {"padding": "same", "use_bias": False}
            self.conv1 = layers.Conv2D(channels, 3, stride, **settings)
            self.bn1 = norm()
            self.conv2 = layers.Conv2D(channels, 3, **settings)
            self.bn2 = norm()
            projection = [layers.Conv2D(channels, 1, stride, use_bias=False), norm(1.001e-5)]
            self.shortcut = tf_keras.Sequential(projection) if has_projection else None

        def call(self, x, training=False):
            y = tf.nn.relu(self.bn1(self.conv1(x), training=training))
            y = self.bn2(self.conv2(y), training=training)
            return tf.nn.relu(y + (self.shortcut(x, training=training) if self.shortcut else x))

    class Network(tf_keras.Model):
        def __init__(self):
            super().__init__()
            self.conv1 = layers.Conv2D(8, 7, 2, padding="same", use_bias=False)
            self.bn = norm(name="conv1/BatchNorm")
            self.pool = layers.MaxPool2D(3, 2, padding="same")
            self.block1 = tf_keras.Sequential([Block(8, 1, False), Block(8, 1, False)])
            self.block2 = tf_keras.Sequential([Block(16, 2, True), Block(16, 1, False)])
            self.average = layers.GlobalAvgPool2D()
            self.logits = layers.Dense(10, name="logits")
            self.softmax = layers.Softmax()

        def call(self, x, training=False):
            x = self.pool(tf.nn.relu(self.bn(self.conv1(x), training=training)))
            x = self.block2(self.block1(x, training=training), training=training)
            return self.softmax(self.logits(self.average(x)))

    net = Network()
    net(tf.zeros((1, *ODD, 3)))
    randomised(net)
    return net


@pytest.mark.slow
def test_a_subclassed_network_of_keras_2_has_a_graph(tmp_path):
    net = tutorial_network()
    net.save(tmp_path / "net")
    checkpoint = formats.read(tmp_path / "net")
    assert foreign(checkpoint.graph) == []
    eps = {op.kind.eps for op in checkpoint.graph.operations if isinstance(op.kind, ops.BatchNorm)}
    assert eps == {1e-5, 1.001e-5}
    x = images(ODD).astype("float32")
    actual = run_graph(checkpoint.graph, checkpoint.arrays, nchw(x))
    np.testing.assert_allclose(actual, net.predict(x, verbose=0), rtol=1e-4, atol=1e-6)


def saved(path, function, size=(None, None)) -> ops.Graph:
    """The graph of a function of images that is saved without Keras."""
    import tensorflow as tf

    module = tf.Module()
    module.kernel = tf.Variable(np.random.default_rng(0).normal(size=(3, 3, 3, 4)), name="kernel")
    spec = tf.TensorSpec((None, *size, 3), tf.float64, name="x")
    module.run = tf.function(lambda x: function(x, module.kernel), input_signature=[spec])
    tf.saved_model.save(module, str(path), signatures=module.run)
    return formats.read(path).graph


def kinds(graph: ops.Graph) -> list[ops.Kind]:
    return [op.kind for op in graph.operations]


def test_convolutions_are_read_with_their_padding(tmp_path):
    import tensorflow as tf

    edges = [[0, 0], [1, 2], [3, 4], [0, 0]]
    graph = saved(tmp_path, lambda x, k: tf.nn.conv2d(x, k, (2, 1), edges, dilations=(1, 3)))
    (convolution,) = kinds(graph)
    assert convolution.kernel == ops.Weight("kernel", "HWIO", (3, 3, 3, 4))
    assert convolution.strides == (2, 1)
    assert convolution.dilations == (1, 3)
    assert convolution.pads == ops.Pads(top=1, bottom=2, left=3, right=4)


def test_operations_of_other_networks_are_foreign(tmp_path):
    import tensorflow as tf

    cases = {
        "LeakyRelu(alpha=0.3)": lambda x, k: tf.nn.leaky_relu(x, 0.3),
        "Relu6": lambda x, k: tf.nn.relu6(x),
        "Maximum": lambda x, k: tf.maximum(x, -x),
        "product with constants": lambda x, k: x * tf.constant([1.0, 2, 3], tf.float64),
        "mean over the axes H": lambda x, k: tf.reduce_mean(x, 1),
        "Pad with 1": lambda x, k: tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], constant_values=1.0),
        "StridedSlice of axis H from slice(1, None, 2)": lambda x, k: x[:, 1::2, ::2],
    }
    for number, (text, function) in enumerate(cases.items()):
        graph = saved(tmp_path / str(number), function)
        assert text in foreign(graph), kinds(graph)


def test_shortcuts_without_weights_are_read(tmp_path):
    import tensorflow as tf

    def shortcut(x, _kernel):
        return tf.pad(x[:, ::2, ::2], [[0, 0], [0, 0], [0, 0], [2, 3]])

    assert kinds(saved(tmp_path, shortcut)) == [ops.Subsample((2, 2)), ops.PadChannels(2, 3)]


def test_a_function_that_changes_its_variables_is_refused(tmp_path):
    import tensorflow as tf

    def training(x, kernel):
        kernel.assign_add(tf.ones_like(kernel))
        return tf.nn.conv2d(x, kernel, 1, "SAME")

    with pytest.raises(FileError, match="changes its variables"):
        saved(tmp_path, training)


def test_a_damaged_graph_is_refused(tmp_path):
    import tensorflow as tf

    saved(tmp_path, lambda x, k: tf.nn.conv2d(x, k, 1, "SAME"))
    path = tmp_path / "saved_model.pb"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(FileError, match="SavedModel"):
        formats.read(tmp_path)
