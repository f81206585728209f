"""Small ResNets as people write them in Keras: subclassed blocks, no `get_config`."""

from dataclasses import dataclass

import numpy as np

EPS = 1e-5
PROJECTION_EPS = 1.001e-5
DEPTHS = {34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}
SMALL_DEPTHS = (2, 2, 1)  # of three stages


@dataclass(frozen=True)
class Sizes:
    """The sizes of a network.

    Attributes:
        bottleneck: whether blocks are bottlenecks.
        depths: blocks of each stage.
        channels: of the stem and of the first stage; each stage doubles them.
        classes: of the classifier; None for a network without one.
    """

    bottleneck: bool
    depths: tuple[int, ...] = SMALL_DEPTHS
    channels: int = 8
    classes: int | None = 5

    @property
    def blocks(self):
        """(stage, position, input channels, width, stride) of each block, counted from 1."""
        inputs = self.channels
        for stage, depth in enumerate(self.depths, start=1):
            width = self.channels * 2 ** (stage - 1)
            for position in range(1, depth + 1):
                yield stage, position, inputs, width, 2 if stage > 1 and position == 1 else 1
                inputs = width * (4 if self.bottleneck else 1)


def published(depth, channels=64):
    """The sizes of a network of this depth; fewer channels for a smaller one."""
    return Sizes(depth > 34, DEPTHS[depth], channels)


def network(keras, bottleneck=False, slashes=False, classes=5):
    """A small subclassed network without a Softmax, with random weights and statistics.

    Args:
        keras: the library, Keras 3 or tf_keras.
        bottleneck: whether blocks are bottlenecks.
        slashes: whether norms are named `conv1/BatchNorm`, which tf_keras accepts.
        classes: of the classifier; None for a network without one.
    """
    assert slashes is accepts_slashes(keras)
    return subclassed(keras, Sizes(bottleneck, classes=classes), softmax=False)


def subclassed(keras, sizes, softmax=True):
    """A network that is a class. Like all of these, in float32 with random values."""
    layers = keras.layers
    mark = "/" if accepts_slashes(keras) else "_"

    class Network(keras.Model):
        def __init__(self):
            super().__init__()
            self.conv1 = convolution(keras, sizes.channels, 7, 2, "conv1")
            self.bn1 = layers.BatchNormalization(epsilon=EPS, name=f"conv1{mark}BatchNorm")
            self.pool = layers.MaxPool2D(3, 2, padding="same")
            for name, stage in stages(keras, keras.Model, sizes).items():
                setattr(self, name, stage)
            self.average = layers.GlobalAvgPool2D()
            has_head = sizes.classes is not None
            self.logits = layers.Dense(sizes.classes, name="logits") if has_head else None
            self.softmax = layers.Softmax() if softmax and has_head else None

        def call(self, x):
            x = self.pool(keras.activations.relu(self.bn1(self.conv1(x))))
            for number in range(1, len(sizes.depths) + 1):
                x = getattr(self, f"block{number}")(x)
            if self.logits is None:
                return x
            x = self.logits(self.average(x))
            return x if self.softmax is None else self.softmax(x)

    model = Network()
    model(np.zeros((1, 32, 32, 3), np.float32))
    return randomised(model)


def functional(keras, sizes):
    """A functional model of subclassed blocks, which are layers."""
    layers = keras.layers
    mark = "/" if accepts_slashes(keras) else "_"
    x = image = layers.Input((None, None, 3))
    x = convolution(keras, sizes.channels, 7, 2, "conv1")(x)
    x = layers.BatchNormalization(epsilon=EPS, name=f"conv1{mark}BatchNorm")(x)
    x = layers.MaxPool2D(3, 2, padding="same")(layers.ReLU()(x))
    for stage in stages(keras, layers.Layer, sizes).values():
        x = stage(x)
    if sizes.classes is not None:
        x = layers.Dense(sizes.classes, name="logits")(layers.GlobalAvgPool2D()(x))
        x = layers.Softmax()(x)
    return randomised(keras.Model(image, x))


