"""A network as somebody uses it, from his images to his numbers; what a mistake changes of it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

import resnet_spec
from resnet_duet.frameworks import FRAMEWORKS, builder
from resnet_duet.port.convert import convert, relayout
from resnet_duet.port.dialects.torchvision import DIALECT
from resnet_duet.port.random import Norms, random_weights
from resnet_duet.proof.adapters.naming import running_order
from resnet_duet.proof.network import to_nhwc
from resnet_spec import Plan, ResNetSpec, Slot, SpecError
from resnet_spec.rules import amend

Weights = Mapping[str, np.ndarray]
Edit = Callable[[Plan], Plan]  # a module's function, so that it is equal to itself


@dataclass(frozen=True)
class Step:
    """What somebody does to images before the network, or to its output behind it.

    Attributes:
        name: in a few words, as "divided by 255".
        apply: (array, framework) -> array; images are (N, H, W, C), outputs (N, K) or (N, H, W, C).
    """

    name: str
    apply: Callable[[np.ndarray, str], np.ndarray]


@dataclass(frozen=True, eq=False)
class Use:
    """Images, through a network, to numbers.

    Attributes:
        spec: the network.
        edits: what is changed of its plan that no spec says.
        weights: canonical names and layouts, float64.
        images: (N, H, W, C) float64.
        before: steps on the images, in order.
        after: steps on the output, in order.
        training: whether norms use the batch's own mean and variance.
        dtype: of the arithmetic.
    """

    spec: ResNetSpec
    edits: tuple[Edit, ...]
    weights: Weights
    images: np.ndarray
    before: tuple[Step, ...]
    after: tuple[Step, ...]
    training: bool
    dtype: str

    @property
    def plan(self) -> Plan:
        return _edited(self.spec, self.edits)

    def run(self, framework: str) -> np.ndarray:
        """The numbers, computed in this framework: (N, K), or (N, H, W, C) without a head."""
        axes, twin = FRAMEWORKS[framework].axes, builder(framework)
        images = relayout(self.seen(framework), "NHWC", axes)
        output = twin.run(self.network(framework), images, self.training)
        return self.told(to_nhwc(output, axes), framework)

    def trace(self, framework: str) -> dict[str, np.ndarray]:
        """{"images": what the network sees, each layer, block and stage: its output, "output": the
        numbers}, in running order; (N, H, W, C) or (N, K)."""
        axes, twin = FRAMEWORKS[framework].axes, builder(framework)
        images, net = self.seen(framework), self.network(framework)
        found = twin.trace(net, relayout(images, "NHWC", axes), self.training)
        outputs = {name: to_nhwc(found[name], axes) for name in running_order(self.plan)}
        last = outputs[next(reversed(outputs))]
        return {"images": images, **outputs, "output": self.told(last, framework)}

    def network(self, framework: str) -> Any:
        """The network in this framework, weights in it."""
        home, plan = FRAMEWORKS[framework], self.plan
        net = built(framework, plan, self.dtype)
        arrays = {name: self.weights[name] for name in DIALECT.table(plan)}
        native = home.dialect == DIALECT.name  # a tenth of the time of a small network's run
        arrays = arrays if native else convert(arrays, plan, DIALECT.name, home.dialect)
        builder(framework).write(net, arrays)
        return net

    def seen(self, framework: str) -> np.ndarray:
        """The images as the network gets them, (N, H, W, C)."""
        images = self.images
        for step in self.before:
            images = step.apply(images, framework)
        return images

    def told(self, output: np.ndarray, framework: str) -> np.ndarray:
        """What becomes of the network's output."""
        for step in self.after:
            output = step.apply(output, framework)
        return output

    def rounded(self) -> "Use":
        """The same in float32."""
        return replace(self, dtype="float32")


@dataclass(frozen=True, eq=False)
class Made(Mapping[str, np.ndarray]):
    """Arrays that are made when they are read, so that a hundred mistakes cost no memory."""

    table: Mapping[str, Slot]
    make: Callable[[str], np.ndarray]

    def __getitem__(self, name: str) -> np.ndarray:
        return self.make(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.table)

    def __len__(self) -> int:
        return len(self.table)


def use(spec: ResNetSpec, seed: int, size: tuple[int, int]) -> Use:
    """Random weights with random norms, two standard normal images, nothing before or behind."""
    images = np.random.default_rng(seed).standard_normal((2, *size, spec.in_channels))
    weights = random_weights(spec, seed, Norms.RANDOM)
    return Use(spec, (), weights, images, (), (), training=False, dtype="float64")


def amended(use: Use, choices: Mapping[str, object]) -> Use | None:
    """The same weights in a network with some choices made otherwise.

    None if that is no network, if it has other arrays, or if nothing is changed by it.
    """
    try:
        spec = amend(use.spec, choices)
    except SpecError:
        return None
    before, after = resnet_spec.plan(use.spec), resnet_spec.plan(spec)
    if _shapes(before) != _shapes(after) or _layers(before) == _layers(after):
        return None
    return replace(use, spec=spec)


def reweighted(use: Use, change: Callable[[Slot, np.ndarray], np.ndarray]) -> Use:
    """The same network with each array changed, or not."""
    weights, table = use.weights, DIALECT.table(resnet_spec.plan(use.spec))
    return replace(use, weights=Made(table, lambda name: change(table[name], weights[name])))


def mixed_up(use: Use, other: Callable[[Slot], Slot]) -> Use:
    """The same network with each slot filled by what belongs into another one, or into it."""
    weights, table = use.weights, DIALECT.table(resnet_spec.plan(use.spec))
    names = {slot: name for name, slot in table.items()}
    return replace(use, weights=Made(table, lambda name: weights[names[other(table[name])]]))


def concerned(before: Use, after: Use) -> tuple[str, ...]:
    """The layers that one has otherwise than the other: in its plan, or in its arrays."""
    one, two = before.plan, after.plan
    table = DIALECT.table(resnet_spec.plan(before.spec))
    touched = set()
    if before.weights is not after.weights:
        touched = {
            slot.layer.name
            for name, slot in table.items()
            if not np.array_equal(before.weights[name], after.weights[name])
        }
    if one is not two:
        ours, theirs = _layers(one), _layers(two)
        touched |= {name for name in ours | theirs if ours.get(name) != theirs.get(name)}
    return tuple(name for name in _layers(one) | _layers(two) if name in touched)


def _shapes(plan: Plan) -> dict[str, tuple[int, ...]]:
    return {name: slot.shape for name, slot in DIALECT.table(plan).items()}


def _layers(plan: Plan) -> dict[str, object]:
    """{name: the layer and its place in its block, or what a sum is of}, in running order."""
    layers: dict[str, object] = {layer.name: layer for layer in plan.stem}
    for block in plan.blocks():
        for part in ("pre", "branch", "shortcut"):
            layers |= {layer.name: (part, layer) for layer in getattr(block, part) or ()}
        layers[block.addition] = (block.shortcut is None, block.shortcut_reads_pre)
        layers |= {layer.name: ("tail", layer) for layer in block.tail}
    return layers | {layer.name: layer for layer in plan.head}


@lru_cache(maxsize=64)
def _edited(spec: ResNetSpec, edits: tuple[Edit, ...]) -> Plan:
    plan = resnet_spec.plan(spec)
    for edit in edits:
        plan = edit(plan)
    return plan


@lru_cache(maxsize=4)
def built(framework: str, plan: Plan, dtype: str) -> Any:
    """A network of this plan, to write weights to: building one takes longer than running it."""
    return builder(framework).build(plan, dtype)
