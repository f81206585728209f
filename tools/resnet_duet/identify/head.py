"""The classifier of a network that is read: the file's own, none, or a new one."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from math import prod

import numpy as np

import resnet_spec
from resnet_duet.identify.body import Body
from resnet_duet.weights.arrays import Arrays, Entry
from resnet_duet.weights.convert import relayout
from resnet_duet.weights.dialect import TORCH, Dialect, Shapes
from resnet_duet.weights.init import Norms, draw
from resnet_spec import ResNetSpec, Role
from resnet_spec.errors import Shape
from resnet_spec.layers import Dense


class HeadChoice(Enum):
    """What to do with the classifier of a file, other than to remove or replace it."""

    KEEP = "keep"  # keep the file's classifier; a file without one is a network without one


Head = int | HeadChoice | None  # number of classes of a new classifier; None for no classifier
SEED = 0  # of a new classifier: the same command gives the same file
NO_CLASSIFIER = (
    "the file has no classifier: this is the network without one (--num-classes adds one)"
)


@dataclass(frozen=True)
class LinearHead:
    """One dense layer on the features, under any name: the classifier.

    Attributes:
        kernel, bias: names of its arrays in the file; no bias stands for zeros.
        classes: number of its outputs.
    """

    kernel: str
    bias: str | None
    classes: int


@dataclass(frozen=True)
class CustomHead:
    """Other layers on the features, such as two dense layers: names of their arrays."""

    names: tuple[str, ...]


def head_of_body(body: Body, shapes: Shapes) -> LinearHead | CustomHead | None:
    """The head that a file's other arrays are; None if they are something else.

    Args:
        body: the network without a classifier, and the names of the other arrays.
        shapes: {array name: shape} of the file.
    """
    if any(map(body.contains, body.others)):
        return None
    if linear := linear_head(body, shapes, body.others):
        return linear
    is_head = _has_layers(body, shapes)
    if body.dialect.layout.words is not TORCH.words:  # names without modules: judge by the sizes
        others = {name: shapes[name] for name in body.others}
        is_head = reads_features(body, others, {body.features})
    return CustomHead(body.others) if is_head else None


def _has_layers(body: Body, shapes: Shapes) -> bool:
    """Whether the other arrays have a dense layer and more than single vectors next to it."""
    dense = [name for name in body.others if is_dense(body, name, shapes[name])]
    if not dense:
        return False
    layers = Counter(name.rpartition(".")[0] for name in body.others)
    inputs, _ = _sizes(body, shapes[dense[0]])
    del layers[dense[0].rpartition(".")[0]]
    is_large = any(len(shapes[name]) > 1 for name in body.others if name != dense[0])
    return is_large or inputs != body.features or max(layers.values(), default=0) > 1


def linear_head(body: Body, shapes: Shapes, names: Iterable[str]) -> LinearHead | None:
    """The classifier, if these arrays are one dense layer on the body's features."""
    names = tuple(names)
    kernels = [name for name in names if is_dense(body, name, shapes[name])]
    if len(kernels) != 1:
        return None
    (kernel,) = kernels
    inputs, classes = _sizes(body, shapes[kernel])
    word = body.dialect.layout.words
    bias = kernel.removesuffix(word[Role.KERNEL]) + word[Role.BIAS]
    rest = [name for name in names if name != kernel]
    if inputs != body.features or rest not in ([], [bias]):
        return None
    if rest and shapes[bias] != (classes,):
        return None
    return LinearHead(kernel, bias if rest else None, classes)


def is_dense(body: Body, name: str, shape: Shape) -> bool:
    """Whether this is the kernel of a dense layer, or of a 1x1 convolution on the features."""
    word = body.dialect.layout.separator + body.dialect.layout.words[Role.KERNEL]
    return name.endswith(word) and 0 not in shape and _sizes(body, shape) != (0, 0)


