"""plan -> onnx.ModelProto. Counterparts: network.py of resnet_torch and resnet_tf."""

from collections.abc import Iterable, Mapping
from typing import get_args

import numpy as np
import onnx
from onnx import helper

import resnet_spec
from resnet_duet._version import __version__
from resnet_duet.frameworks import Axes
from resnet_duet.metadata import METADATA_KEY, FileMetadata, tool
from resnet_duet.onnx.layers import Value, build_layer
from resnet_duet.onnx.weights import write
from resnet_duet.weights.arrays import Arrays
from resnet_spec import Plan, ResNetError, ResNetSpec
from resnet_spec.layers import Layer
from resnet_spec.precision import precision
from resnet_spec.structure import Block

# Of 2022. Nothing here needs a later version, and runtimes refuse versions newer than their own.
OPSET, IR_VERSION = 17, 8
NCHW = "NCHW"


def build(
    network: ResNetSpec | Plan | str,
    weights: Mapping[str, np.ndarray],
    input_layout: Axes = "NCHW",
    **choices: object,
) -> onnx.ModelProto:
    """A graph for inference with these weights.

    Args:
        network: a name of the zoo (`resnet_spec.names()`), a spec, or a plan.
        weights: {array name in the dialect "torchvision": array}. All have one precision, which
            becomes that of the graph.
        input_layout: "NCHW", or "NHWC" for a graph that transposes its images itself.
        choices: fields of `ResNetSpec` to override, as `num_classes=10`; not for a plan.

    Returns:
        A model from `image` to `logits` (N, num_classes), or to the last feature map `features` if
        num_classes is None, for any batch and image size. `image` and `features` have the input
        layout. Initializers have the names of the weights, nodes those of the layers.

    Raises:
        SpecError: an unknown name, choices that make no network, or choices for a plan.
        WeightsError: the arrays are not those of the network.
        ResNetError: the arrays have several precisions, or none that graphs have; or an unknown
            input layout.

    Example:
        >>> import resnet_duet
        >>> weights = resnet_duet.random_weights("resnet18", seed=0)
        >>> resnet_duet.onnx.build("resnet18", weights).graph.output[0].name
        'logits'
    """
    arrays = Arrays.of(weights)
    model = resnet(resnet_spec.plan(network, **choices), one_precision(arrays), input_layout)
    write(model, arrays)
    return model


def one_precision(arrays: Arrays) -> str:
    """The precision of a graph with these weights. Raises ResNetError: see `build`."""
    found = sorted(dtype.name for dtype in arrays.dtypes)
    if len(found) != 1:
        kinds = " and ".join(found) or "none"
        raise ResNetError(
            f"an ONNX graph has one precision, but the arrays have {kinds}; convert them first"
            " (--dtype float32)"
        )
    return precision(found[0])


def chain(layers: Iterable[Layer], x: Value) -> Value:
    """Run x through the layers, one after the other."""
    for layer in layers:
        x = build_layer(layer, x)
    return x


def residual_block(block: Block, x: Value) -> Value:
    """A branch of two or three convolutions and its shortcut, in any of the five orderings."""
    h = chain(block.pre, x)
    y = chain(block.branch, h)
    if block.shortcut is not None:
        s = chain(block.shortcut, h if block.shortcut_reads_pre else x)
        y = y.then("Add", block.addition, [s.name])
    return chain(block.post, y)


def resnet(plan: Plan, dtype: str, input_layout: str) -> onnx.ModelProto:
    """Stem, stages, head. The arrays are declared without values, which `write` adds."""
    x = add_input(plan, dtype, input_layout)
    x = chain(plan.stem, x)
    for block in plan.blocks():
        x = residual_block(block, x)
    add_output(plan, input_layout, chain(plan.head, x))
    model = helper.make_model(
        x.graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="resnet-duet",
        producer_version=__version__,
    )
    helper.set_model_props(model, {METADATA_KEY: FileMetadata(plan.spec, None, tool()).to_json()})
    return model


def add_input(plan: Plan, dtype: str, input_layout: str) -> Value:
    """A new graph with its input: images of any batch and size, transposed to (N, C, H, W)."""
    if input_layout not in get_args(Axes):
        known = " or ".join(get_args(Axes))
        raise ResNetError(f"input_layout must be {known}, not {input_layout!r}")
    dtype_code = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    sizes: dict[str, str | int] = {"N": "batch", "H": "height", "W": "width"}
    sizes["C"] = plan.spec.in_channels
    shape = [sizes[axis] for axis in input_layout]
    x = Value(onnx.GraphProto(name="resnet"), "image")
    x.graph.input.append(helper.make_tensor_value_info(x.name, dtype_code, shape))
    return x if input_layout == NCHW else transpose(x, "image.nchw", input_layout, NCHW)


def add_output(plan: Plan, input_layout: str, x: Value) -> None:
    """Make x the graph's output: `logits`, or `features` in the input layout."""
    dtype_code = x.graph.input[0].type.tensor_type.elem_type
    name = "features" if plan.spec.num_classes is None else "logits"
    classes, channels = plan.spec.num_classes, plan.spec.stage_channels[-1]
    sizes: dict[str, str | int | None] = {"N": "batch", "K": classes, "C": channels}
    shape = [sizes.get(axis) for axis in ("NK" if name == "logits" else input_layout)]
    if name == "features" and input_layout != NCHW:
        transpose(x, name, NCHW, input_layout)
    else:
        x.graph.node[-1].output[0] = name
    x.graph.output.append(helper.make_tensor_value_info(name, dtype_code, shape))


def transpose(x: Value, name: str, axes: str, new_axes: str) -> Value:
    """Append a node that changes the order of axes, as from "NHWC" to "NCHW"."""
    return x.then("Transpose", name, (), {"perm": [axes.index(axis) for axis in new_axes]})
