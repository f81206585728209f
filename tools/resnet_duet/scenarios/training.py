"""A training scenario: a few steps by each framework's own optimizer and loss."""

from dataclasses import dataclass, replace

import numpy as np

import resnet_spec
from resnet_duet.frameworks import FRAMEWORKS, KERAS, TORCH
from resnet_duet.scenarios import train_keras, train_torch
from resnet_duet.scenarios.inference import Weights, cached_network
from resnet_duet.scenarios.networks import EVEN, small
from resnet_duet.scenarios.optimizer_settings import OptimizerSettings
from resnet_duet.weights.convert import convert, relayout
from resnet_duet.weights.dialects.torchvision import DIALECT
from resnet_duet.weights.init import Norms, random_weights
from resnet_spec import Plan, ResNetSpec
from resnet_spec.layers import Norm
from resnet_spec.measure import Size, shapes

TRAIN = {TORCH.name: train_torch.train, KERAS.name: train_keras.train}


@dataclass(frozen=True, eq=False)
class TrainingScenario:
    """Initial weights, a batch, and a few steps of training on it.

    Attributes:
        spec: the network.
        weights: the initial ones; canonical names and layouts, float64.
        images: (N, H, W, C) float64, the batch of every step.
        labels: (N,) int64.
        settings: of the optimizer and the loss.
        dtype: of the arithmetic.
    """

    spec: ResNetSpec
    weights: Weights
    images: np.ndarray
    labels: np.ndarray
    settings: OptimizerSettings
    dtype: str

    def run(self, framework: str) -> np.ndarray:
        """All values of `trained_weights` in one array.

        Args:
            framework: its name.
        """
        arrays = self.trained_weights(framework)
        return np.concatenate([np.ravel(array) for array in arrays.values()])

    def trained_weights(self, framework: str) -> dict[str, np.ndarray]:
        """The weights after the last step, running statistics included: canonical, float64."""
        return self.weights_by_step(framework)[-1]

    def weights_by_step(self, framework: str) -> list[dict[str, np.ndarray]]:
        """The weights after each step, running statistics included: canonical, float64."""
        own, plan = FRAMEWORKS[framework], resnet_spec.plan(self.spec)
        net = cached_network(framework, plan, self.dtype)
        own.write(net, convert(self.weights, plan, DIALECT.name, own.dialect))
        images = relayout(self.images, "NHWC", own.axes)
        n, *size, _ = self.images.shape
        steps = []

        def keep() -> None:
            arrays = convert(own.read(net), plan, own.dialect, DIALECT.name)
            steps.append({name: arrays[name].astype(np.float64) for name in DIALECT.table(plan)})

        values = counts(plan, n, (size[0], size[1]))
        TRAIN[framework](net, images, self.labels, self.settings, values, keep)
        return steps

    def in_float32(self) -> "TrainingScenario":
        """The same scenario in float32."""
        return replace(self, dtype="float32")


def counts(plan: Plan, batch: int, size: Size) -> dict[str, int]:
    """{name of a norm: values per channel in a batch, batch x height x width}.

    Args:
        plan: the network.
        batch: the number of images.
        size: (height, width) of the images.
    """
    outputs = shapes(plan, size)
    norms = [layer.name for layer in plan.layers() if isinstance(layer, Norm)]
    return {name: batch * int(np.prod(outputs[name][1:])) for name in norms}


def small_training(settings: OptimizerSettings, batch: int) -> TrainingScenario:
    """A small ResNet-18 with random norms and standard normal images.

    Args:
        settings: of the optimizer and the loss; one class weight for each class.
        batch: the number of images. The classes take turns as labels.
    """
    classes = len(settings.class_weights)
    spec = replace(small("resnet18"), num_classes=classes)
    weights = random_weights(spec, 0, Norms.RANDOM)
    images = np.random.default_rng(0).standard_normal((batch, *EVEN, spec.in_channels))
    return TrainingScenario(spec, weights, images, np.arange(batch) % classes, settings, "float64")
