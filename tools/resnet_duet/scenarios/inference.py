"""An inference scenario: preprocessing, a network, postprocessing; and what a mistake changes."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

import resnet_spec
from resnet_duet.frameworks import FRAMEWORKS
from resnet_duet.weights.convert import convert
from resnet_duet.weights.dialects.torchvision import DIALECT
from resnet_duet.weights.init import Norms, random_weights
from resnet_spec import ArraySpec, Plan, ResNetSpec, SpecError
from resnet_spec.layers import Layer, Norm
from resnet_spec.rules import override
from resnet_spec.structure import Chain

Weights = Mapping[str, np.ndarray]
Edit = Callable[[Plan], Plan]  # a module's function, so that it is equal to itself


@dataclass(frozen=True)
class Transform:
    """A step of the preprocessing or of the postprocessing.

    Attributes:
        name: in a few words, such as "divided by 255".
        apply: (array, name of the framework) -> array. Images are (N, H, W, C), outputs (N, K) or
            (N, H, W, C).
    """

    name: str
    apply: Callable[[np.ndarray, str], np.ndarray]


@dataclass(frozen=True, eq=False)
class InferenceScenario:
    """Images, preprocessing, a network and postprocessing.

    Attributes:
        spec: the network.
        edits: changes to its plan that no choice of the spec makes, in order.
        weights: canonical names and layouts, float64.
        images: (N, H, W, C) float64.
        preprocessing: steps on the images, in order.
        postprocessing: steps on the output, in order.
        training: whether norms use the batch's own mean and variance.
        dtype: of the arithmetic.
    """

    spec: ResNetSpec
    edits: tuple[Edit, ...]
    weights: Weights
    images: np.ndarray
    preprocessing: tuple[Transform, ...]
    postprocessing: tuple[Transform, ...]
    training: bool
    dtype: str

    @property
    def plan(self) -> Plan:
        """The plan of the spec with the edits."""
        return _edited(self.spec, self.edits)

    def run(self, framework: str) -> np.ndarray:
        """The postprocessed output: (N, K), or (N, H, W, C) without a head.

        Args:
            framework: its name.
        """
        images, net = self.network_input(framework), self.network(framework)
        output = FRAMEWORKS[framework].run(net, images, self.training)
        return self.postprocess(output, framework)

    def trace(self, framework: str) -> dict[str, np.ndarray]:
        """Every intermediate result, in execution order.

        Returns:
            {"images": the network's input, name of a layer, block or stage: its output,
            "output": the postprocessed output}; (N, H, W, C) or (N, K).
        """
        images, net = self.network_input(framework), self.network(framework)
        outputs = FRAMEWORKS[framework].trace(net, images, self.training)
        last = outputs[next(reversed(outputs))]
        return {"images": images, **outputs, "output": self.postprocess(last, framework)}

    def network(self, framework: str) -> Any:
        """The network in this framework, with its weights."""
        own, plan = FRAMEWORKS[framework], self.plan
        net = cached_network(framework, plan, self.dtype)
        arrays = {name: self.weights[name] for name in DIALECT.table(plan)}
        is_native = own.dialect == DIALECT.name  # skips a tenth of a small network's run time
        own.write(net, arrays if is_native else convert(arrays, plan, DIALECT.name, own.dialect))
        return net

    def network_input(self, framework: str) -> np.ndarray:
        """The preprocessed images, (N, H, W, C)."""
        images = self.images
        for step in self.preprocessing:
            images = step.apply(images, framework)
        return images

    def postprocess(self, output: np.ndarray, framework: str) -> np.ndarray:
        """The result of all postprocessing steps on the network's output."""
        for step in self.postprocessing:
            output = step.apply(output, framework)
        return output

    def in_float32(self) -> "InferenceScenario":
        """The same scenario in float32."""
        return replace(self, dtype="float32")


@dataclass(frozen=True, eq=False)
class LazyArrays(Mapping[str, np.ndarray]):
    """Arrays that are made when they are read, so that a hundred mistakes need no memory.

    Attributes:
        table: the array of each name.
        make: name -> array.
    """

    table: Mapping[str, ArraySpec]
    make: Callable[[str], np.ndarray]

    def __getitem__(self, name: str) -> np.ndarray:
        return self.make(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.table)

    def __len__(self) -> int:
        return len(self.table)


