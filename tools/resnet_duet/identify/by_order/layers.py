"""Groups the arrays of a file into convolutions, norms and dense layers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from resnet_duet.graphs.operations import AnyWeight, Filled, Weight
from resnet_duet.weights.arrays import Shape
from resnet_duet.weights.dialect import KERAS, TORCH, Layout, Shapes
from resnet_spec import Role
from resnet_spec.layers import Conv, Dense, Layer, Norm

Path = tuple[str, ...]  # the components of a layer's name

SEPARATORS = "./"
ENDINGS = ("/.ATTRIBUTES/VARIABLE_VALUE", ":0")  # TensorFlow's, after the name of a variable
NORM_ROLES = (Role.SCALE, Role.OFFSET, Role.MEAN, Role.VAR)
NORM_WORDS = {
    "weight": Role.SCALE,
    "gamma": Role.SCALE,
    "scale": Role.SCALE,
    "bias": Role.OFFSET,
    "beta": Role.OFFSET,
    "offset": Role.OFFSET,
    "running_mean": Role.MEAN,
    "moving_mean": Role.MEAN,
    "mean": Role.MEAN,
    "running_var": Role.VAR,
    "moving_variance": Role.VAR,
    "moving_var": Role.VAR,
    "variance": Role.VAR,
    "var": Role.VAR,
}
# Keras 3 numbers the variables of a layer in this order.
KERAS_NUMBERS = dict(zip("0123", NORM_ROLES, strict=True))
KERNEL_WORDS = ("kernel", "weights", "biases")
FRAMEWORK_WORDS = {
    "weight": TORCH,
    "running_mean": TORCH,
    "running_var": TORCH,
    "kernel": KERAS,
    "gamma": KERAS,
    "beta": KERAS,
    "moving_mean": KERAS,
    "moving_variance": KERAS,
    "0": KERAS,
    "weights": KERAS,  # of TensorFlow
}
FILLED = {Role.SCALE: 1.0, Role.OFFSET: 0.0}  # of a norm without scale or offset


@dataclass(frozen=True)
class FileLayer:
    """A layer of a file.

    Attributes:
        path: the components of its name; empty for a file of one layer.
        kind: the kind of layer that has such arrays.
        size: (O, I, kernel size) of a convolution, (C,) of a norm, (O, I) of a dense layer. The
            I of a grouped convolution is that of one group.
        weights: {role: array}.
    """

    path: Path
    kind: type[Conv] | type[Norm] | type[Dense]
    size: Shape
    weights: Mapping[Role, AnyWeight]

    @property
    def name(self) -> str:
        """The name, for people."""
        return "/".join(self.path)

    @property
    def has_bias(self) -> bool:
        """Whether the file has a bias for a convolution."""
        return Role.BIAS in self.weights


def size_of(layer: Layer) -> Shape | None:
    """The size of a planned layer, as in `FileLayer`; None for a layer without arrays."""
    match layer:
        case Conv():
            return (layer.out_channels, layer.in_channels // layer.groups, layer.kernel)
        case Norm():
            return (layer.channels,)
        case Dense():
            return (layer.out_features, layer.in_features)
        case _:
            return None


def layouts(shapes: Shapes) -> tuple[Layout, ...]:
    """The frameworks whose axes the arrays may have, by their words; both if no word decides."""
    words = {split(name)[1] for name in shapes}
    found = {row.framework: row for word, row in FRAMEWORK_WORDS.items() if word in words}
    return tuple(found.values()) or (TORCH, KERAS)


def file_layers(shapes: Shapes, layout: Layout) -> list[FileLayer] | None:
    """The layers in the order of their first arrays; None if some are of another kind.

    Args:
        shapes: {array name: shape} in the file's order.
        layout: of the framework whose axes the arrays have.
    """
    groups: dict[Path, dict[str, str]] = {}
    for name in shapes:
        path, word = split(name)
        if word in groups.setdefault(path, {}):
            return None
        groups[path][word] = name
    found = [_layer(path, words, shapes, layout) for path, words in groups.items()]
    layers = [layer for layer in found if layer is not None]
    return layers if len(layers) == len(found) else None


def split(name: str) -> tuple[Path, str]:
    """The components of the layer's name, and the word for the array.

    Example:
        >>> split("layer1.0.conv1.weight")
        (('layer1', '0', 'conv1'), 'weight')
    """
    for ending in ENDINGS:
        name = name.removesuffix(ending)
    *path, last = name.replace("/", ".").split(".")
    known = [*NORM_WORDS, *KERNEL_WORDS]
    if last not in known:  # MXNet: stage1_unit1_conv1_weight
        fitting = [word for word in known if last.endswith(f"_{word}")]
        if fitting:
            word = max(fitting, key=len)
            return (*path, last.removesuffix(f"_{word}")), word
    return tuple(path), last


def _layer(
    path: Path, words: Mapping[str, str], shapes: Shapes, layout: Layout
) -> FileLayer | None:
    """The layer with these arrays, {word: array name}."""
    kernels = [name for name in words.values() if len(shapes[name]) in (2, 4)]
    vectors = {word: name for word, name in words.items() if len(shapes[name]) == 1}
    if len(kernels) + len(vectors) < len(words):
        return None
    if not kernels:
        return _norm(path, vectors, shapes)
    if len(kernels) > 1 or len(vectors) > 1:
        return None
    return _with_kernel(path, kernels[0], next(iter(vectors.values()), None), shapes, layout)


def _with_kernel(
    path: Path, kernel: str, bias: str | None, shapes: Shapes, layout: Layout
) -> FileLayer | None:
    """A convolution or a dense layer."""
    shape = shapes[kernel]
    canonical = "OIHW" if len(shape) == 4 else "OI"
    axes = layout.axes.get(canonical, canonical)
    weight = Weight(kernel, axes, shape)
    out, inputs = weight.size("O"), weight.size("I")
    weights: dict[Role, AnyWeight] = {Role.KERNEL: weight}
    if bias is not None:
        if shapes[bias] != (out,):
            return None
        weights[Role.BIAS] = Weight(bias, "O", shapes[bias])
    if len(shape) == 2:
        weights.setdefault(Role.BIAS, Filled(0.0, "O", (out,)))
        return FileLayer(path, Dense, (out, inputs), weights)
    height, width = weight.size("H"), weight.size("W")
    if height != width or height % 2 == 0 or 0 in shape:
        return None
    return FileLayer(path, Conv, (out, inputs, height), weights)


def _norm(path: Path, vectors: Mapping[str, str], shapes: Shapes) -> FileLayer | None:
    """A norm. It may lack the scale or the offset, but no running statistics."""
    sizes = {shapes[name] for name in vectors.values()}
    words = KERAS_NUMBERS if vectors.keys() == KERAS_NUMBERS.keys() else NORM_WORDS
    roles = {words.get(word): name for word, name in vectors.items()}
    if len(sizes) != 1 or None in roles or len(roles) < len(vectors):
        return None
    if Role.MEAN not in roles or Role.VAR not in roles:
        return None
    (shape,) = sizes
    weights: dict[Role, AnyWeight] = {
        role: Weight(roles[role], "C", shape) if role in roles else Filled(FILLED[role], "C", shape)
        for role in NORM_ROLES
    }
    return FileLayer(path, Norm, shape, weights)


def in_tree_order(layers: list[FileLayer]) -> list[FileLayer]:
    """The layers as a tree of modules sorted by name: numbers as numbers, leaves before subtrees.

    Files without an order of their own, such as HDF5's groups, list them alphabetically.
    """

    def key(layer: FileLayer) -> list[tuple[bool, list[tuple[bool, int, str]]]]:
        last = len(layer.path) - 1
        return [(i < last, natural(component)) for i, component in enumerate(layer.path)]

    return sorted(layers, key=key)


def is_sorted(shapes: Shapes) -> bool:
    """Whether the file lists its arrays by name, so that its order has no meaning."""
    names = list(shapes)
    by_parts = [name.replace("/", ".").split(".") for name in names]
    by_numbers = [[natural(part) for part in parts] for parts in by_parts]
    orders: tuple[list[object], ...] = (names, by_parts, by_numbers)  # type: ignore[assignment]
    return any(order == sorted(order) for order in orders)  # type: ignore[type-var]


def natural(text: str) -> list[tuple[bool, int, str]]:
    """A sorting key that compares digits as numbers: conv2 before conv10."""
    return [(run.isdecimal(), int(run) if run.isdecimal() else 0, run) for run in digit_runs(text)]


def digit_runs(text: str) -> Iterator[str]:
    """The text cut where digits begin or end.

    Example:
        >>> list(digit_runs("conv2d_10"))
        ['conv', '2', 'd_', '10']
    """
    run = ""
    for character in text:
        if run and run[-1].isdecimal() != character.isdecimal():
            yield run
            run = ""
        run += character
    if run:
        yield run
