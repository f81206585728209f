"""A network that is trained for a few steps, by either framework's own optimizer and loss."""

from dataclasses import dataclass, replace

import numpy as np

import resnet_spec
from resnet_duet.experiments import train_keras, train_torch
from resnet_duet.experiments.nets import EVEN, small
from resnet_duet.experiments.recipe import Recipe
from resnet_duet.experiments.use import Weights, built
from resnet_duet.frameworks import FRAMEWORKS, KERAS, TORCH, builder
from resnet_duet.port.convert import convert, relayout
from resnet_duet.port.dialects.torchvision import DIALECT
from resnet_duet.port.random import Norms, random_weights
from resnet_spec import Plan, ResNetSpec
from resnet_spec.layers import Norm
from resnet_spec.measure import Size, shapes

TRAIN = {TORCH.name: train_torch.train, KERAS.name: train_keras.train}


@dataclass(frozen=True, eq=False)
class Training:
    """Weights, through a few steps, to other weights.

    Attributes:
        spec: the network.
        weights: at the start; canonical names and layouts, float64.
        images: (N, H, W, C) float64, the batch of every step.
        labels: (N,) int64.
        recipe: how it is trained.
        dtype: of the arithmetic.
    """

    spec: ResNetSpec
    weights: Weights
    images: np.ndarray
    labels: np.ndarray
    recipe: Recipe
    dtype: str

    def run(self, framework: str) -> np.ndarray:
        """Every number of `trained`, one after the other."""
        arrays = self.trained(framework)
        return np.concatenate([np.ravel(array) for array in arrays.values()])

    def trained(self, framework: str) -> dict[str, np.ndarray]:
        """The weights after the steps, running statistics included: canonical, float64."""
        return self.course(framework)[-1]

    def course(self, framework: str) -> list[dict[str, np.ndarray]]:
        """The weights after every step."""
        home, twin, plan = FRAMEWORKS[framework], builder(framework), resnet_spec.plan(self.spec)
        net = built(framework, plan, self.dtype)
        twin.write(net, convert(self.weights, plan, DIALECT.name, home.dialect))
        images = relayout(self.images, "NHWC", home.axes)
        n, *size, _ = self.images.shape
        course = []

        def keep() -> None:
            arrays = convert(twin.read(net), plan, home.dialect, DIALECT.name)
            course.append({name: arrays[name].astype(np.float64) for name in DIALECT.table(plan)})

        each = counts(plan, n, (size[0], size[1]))
        TRAIN[framework](net, images, self.labels, self.recipe, each, keep)
        return course

    def rounded(self) -> "Training":
        """The same in float32."""
        return replace(self, dtype="float32")


def counts(plan: Plan, batch: int, size: Size) -> dict[str, int]:
    """{name of a norm: batch x height x width, the numbers that its mean is of}."""
    outputs = shapes(plan, size)
    norms = [layer.name for layer in plan.layers() if isinstance(layer, Norm)]
    return {name: batch * int(np.prod(outputs[name][1:])) for name in norms}


def small_training(recipe: Recipe, batch: int) -> Training:
    """A small ResNet-18 with random norms, standard normal images, the classes in turn."""
    classes = len(recipe.class_weights)
    spec = replace(small("resnet18"), num_classes=classes)
    weights = random_weights(spec, 0, Norms.RANDOM)
    images = np.random.default_rng(0).standard_normal((batch, *EVEN, spec.in_channels))
    return Training(spec, weights, images, np.arange(batch) % classes, recipe, "float64")