def _sizes(body: Body, shape: Shape) -> tuple[int, int]:
    """(inputs, outputs) of a dense kernel in the layout of the body; (0, 0) for other shapes."""
    is_torch = body.dialect.layout.words is TORCH.words
    if len(shape) == 4:
        space, shape = (shape[2:], shape[:2]) if is_torch else (shape[:2], shape[2:])
        if space != (1, 1):
            return 0, 0
    if len(shape) != 2:
        return 0, 0
    return (shape[1], shape[0]) if is_torch else (shape[0], shape[1])


def reads_features(body: Body, shapes: Mapping[str, Shape], inputs: Collection[int]) -> bool:
    """Whether these arrays are dense layers and norms that read an input or one another.

    Args:
        body: gives the layout of kernels.
        shapes: {array name: shape}.
        inputs: sizes of what the first of these layers may read.
    """
    sizes = [_sizes(body, shape) for name, shape in shapes.items() if is_dense(body, name, shape)]
    vectors = [shape for name, shape in shapes.items() if len(shape) == 1]
    known = set(inputs)
    for _ in sizes:
        known |= {outputs for size, outputs in sizes if size in known}
    return (
        len(sizes) > 0
        and len(sizes) + len(vectors) == len(shapes)
        and all(size in known for size, _ in sizes)
        and all(size in known for (size,) in vectors)
    )


def with_linear_head(body: Body, arrays: Arrays, head: LinearHead) -> Arrays:
    """The body and its classifier, under the dialect's names and in its layout.

    Args:
        body: the network without a classifier.
        arrays: those of the file.
        head: the classifier.
    """
    spec = replace(body.spec, num_classes=head.classes)
    plan = resnet_spec.plan(spec)
    layer = body.dialect.layer_names(plan)[body.classifier.name]
    own = set(body.names)
    entries = {name: entry for name, entry in arrays.entries.items() if name in own}
    kernel = arrays.entries[head.kernel]
    for array in plan.head[-1].arrays():
        name, shape = body.dialect.array_name(layer, array.role), body.dialect.shape(array)
        if array.role is Role.KERNEL:
            entries[name] = _reshaped(kernel, shape)
        elif head.bias is not None:
            entries[name] = arrays.entries[head.bias]
        else:
            entries[name] = _zeros(shape, kernel.dtype)
    return Arrays(entries)


def _reshaped(entry: Entry, shape: Shape) -> Entry:
    """The same values in another shape: a 1x1 convolution and a dense layer are the same."""
    assert prod(shape) == prod(entry.shape), "both have one kernel"
    return replace(entry, shape=shape, read=lambda: entry.read().reshape(shape))


def _zeros(shape: Shape, dtype: np.dtype) -> Entry:
    return Entry(shape, dtype, lambda: np.zeros(shape, dtype))


def names_of_classifier(shapes: Shapes, spec: ResNetSpec, dialect: Dialect) -> tuple[str, ...]:
    """The arrays of the classifier in a file of exactly this network."""
    plan = resnet_spec.plan(spec)
    table, known = dialect.table(plan), dialect.normalize_names(shapes, plan)
    return tuple(name for name in shapes if isinstance(table[known[name]].layer, Dense))


def without(arrays: Arrays, names: Iterable[str]) -> Arrays:
    """The arrays except those of these names."""
    skipped = set(names)
    return arrays.subset({name: name for name in arrays if name not in skipped})


def with_new_head(arrays: Arrays, spec: ResNetSpec, dialect: Dialect, classes: int) -> Arrays:
    """The arrays of a network without a classifier, and those of a freshly initialised one.

    Args:
        arrays: under the names of the dialect.
        spec: the network without a classifier.
        dialect: names and layouts of the arrays.
        classes: number of classes of the new classifier.
    """
    plan = resnet_spec.plan(replace(spec, num_classes=classes))
    rng, dtype = np.random.default_rng(SEED), next(iter(arrays.entries.values())).dtype
    new = {
        name: relayout(
            draw(rng, array_spec, Norms.INITIAL), array_spec.axes, dialect.axes(array_spec)
        ).astype(dtype)
        for name, array_spec in dialect.table(plan).items()
        if isinstance(array_spec.layer, Dense)
    }
    return Arrays(arrays.entries | Arrays.of(new).entries)
