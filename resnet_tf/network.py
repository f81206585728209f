"""plan -> keras.Model. Beside it, line by line: resnet_torch/network.py."""

import sys
from collections.abc import Iterable

import keras

import resnet_spec
from resnet_spec.layers import Block, Layer, Plan
from resnet_tf.layers import build_layer


def build(spec: resnet_spec.ResNetSpec | Plan | str, dtype: str = "float32") -> keras.Model:
    """The network of a spec, a plan or a name of the zoo, freshly initialised.

    Args:
        spec: a ResNetSpec, or a name that `resnet_spec.get` knows, or a plan of one's own making.
        dtype: of variables and arithmetic: "float32", "float64" or "float16".

    Returns:
        A functional model of stock layers from (N, H, W, C) images of any size to (N, num_classes)
        logits, or to the last feature map (N, H', W', C') where num_classes is None.
    """
    return resnet(resnet_spec.plan(spec), resnet_spec.precision(dtype))


def chain(layers: Iterable[Layer], x: keras.KerasTensor) -> keras.KerasTensor:
    """Run x through the layers, one after the other."""
    for layer in layers:
        x = build_layer(layer, x)
    return x


def residual_block(block: Block, x: keras.KerasTensor) -> keras.KerasTensor:
    """Two or three convolutions and the shortcut beside them, in any of the five orderings."""
    h = chain(block.pre, x)
    y = chain(block.branch, h)
    if block.shortcut is not None:
        s = chain(block.shortcut, h if block.shortcut_reads_pre else x)
        y = keras.layers.Add(name=block.addition, dtype=x.dtype)([y, s])
    return chain(block.tail, y)


def resnet(plan: Plan, dtype: str) -> keras.Model:
    """Stem, stages, head; a layer's name is its torchvision module path."""
    allow_depth(plan)
    # An Input without a dtype is float32, and would round float64 images.
    image = keras.Input((None, None, plan.spec.in_channels), dtype=dtype, name="image")
    x = chain(plan.stem, image)
    for block in plan.blocks():
        x = residual_block(block, x)
    net = keras.Model(image, chain(plan.head, x), name="resnet")
    net.plan, net.spec = plan, plan.spec
    return net


def allow_depth(plan: Plan) -> None:
    """Let Python recurse as deep as the network is.

    Keras walks a graph by recursion, one frame for each layer, and Python stops at 1,000 frames.
    The limit is raised for good, since whoever saves or clones the network walks it again.
    """
    frames = 1000 + 2 * sum(1 for _ in plan.layers())
    sys.setrecursionlimit(max(sys.getrecursionlimit(), frames))


def features(net: keras.Model) -> keras.Model:
    """A network that shares `net`'s weights and returns {stage: (N, H, W, C) feature map}."""
    blocks = {stage.name: stage.blocks[-1] for stage in net.plan.stages}
    maps = {name: net.get_layer(block.output).output for name, block in blocks.items()}
    return keras.Model(net.inputs[0], maps)
