"""The accuracy that some mistakes cost, in a published network on real images."""

from dataclasses import replace

import numpy as np
import pytest

from resnet_duet.comparison.adapters import subject
from resnet_duet.diagnosis.diagnose import as_scenario
from resnet_duet.differences import DIFFERENCES
from resnet_duet.scenarios.inference import InferenceScenario
from resnet_duet.scenarios.transforms import IMAGENET_MEAN, IMAGENET_STD

CORRECT_IMAGES = 934  # of 1,000 images, as in test_trained.py

# {difference: number of images that are classified correctly with the first of its mistakes}. The
# text of the difference describes the same: no worse, or hardly; poor, but far above chance, 100.
CORRECT = {
    "softmax": 934,
    "norm_eps": 935,
    "same_convolution": 898,
    "channel_order": 848,
    "kernel_sides": 407,
}


@pytest.fixture(scope="module")
def cifar(data) -> tuple[InferenceScenario, np.ndarray]:
    """The ResNet-20 of akamaster in float32, with normalised CIFAR-10 images; and their labels."""
    with np.load(data / "cifar10_test_1000.npz") as file:
        images = (file["images"] / 255 - IMAGENET_MEAN) / IMAGENET_STD
        labels = file["labels"]
    net = as_scenario(subject(str(data / "akamaster/resnet20-12fca82f.th")))
    return replace(net.in_float32(), images=images), labels


def correct(scenario: InferenceScenario, labels: np.ndarray) -> int:
    return int((scenario.run("torch").argmax(axis=1) == labels).sum())


@pytest.mark.slow
def test_the_network_without_a_mistake_classifies_934_images_correctly(cifar):
    assert correct(*cifar) == CORRECT_IMAGES


@pytest.mark.slow
@pytest.mark.parametrize("name", CORRECT)
def test_the_network_with_a_mistake_classifies_the_stated_number_correctly(cifar, name):
    scenario, labels = cifar
    mistake = next(iter(DIFFERENCES[name].mistakes(scenario)))
    assert correct(mistake.scenario, labels) == CORRECT[name]
