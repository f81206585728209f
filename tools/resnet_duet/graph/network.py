"""plan -> onnx.ModelProto. Line by line beside resnet_torch/network.py and resnet_tf/network.py."""

from collections.abc import Iterable, Mapping

import numpy as np
import onnx
from onnx import helper

import resnet_spec
from resnet_duet import __version__
from resnet_duet.graph.layers import Value, build_layer
from resnet_duet.graph.weights import write
from resnet_duet.port.arrays import Arrays
from resnet_duet.port.label import KEY, Label, tool
from resnet_spec import Plan, ResNetError
from resnet_spec.layers import Block, Layer

# Of 2022. Nothing here needs a later one, and runtimes refuse what is newer than they are.
OPSET, IR_VERSION = 17, 8
NCHW = "NCHW"
IMAGES = (NCHW, "NHWC")


def build(
    spec: resnet_spec.ResNetSpec | Plan | str,
    weights: Mapping[str, np.ndarray],
    axes: str = NCHW,
) -> onnx.ModelProto:
    """The network of a spec, a plan or a name of the zoo, with these weights, for inference.

    Args:
        spec: a ResNetSpec, or a name that `resnet_spec.get` knows, or a plan of one's own making.
        weights: {canonical name: array}; their precision is the graph's, so it must be one.
        axes: of images and feature maps: "NCHW", or "NHWC" for a graph that turns them itself.

    Returns:
        A model from `image`, of any number and size, to `logits` (N, num_classes), or to the last
        feature map, `features`, where num_classes is None. Its initializers have the names of the
        weights, its nodes those of the layers.

    Raises:
        WeightsError: the arrays are not the network's.
        ResNetError: they are of several precisions, or of one that is not for networks.
    """
    arrays = Arrays.of(weights)
    model = resnet(resnet_spec.plan(spec), one_precision(arrays), axes)
    write(model, arrays)
    return model


def one_precision(arrays: Arrays) -> str:
    """In what a graph with these weights computes. Raises ResNetError: see `build`."""
    found = sorted(dtype.name for dtype in arrays.dtypes)
    if len(found) != 1:
        kinds = " and ".join(found) or "none"
        raise ResNetError(
            f"an ONNX graph computes in one precision, and these arrays are of {kinds};"
            " say --dtype float32"
        )
    return resnet_spec.precision(found[0])


def chain(layers: Iterable[Layer], x: Value) -> Value:
    """Run x through the layers, one after the other."""
    for layer in layers:
        x = build_layer(layer, x)
    return x


def residual_block(block: Block, x: Value) -> Value:
    """Two or three convolutions and the shortcut beside them, in any of the five orderings."""
    h = chain(block.pre, x)
    y = chain(block.branch, h)
    if block.shortcut is not None:
        s = chain(block.shortcut, h if block.shortcut_reads_pre else x)
        y = y.then("Add", block.addition, [s.name])
    return chain(block.tail, y)


def resnet(plan: Plan, dtype: str, axes: str) -> onnx.ModelProto:
    """Stem, stages, head; the arrays are declared only, and `write` brings their bytes."""
    x = enter(plan, dtype, axes)
    x = chain(plan.stem, x)
    for block in plan.blocks():
        x = residual_block(block, x)
    leave(plan, axes, chain(plan.head, x))
    model = helper.make_model(
        x.graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="resnet-duet",
        producer_version=__version__,
    )
    helper.set_model_props(model, {KEY: Label(plan.spec, None, tool()).to_json()})
    return model


def enter(plan: Plan, dtype: str, axes: str) -> Value:
    """A new graph's input: images of any size, as (N, C, H, W)."""
    if axes not in IMAGES:
        raise ResNetError(f"images are {' or '.join(IMAGES)}, not {axes!r}")
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    sizes: dict[str, str | int] = {"N": "batch", "H": "height", "W": "width"}
    sizes["C"] = plan.spec.in_channels
    shape = [sizes[axis] for axis in axes]
    x = Value(onnx.GraphProto(name="resnet"), "image")
    x.graph.input.append(helper.make_tensor_value_info(x.name, kind, shape))
    return x if axes == NCHW else turned(x, "image.nchw", axes, NCHW)


def leave(plan: Plan, axes: str, x: Value) -> None:
    """Make x the graph's output, under a name that says what it is."""
    kind = x.graph.input[0].type.tensor_type.elem_type
    name = "features" if plan.spec.num_classes is None else "logits"
    classes, channels = plan.spec.num_classes, plan.spec.stage_channels[-1]
    sizes: dict[str, str | int | None] = {"N": "batch", "K": classes, "C": channels}
    shape = [sizes.get(axis) for axis in ("NK" if name == "logits" else axes)]
    if name == "features" and axes != NCHW:
        turned(x, name, NCHW, axes)
    else:
        x.graph.node[-1].output[0] = name
    x.graph.output.append(helper.make_tensor_value_info(name, kind, shape))


def turned(x: Value, name: str, axes: str, new_axes: str) -> Value:
    """The same value with its axes in another order."""
    return x.then("Transpose", name, (), {"perm": [axes.index(axis) for axis in new_axes]})
