"""A dialect: how one library names and lays out the arrays of a network."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby

from resnet_duet.errors import DialectError
from resnet_spec import ArraySpec, Plan, ResNetSpec, Role, array_specs
from resnet_spec.errors import Shape
from resnet_spec.layers import Layer
from resnet_spec.structure import Chain

Shapes = Mapping[str, Shape]


def execution_order(plan: Plan) -> Iterator[Layer]:
    """PyTorch lists modules in the order of creation: branch, then shortcut."""
    return plan.layers()


def branch_first(plan: Plan) -> Iterator[Layer]:
    """Keras lists layers by their distance to the output; at equal distance the branch is first.

    So a projection comes next to the last convolution of its branch: conv1 bn1 relu1 conv2 bn2
    relu2 conv3 downsample.0 bn3 downsample.1.
    """
    return _by_distance(plan, shortcut_is_first=False)


def shortcut_first(plan: Plan) -> Iterator[Layer]:
    """`branch_first`, but for additions that name the shortcut first: `Add()([shortcut, x])`."""
    return _by_distance(plan, shortcut_is_first=True)


def _by_distance(plan: Plan, shortcut_is_first: bool) -> Iterator[Layer]:
    first, second = Chain.BRANCH, Chain.SHORTCUT
    if shortcut_is_first:
        first, second = second, first
    for _, nodes in groupby(plan.walk(), key=lambda node: node.block):
        chains: dict[Chain, list[Layer]] = {chain: [] for chain in Chain}
        for node in nodes:
            chains[node.chain] += [] if node.layer is None else [node.layer]
        yield from (*chains[Chain.STEM], *chains[Chain.PRE])
        paths = (chains[first], chains[second])
        placed = [(i - len(path), layer) for path in paths for i, layer in enumerate(path)]
        yield from (layer for _, layer in sorted(placed, key=lambda place: place[0]))
        yield from (*chains[Chain.POST], *chains[Chain.HEAD])


@dataclass(frozen=True)
class Layout:
    """The properties that all dialects of a framework share.

    Attributes:
        framework: its name in `FRAMEWORKS`.
        words: the framework's name of each role.
        separator: between the name of a layer and that of an array.
        axes: {canonical axis letters: the framework's order}, where the order differs. A 1 is an
            axis of size 1 that the canonical array does not have.
        listing: the order of layers in the framework and in its files.
    """

    framework: str
    words: Mapping[Role, str]
    separator: str
    axes: Mapping[str, str]
    listing: Callable[[Plan], Iterable[Layer]]


TORCH = Layout(
    framework="torch",
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
    listing=execution_order,
)

KERAS = Layout(
    framework="keras",
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
    """The canonical names themselves, for libraries that use them.

    They are the names of all layers, and of the layers within layers that own arrays.
    """
    names = [layer.name for layer in plan.layers()]
    names += [array.layer.name for array in array_specs(plan)]
    return {name: name for name in names}


def unchanged_names(names: Collection[str], plan: Plan) -> dict[str, str]:
    """`normalize_names` of libraries with one spelling for each name."""
    return {name: name for name in names}


def any_network(spec: ResNetSpec) -> ResNetSpec:
    """`default_spec` of libraries without conventions: the network as it is."""
    return spec


@dataclass(frozen=True)
class Dialect:
    """The names and layouts of one library.

    Attributes:
        name: of the dialect.
        layout: of its framework.
        layer_names: plan -> {canonical layer name: the library's}, for every layer that it has.
        default_spec: spec -> the network with the same arrays that the library's code builds. It
            decides by the library's conventions what arrays do not show: strides, padding, eps,
            decay, where option A pads.
        normalize_names: ({array names of a file}, plan) -> {array name of the file: its name in
            `table`}, for libraries whose names vary, as with the start of a counter.
    """

    name: str
    layout: Layout
    layer_names: Callable[[Plan], Mapping[str, str]]
    default_spec: Callable[[ResNetSpec], ResNetSpec]
    normalize_names: Callable[[Collection[str], Plan], Mapping[str, str]]

    def table(self, plan: Plan) -> dict[str, ArraySpec]:
        """{array name: array spec} of a network, in the framework's order of layers.

        Raises:
            DialectError: the dialect has no name for some layers. It lists all of them.
        """
        names = self.layer_names(plan)
        arrays = [array for layer in self.layout.listing(plan) for array in layer.arrays()]
        nameless = {array.layer.name for array in arrays} - names.keys()
        if nameless:
            raise DialectError(
                f"the dialect {self.name} has no name for {len(nameless)} layers of this network",
                sorted(nameless),
            )
        return {self.array_name(names[array.layer.name], array.role): array for array in arrays}

    def array_name(self, layer: str, role: Role) -> str:
        """The name of an array.

        Args:
            layer: the library's name of its layer.
            role: its role.
        """
        return layer + self.layout.separator + self.layout.words[role]

    def axes(self, array: ArraySpec) -> str:
        """The array's axis letters in this dialect's order."""
        return self.layout.axes.get(array.axes, array.axes)

    def shape(self, array: ArraySpec) -> Shape:
        """The array's shape in this dialect's order of axes."""
        sizes = dict(zip(array.axes, array.shape, strict=True)) | {"1": 1}
        return tuple(sizes[axis] for axis in self.axes(array))

    def shapes(self, plan: Plan) -> dict[str, Shape]:
        """{array name: shape} of a network. Raises DialectError: see `table`."""
        return {name: self.shape(array) for name, array in self.table(plan).items()}

    def normalized_shapes(self, shapes: Shapes, plan: Plan) -> dict[str, Shape]:
        """{array name in `table`: shape} of a file's arrays."""
        normalized = self.normalize_names(shapes, plan)
        return {normalized[name]: shape for name, shape in shapes.items()}