def plain(keras, sizes):
    """A functional model of Keras' own layers, nested in a `Sequential` for each shortcut."""
    layers = keras.layers
    x = image = layers.Input((None, None, 3))
    x = convolution(keras, sizes.channels, 7, 2, "conv1")(x)
    x = layers.BatchNormalization(epsilon=EPS, name="conv1_BatchNorm")(x)
    x = layers.MaxPool2D(3, 2, padding="same")(layers.ReLU()(x))
    for stage, position, inputs, width, stride in sizes.blocks:
        name = f"block{stage}_unit_{position}"
        y = x
        shapes = kernels(sizes.bottleneck, width, stride)
        for number, (filters, size, strides) in enumerate(shapes, start=1):
            y = convolution(keras, filters, size, strides, f"{name}_conv{number}")(y)
            y = layers.BatchNormalization(epsilon=EPS, name=f"{name}_bn{number}")(y)
            y = layers.ReLU()(y) if number < len(shapes) else y
        outputs = shapes[-1][0]
        if stride > 1 or inputs != outputs:
            x = shortcut(keras, outputs, stride, len(shapes), f"{name}_shortcut")(x)
        x = layers.ReLU()(layers.Add()([x, y]))
    if sizes.classes is not None:
        x = layers.Dense(sizes.classes, name="logits")(layers.GlobalAvgPool2D()(x))
        x = layers.Softmax()(x)
    return randomised(keras.Model(image, x))


def accepts_slashes(keras):
    """Whether the library accepts the name `conv1/BatchNorm`; Keras 3 does not."""
    return keras.__version__.startswith("2.")


def stages(keras, base, sizes):
    """{name: `Sequential` of subclassed blocks}, `base` being their base class."""
    block = block_class(keras, base, sizes.bottleneck)
    found = {}
    for stage, position, inputs, width, stride in sizes.blocks:
        own = block(inputs, width, stride, f"unit_{position}")
        found.setdefault(f"block{stage}", []).append(own)
    return {name: keras.Sequential(blocks, name=name) for name, blocks in found.items()}


def block_class(keras, base, bottleneck):
    """The class of the blocks."""
    mark = "/" if accepts_slashes(keras) else "_"

    class Block(base):
        def __init__(self, inputs, width, strides, name):
            super().__init__(name=name)
            shapes = kernels(bottleneck, width, strides)
            outputs = shapes[-1][0]
            for number, (filters, size, stride) in enumerate(shapes, start=1):
                own = f"conv{number}" if bottleneck else None
                setattr(self, f"conv{number}", convolution(keras, filters, size, stride, own))
                label = f"conv{number}{mark}BatchNorm" if bottleneck else None
                norm = keras.layers.BatchNormalization(epsilon=EPS, name=label)
                setattr(self, f"bn{number}", norm)
            self.count = len(shapes)
            self.shortcut = None
            if strides > 1 or inputs != outputs:
                self.shortcut = shortcut(keras, outputs, strides, self.count, "shortcut")

        def call(self, x):
            y = x
            for number in range(1, self.count + 1):
                y = getattr(self, f"bn{number}")(getattr(self, f"conv{number}")(y))
                y = keras.activations.relu(y) if number < self.count else y
            return keras.activations.relu(y + (x if self.shortcut is None else self.shortcut(x)))

    return Block


def kernels(bottleneck, width, stride):
    """(filters, size, stride) of the convolutions of a branch."""
    if bottleneck:
        return (width, 1, 1), (width, 3, stride), (4 * width, 1, 1)
    return (width, 3, stride), (width, 3, 1)


def convolution(keras, filters, size, stride, name):
    return keras.layers.Conv2D(filters, size, stride, padding="same", use_bias=False, name=name)


def shortcut(keras, outputs, stride, number, name):
    """A projection and its norm, whose epsilon is not that of the others."""
    projection = keras.layers.Conv2D(outputs, 1, stride, use_bias=False, name=f"conv{number}")
    norm = keras.layers.BatchNormalization(epsilon=PROJECTION_EPS, name="BatchNorm")
    return keras.Sequential([projection, norm], name=name)


def randomised(model):
    """The model with random weights and statistics."""
    rng = np.random.default_rng(0)
    model.set_weights([_values(rng, weight) for weight in model.weights])
    return model


def _values(rng, weight):
    shape, name = tuple(weight.shape), weight.name
    if len(shape) > 1:
        return rng.standard_normal(shape) / np.sqrt(np.prod(shape[:-1]))
    if "gamma" in name or "variance" in name:
        return rng.uniform(0.5, 1.5, shape)
    return rng.standard_normal(shape) * 0.1
