"""Operations without a layer: `keras.ops` of Keras 3, TensorFlow's functions of Keras 2."""

from typing import Any

from resnet_duet.graphs.keras_call import LayerCall
from resnet_duet.graphs.keras_pools import four_pads
from resnet_duet.graphs.keras_references import Tensor
from resnet_duet.graphs.keras_settings import ForeignError, number, plain
from resnet_duet.graphs.operations import (
    NO_PADS,
    Flatten,
    GlobalAverage,
    Identity,
    Kind,
    Pad,
    PadChannels,
    Rectifier,
    Softmax,
    Subsample,
    Sum,
)

FUNCTION = "function"  # the setting with the name of TensorFlow's function


def rectifier(call: LayerCall) -> list[Kind]:
    """`ops.relu`."""
    _one_input(call)
    call.settings.finish()
    return [Rectifier()]


def pad(call: LayerCall) -> list[Kind]:
    """`ops.pad` of rows and columns, or of channels with zeros."""
    _one_input(call, "constant_values")
    widths, mode = call.settings.take("pad_width", None), call.settings.take("mode", "constant")
    call.settings.finish()
    value = call.call.kwargs.get("constant_values")
    return _padded(call, widths, mode, 0.0 if value is None else number(value))


def mean(call: LayerCall) -> list[Kind]:
    """`ops.mean` over height and width."""
    _one_input(call)
    axes, keeps = call.settings.take("axis", None), call.settings.flag("keepdims", False)
    call.settings.finish()
    return _averaged(call, axes, keeps)


def transpose(call: LayerCall) -> list[Kind]:
    """`ops.transpose` that changes nothing."""
    _one_input(call)
    axes = call.settings.take("axes", None)
    call.settings.finish()
    if isinstance(axes, list | tuple) and list(axes) == list(range(len(axes))):
        return [Identity("Transpose to the same order")]
    raise ForeignError(f"Transpose to {plain(axes)}", "images (N, H, W, C)")


def reshape(call: LayerCall) -> list[Kind]:
    """`ops.reshape` or Reshape of a pooled map to (N, C)."""
    _one_input(call, "training")
    settings = call.settings
    if "target_shape" in settings.rest:
        target = settings.take("target_shape", None)
    else:
        new = settings.take("newshape", None)
        target = new[1:] if isinstance(new, list | tuple) and new and new[0] in (-1, None) else None
    settings.finish()
    if isinstance(target, list | tuple) and len(target) == 1:
        return [Flatten()]
    raise ForeignError(f"Reshape to {plain(target)}")


def squeeze(call: LayerCall) -> list[Kind]:
    """`ops.squeeze` of height and width."""
    _one_input(call)
    axes = call.settings.take("axis", None)
    call.settings.finish()
    if call.shape[1:3] == (1, 1) and axes in ([1, 2], (1, 2)):
        return [Flatten()]
    raise ForeignError(f"Squeeze of {plain(axes)}")


def get_item(call: LayerCall) -> list[Kind]:
    """A slice with steps over height and width: `x[:, ::2, ::2]`."""
    call.only_arguments(2)
    call.settings.finish()
    return _sliced(call, call.argument(1, "key", None), _slice_3)


def cast(call: LayerCall) -> list[Kind]:
    """`ops.cast` or `ops.convert_to_tensor`: `Settings` has checked that the dtype is of floats."""
    _one_input(call)
    call.settings.only("sparse", None, False)
    call.settings.only("ragged", None, False)
    call.settings.finish()
    return [Identity(call.layer.class_name)]


def stop_gradient(call: LayerCall) -> list[Kind]:
    """`ops.stop_gradient`, which changes nothing in inference."""
    _one_input(call)
    call.settings.finish()
    return [Identity("StopGradient")]