def inference_scenario(spec: ResNetSpec, seed: int, size: tuple[int, int]) -> InferenceScenario:
    """A network with random weights and norms, and two images; no pre- or postprocessing.

    Args:
        spec: the network.
        seed: of the weights and of the images, which are standard normal.
        size: (height, width) of the images.
    """
    images = np.random.default_rng(seed).standard_normal((2, *size, spec.in_channels))
    weights = random_weights(spec, seed, Norms.RANDOM)
    return InferenceScenario(spec, (), weights, images, (), (), training=False, dtype="float64")


def with_choices(
    scenario: InferenceScenario, choices: Mapping[str, object]
) -> InferenceScenario | None:
    """The same weights in a network with other choices.

    Args:
        scenario: with the right choices.
        choices: {name of a choice: its value}, as for `resnet_spec.get`.

    Returns:
        The scenario; None if the choices are invalid, need other arrays or change nothing.
    """
    try:
        spec = override(scenario.spec, choices)
    except SpecError:
        return None
    before, after = resnet_spec.plan(scenario.spec), resnet_spec.plan(spec)
    if _shapes(before) != _shapes(after) or _layers(before) == _layers(after):
        return None
    return replace(scenario, spec=spec)


def map_arrays(
    scenario: InferenceScenario, change: Callable[[ArraySpec, np.ndarray], np.ndarray]
) -> InferenceScenario:
    """The scenario with a function applied to each array.

    Args:
        scenario: with the right arrays.
        change: (what the array is, the array) -> the array, changed or not.
    """
    weights, table = scenario.weights, DIALECT.table(resnet_spec.plan(scenario.spec))
    arrays = LazyArrays(table, lambda name: change(table[name], weights[name]))
    return replace(scenario, weights=arrays)


def permute_arrays(
    scenario: InferenceScenario, other: Callable[[ArraySpec], ArraySpec]
) -> InferenceScenario:
    """The scenario with arrays in the places of others.

    Args:
        scenario: with every array in its place.
        other: the array that is written to a place -> the array that is read instead.
    """
    weights, table = scenario.weights, DIALECT.table(resnet_spec.plan(scenario.spec))
    names = {array_spec: name for name, array_spec in table.items()}
    arrays = LazyArrays(table, lambda name: weights[names[other(table[name])]])
    return replace(scenario, weights=arrays)


def affected_layers(before: InferenceScenario, after: InferenceScenario) -> tuple[str, ...]:
    """The layers and sums that compute something else, in execution order.

    Their settings, inputs, arrays or precision differ, or they are norms in another mode.
    """
    return tuple(_affected(before, after))


def first_affected_layer(before: InferenceScenario, after: InferenceScenario) -> str | None:
    """The first of the `affected_layers`; None if there is none. Later arrays are not compared."""
    return next(_affected(before, after), None)


def _affected(before: InferenceScenario, after: InferenceScenario) -> Iterator[str]:
    one, two = _layers(before.plan), _layers(after.plan)
    arrays: dict[str, list[str]] = {}
    if before.weights is not after.weights:
        for name, array_spec in DIALECT.table(resnet_spec.plan(before.spec)).items():
            arrays.setdefault(array_spec.layer.name, []).append(name)

    def is_affected(name: str, layer: Layer | None) -> bool:
        return (
            before.dtype != after.dtype
            or (before.training is not after.training and isinstance(layer, Norm))
            or one.get(name) != two.get(name)
            or any(
                not np.array_equal(before.weights[array], after.weights[array])
                for array in arrays.get(name, ())
            )
        )

    for name, (layer, *_) in (one | two).items():
        if is_affected(name, layer):
            yield name


def _shapes(plan: Plan) -> dict[str, tuple[int, ...]]:
    return {name: array_spec.shape for name, array_spec in DIALECT.table(plan).items()}


def _layers(plan: Plan) -> dict[str, tuple[Layer | None, tuple[str, ...], Chain]]:
    """{name of a layer or sum: the layer, its inputs, its chain}, in execution order."""
    return {node.name: (node.layer, node.inputs, node.chain) for node in plan.walk()}


@lru_cache(maxsize=64)
def _edited(spec: ResNetSpec, edits: tuple[Edit, ...]) -> Plan:
    plan = resnet_spec.plan(spec)
    for edit in edits:
        plan = edit(plan)
    return plan


@lru_cache(maxsize=4)
def cached_network(framework: str, plan: Plan, dtype: str) -> Any:
    """A network of this plan to write weights to. Building one takes longer than running it."""
    return FRAMEWORKS[framework].build(plan, dtype, initial="empty")
