"""Operations that more than one file format has, from their attributes in (height, width).

Every function appends operations under a name and returns their output. It raises ForeignError
where `operations` cannot express exactly what the file computes.
"""

from collections.abc import Mapping, Sequence
from math import prod

from resnet_duet.graphs.feature_maps import Constant, FeatureMap, ForeignError, GraphBuilder
from resnet_duet.graphs.operations import (
    NO_PADS,
    AddBias,
    AnyPads,
    AveragePooling,
    Convolution,
    Flatten,
    FullyConnected,
    GlobalAverage,
    Identity,
    MaxPooling,
    Pad,
    PadChannels,
    Pads,
    Same,
    Subsample,
    Sum,
    Weight,
)
from resnet_duet.graphs.windows import Window, leaves_out, output_size

MapPooling = MaxPooling | AveragePooling


def convolve(
    name: str,
    builder: GraphBuilder,
    x: FeatureMap,
    kernel: Constant,
    axes: str,
    bias: Constant | None,
    window: Window,
    groups: int,
    pads: AnyPads,
) -> FeatureMap:
    """A convolution; `axes` are the letters of its kernel."""
    sizes = dict(zip(axes, kernel.shape, strict=True))
    inputs, out = sizes["I"] * groups, sizes["O"]
    if x.sizes["C"] not in (None, inputs) or out % groups:
        raise ForeignError(f"convolution of {inputs} of {x.sizes['C']} channels")
    weights = builder.weight(kernel, axes), output_bias(builder, bias, out)
    kind = Convolution(*weights, window.strides, window.dilations, groups, pads)
    return _with_window(name, builder, x, kind, window, out)


def pool(
    name: str, builder: GraphBuilder, x: FeatureMap, kind: MapPooling
) -> FeatureMap:  # fmt: skip
    """A pool. An average over a whole map of fixed size is a global average."""
    is_average = isinstance(kind, AveragePooling)
    if is_average and kind.kernel == x.spatial and kind.pads == NO_PADS:
        return global_average(name, builder, x, x.axes)
    window = Window(kind.kernel, kind.strides)
    if isinstance(kind, AveragePooling) and leaves_out(
        window, x.spatial, kind.pads, kind.ceil_mode
    ):
        rows, columns = x.spatial
        raise ForeignError(
            f"average pool of {kind.kernel} of a map of {(rows, columns)}", "a global average pool"
        )
    return _with_window(name, builder, x, kind, window, x.sizes["C"])


def _with_window(
    name: str,
    builder: GraphBuilder,
    x: FeatureMap,
    kind: Convolution | MapPooling,
    window: Window,
    channels: int | None,
) -> FeatureMap:
    ceil_mode = isinstance(kind, AveragePooling) and kind.ceil_mode
    height, width = output_size(window, x.spatial, kind.pads, ceil_mode)
    if any(n is not None and n < 1 for n in (height, width)):
        raise ForeignError(f"a window of {window.kernel} that is larger than its input")
    sizes = {**x.sizes, "C": channels, "H": height, "W": width}
    result = builder.add(name, kind, [x], x.axes, sizes)
    rows, columns = x.spatial
    is_explicit = not isinstance(kind.pads, Same) and not ceil_mode
    if rows is not None and columns is not None and is_explicit:
        builder.windows[result.operation] = (window, (rows, columns))
    return result


def output_bias(builder: GraphBuilder, bias: Constant | None, out: int) -> Weight | None:
    """The bias of a convolution or a dense layer."""
    if bias is None:
        return None
    if bias.shape not in ((out,), (1, out)):
        raise ForeignError(f"a bias of shape {bias.shape} for {out} channels")
    return builder.weight(bias, "1O"[-len(bias.shape) :])


def dense(
    name: str,
    builder: GraphBuilder,
    x: FeatureMap,
    kernel: Constant,
    axes: str,
    bias: Constant | None,
) -> FeatureMap:
    """A dense layer on features (N, C); `axes` are the letters of its kernel."""
    if x.axes != "NC" or len(kernel.shape) != 2:
        text = f"matrix product of axes {x.axes or 'unknown'} with shape {kernel.shape}"
        raise ForeignError(text, "a dense layer on features (N, C)")
    inputs, out = (kernel.shape[axes.index(axis)] for axis in "IO")
    if x.sizes["C"] not in (None, inputs):
        raise ForeignError(f"dense layer on {inputs} of {x.sizes['C']} features")
    kind = FullyConnected(builder.weight(kernel, axes), output_bias(builder, bias, out))
    return builder.add(name, kind, [x], "NC", {**x.sizes, "C": out})


