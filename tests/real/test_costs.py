"""What some differences cost in accuracy, in somebody's trained network on real images."""

from dataclasses import replace

import numpy as np
import pytest

from resnet_duet.differences import DIFFERENCES
from resnet_duet.experiments.steps import IMAGENET_MEAN, IMAGENET_STD
from resnet_duet.experiments.use import Use
from resnet_duet.proof.adapters import network
from resnet_duet.proof.diagnose import as_use

RIGHT = 934  # of 1,000 images, as in test_trained.py

# {difference: how many images are right with the first of its mistakes}. Its paragraph says so in
# words: no worse, or hardly; poor, and still far more than the hundred of mere chance.
CORRECT = {
    "softmax": 934,
    "norm_eps": 935,
    "same_convolution": 898,
    "channel_order": 848,
    "kernel_sides": 407,
}


@pytest.fixture(scope="module")
def cifar(data) -> tuple[Use, np.ndarray]:
    """The ResNet-20 of akamaster with CIFAR-10's images as it wants them, in float32; labels."""
    with np.load(data / "cifar10_test_1000.npz") as file:
        images = (file["images"] / 255 - IMAGENET_MEAN) / IMAGENET_STD
        labels = file["labels"]
    net = as_use(network(str(data / "akamaster/resnet20-12fca82f.th")))
    return replace(net.rounded(), images=images), labels


def correct(world: Use, labels: np.ndarray) -> int:
    return int((world.run("torch").argmax(axis=1) == labels).sum())


@pytest.mark.slow
def test_without_a_mistake_so_many_images_are_right(cifar):
    assert correct(*cifar) == RIGHT


@pytest.mark.slow
@pytest.mark.parametrize("name", CORRECT)
def test_a_mistake_leaves_so_many_images_right(cifar, name):
    world, labels = cifar
    mistake = next(iter(DIFFERENCES[name].mistakes(world)))
    assert correct(mistake.world, labels) == CORRECT[name]
