"""How one ecosystem names and lays out the arrays of a network."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from resnet_duet.errors import DialectError
from resnet_spec import Plan, ResNetSpec, Role, Slot, slots
from resnet_spec.errors import Shape
from resnet_spec.layers import Layer

Shapes = Mapping[str, Shape]


def as_they_run(plan: Plan) -> Iterator[Layer]:
    """PyTorch lists modules as they were made: branch, then shortcut."""
    return plan.layers()


def branch_first(plan: Plan) -> Iterator[Layer]:
    """Keras lists layers by their distance to the output, and here the branch before the shortcut.

    So a projection stands beside the last convolution of its branch: conv1 bn1 relu1 conv2 bn2
    relu2 conv3 downsample.0 bn3 downsample.1.
    """
    return _by_distance(plan, shortcut_is_first=False)


def shortcut_first(plan: Plan) -> Iterator[Layer]:
    """The same, where the addition names the shortcut first: `Add()([shortcut, x])`."""
    return _by_distance(plan, shortcut_is_first=True)


def _by_distance(plan: Plan, shortcut_is_first: bool) -> Iterator[Layer]:
    yield from plan.stem
    for block in plan.blocks():
        yield from block.pre
        sides = [block.branch, block.shortcut or ()]
        ordered = reversed(sides) if shortcut_is_first else sides
        placed = [(i - len(side), layer) for side in ordered for i, layer in enumerate(side)]
        yield from (layer for _, layer in sorted(placed, key=lambda place: place[0]))
        yield from block.tail
    yield from plan.head


@dataclass(frozen=True)
class Layout:
    """What all dialects of a framework share.

    Attributes:
        words: the framework's name of each role.
        separator: between a layer's name and the word.
        axes: {canonical axis letters: this framework's order of them}, where it has another. A 1
            is an axis of size 1 that the canonical array has not.
        listing: the order in which the framework lists a network's layers, and its files have them.
    """

    words: Mapping[Role, str]
    separator: str
    axes: Mapping[str, str]
    listing: Callable[[Plan], Iterable[Layer]]


TORCH = Layout(
    words={
        Role.KERNEL: "weight",
        Role.BIAS: "bias",
        Role.SCALE: "weight",
        Role.OFFSET: "bias",
        Role.MEAN: "running_mean",
        Role.VAR: "running_var",
    },
    separator=".",
    axes={},
    listing=as_they_run,
)

KERAS = Layout(
    words={
        Role.KERNEL: "kernel",
        Role.BIAS: "bias",
        Role.SCALE: "gamma",
        Role.OFFSET: "beta",
        Role.MEAN: "moving_mean",
        Role.VAR: "moving_variance",
    },
    separator="/",
    axes={"OIHW": "HWIO", "OI": "IO"},
    listing=branch_first,
)
KERAS_SHORTCUT_FIRST = replace(KERAS, listing=shortcut_first)


def canonical_names(plan: Plan) -> dict[str, str]:
    """The canonical names themselves, for ecosystems that use them."""
    return {layer.name: layer.name for layer in plan.layers()}


def as_written(names: Collection[str], plan: Plan) -> dict[str, str]:
    """The spelling of ecosystems that know one only."""
    return {name: name for name in names}


def any_network(spec: ResNetSpec) -> ResNetSpec:
    """The habit of ecosystems that have none: whatever fits is as usual as anything else."""
    return spec


@dataclass(frozen=True)
class Dialect:
    """One ecosystem's names and layouts.

    Attributes:
        name: the word for it.
        layout: its framework's.
        layer_names: plan -> {canonical layer name: this ecosystem's}, for every layer it knows.
        usual: spec -> the network with the same arrays that the ecosystem's own code builds: what
            weights cannot tell (strides, padding, eps, decay, the sides of option A) by its habit.
        spelling: ({array names of a file}, plan) -> {array name of the file: that of `table`}, for
            ecosystems whose names have parts that mean nothing, such as a counter's start.
    """

    name: str
    layout: Layout
    layer_names: Callable[[Plan], Mapping[str, str]]
    usual: Callable[[ResNetSpec], ResNetSpec]
    spelling: Callable[[Collection[str], Plan], Mapping[str, str]]

    def table(self, plan: Plan) -> dict[str, Slot]:
        """{array name: the slot it fills}, in the order in which the framework lists layers.

        Raises:
            DialectError: the dialect has no name for some layers; all of them are listed.
        """
        names = self.layer_names(plan)
        own: dict[str, list[Slot]] = {}
        for slot in slots(plan):
            own.setdefault(slot.layer.name, []).append(slot)
        nameless = own.keys() - names.keys()
        if nameless:
            listed = ", ".join(sorted(nameless))
            raise DialectError(f"dialect {self.name} has no name for these layers: {listed}")
        return {
            self.array_name(names[layer.name], slot.role): slot
            for layer in self.layout.listing(plan)
            for slot in own.get(layer.name, ())
        }

    def array_name(self, layer: str, role: Role) -> str:
        """The name of a layer's array, from this ecosystem's name of the layer."""
        return layer + self.layout.separator + self.layout.words[role]

    def axes(self, slot: Slot) -> str:
        """The slot's axis letters in this dialect's order."""
        return self.layout.axes.get(slot.axes, slot.axes)

    def shape(self, slot: Slot) -> Shape:
        """The slot's shape in this dialect's order."""
        sizes = dict(zip(slot.axes, slot.shape, strict=True)) | {"1": 1}
        return tuple(sizes[axis] for axis in self.axes(slot))

    def shapes(self, plan: Plan) -> dict[str, Shape]:
        """{array name: its shape}; see `table`."""
        return {name: self.shape(slot) for name, slot in self.table(plan).items()}

    def spelt(self, shapes: Shapes, plan: Plan) -> dict[str, Shape]:
        """The shapes of a file's arrays under the names that `table` has."""
        spelling = self.spelling(shapes, plan)
        return {spelling[name]: shape for name, shape in shapes.items()}