def global_average(name: str, builder: GraphBuilder, x: FeatureMap, axes: str) -> FeatureMap:
    """The mean over height and width, whose axes are kept with size 1, or left out of `axes`."""
    return builder.add(name, GlobalAverage(), [x], axes, {**x.sizes, "H": 1, "W": 1})


def mean(
    name: str, builder: GraphBuilder, x: FeatureMap, axes: Sequence[int], keep: bool
) -> FeatureMap:
    """The mean over some axes."""
    letters = "".join(x.letter(axis) for axis in axes)
    if sorted(letters) != ["H", "W"]:
        raise ForeignError(f"mean over the axes {letters or 'all'}", "height and width")
    return global_average(name, builder, x, x.axes if keep else x.without("HW"))


def add(name: str, builder: GraphBuilder, a: FeatureMap, b: FeatureMap) -> FeatureMap:
    """The sum of two feature maps of the same shape."""
    if a.axes != b.axes or any(_may_broadcast(a.sizes[n], b.sizes[n]) for n in a.axes):
        sizes = f"{a.axes} {tuple(a.sizes.values())} and {b.axes} {tuple(b.sizes.values())}"
        raise ForeignError(f"sum of tensors of different shapes: {sizes}", "equal shapes")
    both = {axis: n if n is not None else b.sizes[axis] for axis, n in a.sizes.items()}
    return builder.add(name, Sum(), [a, b], a.axes, both)


def _may_broadcast(a: int | None, b: int | None) -> bool:
    """Whether two sizes may differ. A size that the file leaves open differs from 1 only."""
    return (a == 1) != (b == 1) if None in (a, b) else a != b


def add_bias(name: str, builder: GraphBuilder, x: FeatureMap, bias: Constant) -> FeatureMap:
    """x plus one value for each channel."""
    weight = builder.weight(bias, channel_axes(x, bias, "O"))
    return builder.then(name, AddBias(weight), x)


def channel_axes(x: FeatureMap, constant: Constant, letter: str) -> str:
    """Letters of a constant that has one value for each channel of x: "1C11"."""
    shape = constant.shape
    facing = x.axes[len(x.axes) - len(shape) :] if len(shape) <= len(x.axes) else ""
    sizes = dict(zip(facing, shape, strict=False))
    channels = sizes.pop("C", None)
    if channels is None or x.sizes["C"] != channels or any(n != 1 for n in sizes.values()):
        raise ForeignError(f"a constant of shape {shape}", "one value for each channel")
    return "".join(letter if axis == "C" else "1" for axis in facing)


def transpose(x: FeatureMap, order: Sequence[int]) -> FeatureMap:
    """The same tensor with its axes in this order: no operation."""
    if sorted(order) != list(range(len(x.axes))):
        raise ForeignError(f"transposition of {len(x.axes)} axes to {tuple(order)}")
    axes = "".join(x.axes[axis] for axis in order)
    return FeatureMap(x.operation, axes, {axis: x.sizes[axis] for axis in axes})


def flatten(name: str, builder: GraphBuilder, x: FeatureMap) -> FeatureMap:
    """All axes after the batch's in one."""
    if x.axes == "NC":
        return builder.then(name, Identity("Flatten"), x)
    if x.axes[:1] != "N" or not (x.has_one_pixel or x.axes == "NCHW"):
        raise ForeignError(f"Flatten in the order {x.axes or 'unknown'}", "a global average pool")
    numbers = [x.sizes[axis] for axis in x.axes[1:]]
    features = None if None in numbers else prod(n for n in numbers if n is not None)
    return builder.add(name, Flatten(), [x], "NC", {"N": x.sizes["N"], "C": features})


