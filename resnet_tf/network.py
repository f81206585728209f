"""plan -> keras.Model. Counterpart: resnet_torch/network.py."""

import sys
from collections.abc import Iterable

import keras

import resnet_spec
from resnet_spec import Dtype, Plan, ResNetError, ResNetSpec
from resnet_spec.initial import Initial, initial_weights
from resnet_spec.layers import Layer
from resnet_spec.precision import precision
from resnet_spec.structure import Block
from resnet_tf.initial import initialise
from resnet_tf.layers import build_layer, module_path


def build(
    network: ResNetSpec | Plan | str,
    dtype: Dtype = "float32",
    *,
    initial: Initial = "random",
    **choices: object,
) -> keras.Model:
    """A freshly initialised network.

    Args:
        network: a name of the zoo (`resnet_spec.names()`), a spec, or a plan.
        dtype: of variables and arithmetic: "float32", "float64" or "float16".
        initial: the weights: "random"; "zero_last_norm", where in addition the last norm of each
            branch has scale 0, so that every block starts as its shortcut; or "empty" for any
            values, which draws no random numbers, for weights that are overwritten.
        choices: fields of `ResNetSpec` to override, as `num_classes=10`; not for a plan.

    Returns:
        A functional model of stock layers from images (N, H, W, C) of any size to logits
        (N, num_classes), or to the last feature map (N, H', W', C') if num_classes is None. Its
        attributes `plan` and `spec` say what it is. Keras does not save them.

    Raises:
        SpecError: an unknown name, dtype or `initial`, choices that make no network, choices for a
            plan, or "zero_last_norm" for a network whose branches do not end in a norm.

    Example:
        >>> import resnet_tf
        >>> resnet_tf.build("resnet50", num_classes=10).output_shape
        (None, 10)
    """
    plan = resnet_spec.plan(network, **choices)
    weights = initial_weights(initial, plan)
    net = resnet(plan, precision(dtype))
    initialise(net, plan, weights)
    return net


def chain(layers: Iterable[Layer], x: keras.KerasTensor) -> keras.KerasTensor:
    """Run x through the layers, one after the other."""
    for layer in layers:
        x = build_layer(layer, x)
    return x


def residual_block(block: Block, x: keras.KerasTensor) -> keras.KerasTensor:
    """A branch of two or three convolutions and its shortcut, in any of the five orderings."""
    h = chain(block.pre, x)
    y = chain(block.branch, h)
    if block.shortcut is not None:
        s = chain(block.shortcut, h if block.shortcut_reads_pre else x)
        y = keras.layers.Add(name=block.addition, dtype=x.dtype)([y, s])
    return chain(block.post, y)


def resnet(plan: Plan, dtype: str) -> keras.Model:
    """Stem, stages, head. A layer's name is its torchvision module path, but see `keras_name`.

    Kernels are 0. `initialise` sets them.
    """
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
    """Raise Python's recursion limit to the depth of the network.

    Keras walks a graph by recursion, one frame for each layer, and Python stops at 1,000 frames.
    The limit stays raised, since Keras walks the graph again to save or clone the network.
    """
    frames = 1000 + 2 * sum(1 for _ in plan.layers())
    sys.setrecursionlimit(max(sys.getrecursionlimit(), frames))


def features(net: keras.Model) -> keras.Model:
    """A network that returns the feature map of every stage and shares the weights of `net`.

    Args:
        net: a network of `build`, also one that Keras saved and opened, or cloned.

    Returns:
        A model from images (N, H, W, C) to {"layer1": (N, H', W', C'), "layer2": ...}.

    Raises:
        ResNetError: the model has no layers with our names.
    """
    maps = {}
    for layer in net.layers:  # Keras sorts them by their distance to the output
        stage, dot, _ = module_path(layer.name).partition(".")
        if dot and stage.startswith("layer"):
            maps[stage] = layer.output  # of the stage's last layer, finally
    if not maps:
        raise ResNetError(f"the model {net.name!r} has no stages: no layer is named layer1.*")
    return keras.Model(net.inputs[0], maps)