def tensorflow(call: LayerCall) -> list[Kind]:
    """A function of TensorFlow in a functional model of Keras 2, by its name."""
    function = call.settings.take(FUNCTION, None)
    call.settings.finish()
    kwargs = {k: v for k, v in call.call.kwargs.items() if k != "name" and v is not None}
    args = call.call.args
    if len(args) != 1 or not isinstance(args[0], Tensor):
        raise ForeignError(f"tf.{plain(function)} of {len(call.inputs)} tensors")
    match function, kwargs:
        case (("nn.relu" | "identity" | "nn.softmax" | "stop_gradient"), _) if not kwargs:
            if function == "nn.softmax":
                call.need_features()
                return [Softmax()]
            return [Rectifier() if function == "nn.relu" else Identity(f"tf.{function}")]
        case (("__operators__.add" | "math.add"), {"y": Tensor()}) if len(kwargs) == 1:
            first, second = (value.shape for value in call.inputs)
            if not first or not second or first == second:
                return [Sum()]
        case (("math.reduce_mean" | "compat.v1.reduce_mean"), {"axis": axes, **rest}):
            if not rest.keys() - {"keepdims"}:
                return _averaged(call, axes, bool(rest.get("keepdims", False)))
        case (("compat.v1.pad" | "pad"), {"paddings": widths, **rest}):
            if not rest.keys() - {"mode", "constant_values"}:
                mode = str(rest.get("mode", "CONSTANT")).lower()
                return _padded(call, widths, mode, number(rest.get("constant_values", 0)))
    raise ForeignError(f"tf.{plain(function)}({', '.join(sorted(kwargs))})")


def tensorflow_slice(call: LayerCall) -> list[Kind]:
    """A slice of Keras 2."""
    call.settings.only(FUNCTION, "__operators__.getitem")
    call.settings.finish()
    call.only_arguments(1, "slice_spec")
    return _sliced(call, call.call.kwargs.get("slice_spec"), lambda item: item)


def _one_input(call: LayerCall, *keys: str) -> None:
    call.only_arguments(1, *keys)
    if len(call.inputs) != 1:
        raise ForeignError(f"{call.layer.class_name} of {len(call.inputs)} tensors")


def _averaged(call: LayerCall, axes: Any, keeps: bool) -> list[Kind]:
    if len(call.shape) != 4 or axes not in ([1, 2], (1, 2), [2, 1], [-3, -2]):
        raise ForeignError(f"Mean over {plain(axes)}", "the mean over height and width")
    return [GlobalAverage()] if keeps else [GlobalAverage(), Flatten()]


def _padded(call: LayerCall, widths: Any, mode: Any, value: float | None) -> list[Kind]:
    if type(widths) is int:
        widths = [[widths, widths]] * len(call.shape)
    if mode != "constant" or value not in (0.0, -float("inf")):
        raise ForeignError(f"Pad(mode={plain(mode)}, value={value})", "zeros")
    if len(call.shape) == 4 and isinstance(widths, list | tuple) and len(widths) == 4:
        batch, channels = four_pads([widths[0], [0, 0]]), four_pads([widths[3], [0, 0]])
        rows_columns = four_pads(widths[1:3])
        if batch == NO_PADS and rows_columns is not None and channels is not None:
            if channels == NO_PADS:
                return [Pad(rows_columns, value)]
            if rows_columns == NO_PADS and value == 0:
                return [PadChannels(channels.top, channels.bottom)]
    raise ForeignError(f"Pad({plain(widths)})")


def _sliced(call: LayerCall, items: Any, steps_of: Any) -> list[Kind]:
    """The subsampling of a slice whose steps cover height and width."""
    if len(call.shape) != 4 or not isinstance(items, list | tuple) or len(items) > 4:
        raise ForeignError(f"{call.layer.class_name} of {len(call.shape)} axes")
    steps = [1, 1, 1, 1]
    for axis, item in enumerate(items):
        parts = steps_of(item)
        if not isinstance(parts, dict) or set(parts) != {"start", "stop", "step"}:
            raise ForeignError("a slice other than [:, ::n, ::n]")
        step = 1 if parts["step"] is None else parts["step"]
        if parts["start"] not in (None, 0) or parts["stop"] is not None or type(step) is not int:
            raise ForeignError("a slice other than [:, ::n, ::n]")
        steps[axis] = step
    if steps[0] != 1 or steps[3] != 1 or steps[1] < 1 or steps[2] < 1:
        raise ForeignError("a slice other than [:, ::n, ::n]")
    return [Subsample((steps[1], steps[2]))]


def _slice_3(item: Any) -> Any:
    """A slice as Keras 3 writes it."""
    is_slice = isinstance(item, dict) and item.get("class_name") == "__slice__"
    return item.get("config") if is_slice else item
