"""How one ecosystem names and lays out the arrays of a network."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from resnet_duet.errors import DialectError
from resnet_spec import Plan, ResNetSpec, Role, Slot, slots


@dataclass(frozen=True)
class Layout:
    """What all dialects of a framework share.

    Attributes:
        words: the framework's name of each role.
        separator: between a layer's name and the word.
        axes: {canonical axis letters: this framework's order of them}, where it has another.
    """

    words: Mapping[Role, str]
    separator: str
    axes: Mapping[str, str]


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
)


def canonical_names(plan: Plan) -> dict[str, str]:
    """The canonical names themselves, for ecosystems that use them."""
    return {layer.name: layer.name for layer in plan.layers()}


@dataclass(frozen=True)
class Dialect:
    """One ecosystem's names and layouts.

    Attributes:
        name: the word for it.
        layout: its framework's.
        layer_names: plan -> {canonical layer name: this ecosystem's}, for every layer it knows.
        builds: whether the ecosystem's own code builds this network. It decides, without a word,
            between networks that have the same arrays.
    """

    name: str
    layout: Layout
    layer_names: Callable[[Plan], Mapping[str, str]]
    builds: Callable[[ResNetSpec], bool]

    def table(self, plan: Plan) -> dict[str, Slot]:
        """{array name: the slot it fills}, in the order of `slots(plan)`.

        Raises:
            DialectError: the dialect has no name for some layers; all of them are listed.
        """
        names = self.layer_names(plan)
        nameless = {slot.layer.name for slot in slots(plan)} - set(names)
        if nameless:
            listed = ", ".join(sorted(nameless))
            raise DialectError(f"dialect {self.name} has no name for these layers: {listed}")
        return {self.array_name(names[slot.layer.name], slot.role): slot for slot in slots(plan)}

    def array_name(self, layer: str, role: Role) -> str:
        """The name of a layer's array, from this ecosystem's name of the layer."""
        return layer + self.layout.separator + self.layout.words[role]

    def axes(self, slot: Slot) -> str:
        """The slot's axis letters in this dialect's order."""
        return self.layout.axes.get(slot.axes, slot.axes)

    def shape(self, slot: Slot) -> tuple[int, ...]:
        """The slot's shape in this dialect's order."""
        sizes = dict(zip(slot.axes, slot.shape, strict=True))
        return tuple(sizes[axis] for axis in self.axes(slot))