def reshape(name: str, builder: GraphBuilder, x: FeatureMap, shape: Sequence[int]) -> FeatureMap:
    """A reshape that flattens, adds axes of size 1 to features, or changes nothing."""
    old, new = builder.shape_of(x), tuple(shape)
    is_same = len(new) == len(old) and all(n in (m, -1) for n, m in zip(new, old, strict=True))
    if is_same and new.count(-1) <= 1:
        return builder.then(name, Identity("Reshape"), x)
    keeps_batch = new[:1] == old[:1] or (new[:1] == (-1,) and _same_features(new, old))
    if x.axes[:1] == "N" and keeps_batch:
        if len(new) == 2:
            return flatten(name, builder, x)
        axes = {new[2:] == (1, 1): "NCHW", new[1:3] == (1, 1): "NHWC"}.get(True)
        if x.axes == "NC" and len(new) == 4 and axes:
            sizes = {**x.sizes, "H": 1, "W": 1}
            return builder.add(name, Identity("Reshape"), [x], axes, sizes)
    raise ForeignError(f"Reshape from {x.axes or 'unknown axes'} to {new}", "Flatten")


def _same_features(new: tuple[int, ...], old: tuple[int, ...]) -> bool:
    """Whether the axes after the batch's have the same, known number of values."""
    return min((*new[1:], *old[1:], 1)) > 0 and prod(new[1:]) == prod(old[1:])


def squeeze(name: str, builder: GraphBuilder, x: FeatureMap, axes: Sequence[int]) -> FeatureMap:
    """x without height, width or both, which have size 1."""
    letters = "".join(x.letter(axis) for axis in axes)
    if not letters or set(letters) - set("HW") or any(x.sizes[n] != 1 for n in letters):
        raise ForeignError(f"Squeeze of axes {tuple(axes)}", "Flatten")
    kept = x.without(letters)
    kind = Flatten() if kept == "NC" else Identity("Squeeze")
    return builder.add(name, kind, [x], kept, x.sizes)


def pad(
    name: str,
    builder: GraphBuilder,
    x: FeatureMap,
    edges: Mapping[str, tuple[int, int]],
    value: float,
) -> FeatureMap:
    """x with more rows, columns and channels: {letter of the axis: (before, after)}."""
    if value not in (0, -float("inf")):
        raise ForeignError(f"Pad with {value:g}", "zeros")
    none = (0, 0)
    if min((n for pair in edges.values() for n in pair), default=0) < 0:
        raise ForeignError(f"Pad with {dict(edges)}", "a padding without cropping")
    channels, rows, columns = (edges.get(axis, none) for axis in "CHW")
    if set(edges) - set(x.axes) or edges.get("N", none) != none or (any(channels) and value):
        raise ForeignError(f"Pad of {dict(edges)} with {value:g}")
    sizes = dict(x.sizes)
    for axis, pair in edges.items():
        size = sizes[axis]
        sizes[axis] = None if size is None else size + sum(pair)
    if any(rows) or any(columns) or not any(channels):
        kind = Pad(Pads(*rows, *columns), value)
        x = builder.add(name, kind, [x], x.axes, {**sizes, "C": x.sizes["C"]})
    if any(channels):
        x = builder.add(name, PadChannels(*channels), [x], x.axes, sizes)
    return x


def subsample(
    name: str, builder: GraphBuilder, x: FeatureMap, steps: Mapping[str, int]
) -> FeatureMap:
    """Every n-th row and column: {letter of the axis: step}."""
    strides = {"H": 1, "W": 1, **steps}
    if any(step < 1 or (step > 1 and axis not in "HW") for axis, step in strides.items()):
        raise ForeignError(f"slice with steps {dict(steps)}", "steps in height and width")
    sizes = {axis: n if n is None else -(-n // strides.get(axis, 1)) for axis, n in x.sizes.items()}
    down, right = strides["H"], strides["W"]
    if down == right == 1:
        return builder.then(name, Identity("slice of everything"), x)
    return builder.add(name, Subsample((down, right)), [x], x.axes, sizes)


def concatenate(
    name: str, builder: GraphBuilder, values: Sequence[FeatureMap | Constant | None], axis: int
) -> FeatureMap:
    """A feature map and channels of zeros."""
    maps = [x for x in values if isinstance(x, FeatureMap)]
    if len(maps) != 1 or maps[0].letter(axis) != "C":
        raise ForeignError(f"concatenation of {len(maps)} feature maps", "a sum")
    x, zeros, after = maps[0], [0, 0], False
    for value in values:
        if isinstance(value, FeatureMap):
            after = True
        elif value is not None:
            if len(value.shape) != len(x.axes) or value.array().any():
                raise ForeignError("concatenation with a constant", "channels of zeros")
            zeros[after] += value.shape[x.axes.index("C")]
    return pad(name, builder, x, {"C": (zeros[0], zeros[1])}, 0)
