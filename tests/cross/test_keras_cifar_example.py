"""Our networks with the weights of Keras' CIFAR-10 example are the example's networks.

The example is keras.io's "Trains a ResNet on the CIFAR10 dataset" (2017 to 2021): v1 of 6n + 2
layers, v2 of 9n + 2. It is written here once more, with another end. It averages windows of 8x8
pixels, and its last map of a 32x32 image is one such window: a global pool is the same there, and
takes images of other sizes. Its softmax is left off, because our networks end in logits.
"""

from collections import defaultdict
from itertools import pairwise

import keras
import numpy as np
import pytest

import resnet_duet
import resnet_spec
import resnet_tf
import resnet_torch
from resnet_duet.weights.relative_error import relative_error
from resnet_spec.layers import Conv, Dense, Norm
from support.networks import EVEN, ODD, assert_close, images, traces

EXAMPLE = {  # name in the zoo: version, n, what the example prints as "Total params"
    "keras_cifar_resnet20": (1, 3, 274_442),
    "keras_cifar_resnet56": (1, 9, 861_770),
    "keras_cifar_resnet20v2": (2, 2, 574_090),
    "keras_cifar_resnet56v2": (2, 6, 1_673_738),
}
SLOW = ("keras_cifar_resnet56", "keras_cifar_resnet56v2")
NAMES = [pytest.param(n, marks=pytest.mark.slow) if n in SLOW else n for n in EXAMPLE]
F64 = {"dtype": "float64"}


class Example:
    """The example's network: `net`, and `made`, its layers with weights as they were created."""

    def __init__(self, version: int, n: int):
        self.made: dict[type, list[keras.Layer]] = defaultdict(list)
        image = keras.Input((None, None, 3), **F64)
        maps = list((self.v1 if version == 1 else self.v2)(image, n))
        pooled = keras.layers.GlobalAveragePooling2D(**F64)(maps[-1])
        logits = self.own(Dense, keras.layers.Dense(10, **F64))(pooled)
        outputs = {f"layer{number}": x for number, x in enumerate(maps[:3], start=1)}
        self.net = keras.Model(image, {**outputs, "fc": logits})

    def v1(self, image, n):
        """The feature map of each stage."""
        x = self.norm_relu(self.conv(image, 16, 3))
        for stage, channels in enumerate((16, 32, 64)):
            for block in range(n):
                shrinks = stage > 0 and block == 0
                y = self.norm_relu(self.conv(x, channels, 3, stride=1 + shrinks))
                y = self.norm(self.conv(y, channels, 3))
                if shrinks:
                    x = self.conv(x, channels, 1, stride=2)
                x = self.relu(self.add(x, y))
            yield x

    def v2(self, image, n):
        """The feature map of each stage; the last one after the norm."""
        x = self.norm_relu(self.conv(image, 16, 3))
        for stage, (inner, outer) in enumerate(pairwise((16, 64, 128, 256))):
            for block in range(n):
                stride = 2 if stage > 0 and block == 0 else 1
                # What comes from the stem is normed already, for the branch and the projection.
                y = x if stage == block == 0 else self.norm_relu(x)
                y = self.conv(y, inner, 1, stride)
                y = self.conv(self.norm_relu(y), inner, 3)
                y = self.conv(self.norm_relu(y), outer, 1)
                if block == 0:
                    x = self.conv(x, outer, 1, stride)
                x = self.add(x, y)
            yield x
        yield self.norm_relu(x)

    def own(self, kind: type, layer: keras.Layer) -> keras.Layer:
        self.made[kind].append(layer)
        return layer

    def conv(self, x, channels, kernel, stride=1):
        layer = keras.layers.Conv2D(channels, kernel, stride, padding="same", **F64)
        return self.own(Conv, layer)(x)

    def norm(self, x):
        return self.own(Norm, keras.layers.BatchNormalization(**F64))(x)

    def relu(self, x):
        return keras.layers.Activation("relu", **F64)(x)

    def norm_relu(self, x):
        return self.relu(self.norm(x))

    def add(self, x, y):
        return keras.layers.Add(**F64)([x, y])


@pytest.fixture
def example(request) -> tuple[str, Example]:
    """(name in the zoo, network with random weights, biases and statistics)."""
    version, n, _ = EXAMPLE[request.param]
    theirs = Example(version, n)
    rng = np.random.default_rng(0)
    for variable in theirs.net.variables:
        if variable.path.endswith(("gamma", "moving_variance")):
            variable.assign(rng.uniform(0.5, 1.5, variable.shape))
        elif variable.path.endswith("kernel"):
            fan_in = np.prod(variable.shape[:-1])
            variable.assign(rng.standard_normal(variable.shape) * np.sqrt(2 / fan_in))
        else:
            variable.assign(0.1 * rng.standard_normal(variable.shape))
    return request.param, theirs


def ours(spec: resnet_spec.ResNetSpec, theirs: Example):
    """(torch network, Keras network) with their weights: kind by kind in the order of creation."""
    torch_net, keras_net = resnet_torch.build(spec, "float64"), resnet_tf.build(spec, "float64")
    for kind, layers in theirs.made.items():
        own = [layer for layer in resnet_spec.plan(spec).layers() if isinstance(layer, kind)]
        for layer, their_layer in zip(own, layers, strict=True):
            keras_net.get_layer(layer.name).set_weights(their_layer.get_weights())
    weights = resnet_duet.convert(resnet_tf.read(keras_net), spec, "keras", "torchvision")
    resnet_torch.write(torch_net, weights)
    return torch_net, keras_net


@pytest.mark.slow
@pytest.mark.parametrize("example", NAMES, indirect=True)
def test_with_their_weights_both_our_networks_are_the_example_s(example):
    name, theirs = example
    nets = ours(resnet_spec.get(name), theirs)
    for size in (EVEN, ODD, (40, 31)):
        x = images(size)
        want = {k: v.numpy() for k, v in theirs.net(x, training=False).items()}
        for trace in traces(*nets, x):
            for output in want:
                assert_close(trace[output], want[output], f"{output} at {size}")


@pytest.mark.slow
@pytest.mark.parametrize(("name", "version", "n", "total"), [(k, *v) for k, v in EXAMPLE.items()])
def test_the_example_has_the_parameters_it_prints_and_those_of_our_plan(name, version, n, total):
    assert Example(version, n).net.count_params() == total
    array_specs = resnet_spec.array_specs(resnet_spec.plan(resnet_spec.get(name)))
    assert sum(np.prod(array_spec.shape) for array_spec in array_specs) == total


@pytest.mark.parametrize("name", ["keras_cifar_resnet20", "keras_cifar_resnet20v2"])
def test_our_rows_keep_as_much_of_the_old_statistics_which_no_forward_pass_shows(name):
    version, n, _ = EXAMPLE[name]
    decays = {layer.momentum for layer in Example(version, n).made[Norm]}
    assert decays == {resnet_spec.get(name).norm_decay}


@pytest.mark.parametrize("example", ["keras_cifar_resnet20v2"], indirect=True)
@pytest.mark.parametrize("reads", ["block_input", "preactivation"])
def test_a_projection_that_reads_something_else_shows(example, reads):
    name, theirs = example
    x = images(EVEN)
    want = theirs.net(x, training=False)["fc"].numpy()
    for trace in traces(*ours(resnet_spec.get(name, shortcut={"reads": reads}), theirs), x):
        assert relative_error(want, trace["fc"]) > 1e-2
