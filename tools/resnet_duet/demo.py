"""The whole job on real data: train in PyTorch, convert to Keras, compare."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

import resnet_spec
from resnet_duet import formats
from resnet_duet.comparison.compare import TOLERANCE, compare
from resnet_duet.comparison.comparison import Comparison
from resnet_duet.datasets import Digits, load_digits
from resnet_duet.errors import FileError
from resnet_duet.frameworks import KERAS, TORCH
from resnet_duet.models import load, save
from resnet_duet.weights.convert import convert, relayout
from resnet_duet.weights.relative_error import relative_error
from resnet_spec import ResNetSpec

SPEC = resnet_spec.get("cifar_resnet20_b", in_channels=1)
BATCH = 64
RATE = 0.1  # highest learning rate of the one-cycle schedule
TORCH_FILE, KERAS_FILE = "digits.pth", "digits.keras"


class Stage(StrEnum):
    """What the demo does, in this order."""

    TRAIN = "train"
    CONVERT = "convert"
    COMPARE = "compare"


# Called as a stage starts, and after each training step: (steps done, steps in all, loss).
OnStage = Callable[[Stage], None]
OnStep = Callable[[int, int, float], None]


@dataclass(frozen=True)
class DemoResult:
    """What the demo found.

    Attributes:
        held_out: number of test images.
        correct_torch, correct_keras: test images that each network classifies correctly.
        same_predictions: test images with the same class in both.
        logit_error: max|torch - keras| / max|torch| of the logits, float64.
        comparison: of both networks, layer by layer.
        round_trip_exact: whether the weights come back from Keras bit-exact.
        files: the two checkpoints.
    """

    held_out: int
    correct_torch: int
    correct_keras: int
    same_predictions: int
    logit_error: float
    comparison: Comparison
    round_trip_exact: bool
    files: tuple[Path, Path]

    @property
    def passed(self) -> bool:
        """Whether both networks are equivalent."""
        return (
            self.same_predictions == self.held_out
            and self.correct_torch == self.correct_keras
            and self.logit_error <= TOLERANCE
            and self.comparison.match
            and self.round_trip_exact
        )


def run(folder: Path, epochs: int, on_stage: OnStage, on_step: OnStep) -> DemoResult:
    """Train a network on handwritten digits, convert it to Keras and back, and compare.

    Args:
        folder: where the two checkpoints go; it is created.
        epochs: of the training.
        on_stage: called as a stage starts.
        on_step: called after each training step.

    Raises:
        FileError: the folder cannot be created.
        FrameworkError: PyTorch, Keras or scikit-learn is not installed.
    """
    TORCH.builder()
    KERAS.builder()
    digits = load_digits()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"{folder}: the folder cannot be created: {error.strerror}") from error
    torch_file, keras_file = folder / TORCH_FILE, folder / KERAS_FILE
    on_stage(Stage.TRAIN)
    net = train(SPEC, digits, epochs, on_step)
    save(net, torch_file)
    on_stage(Stage.CONVERT)
    save(load(torch_file, into="keras"), keras_file)
    on_stage(Stage.COMPARE)
    return compare_files(digits, torch_file, keras_file)


def train(spec: ResNetSpec, digits: Digits, epochs: int, on_step: OnStep) -> Any:
    """Train in PyTorch: SGD with momentum, one-cycle schedule.

    Returns:
        The network, in evaluation mode.
    """
    import torch
    from torch.nn.functional import cross_entropy

    torch.manual_seed(0)
    net = TORCH.build(spec)
    images = torch.from_numpy(relayout(digits.train_images, "NHWC", "NCHW"))
    labels = torch.from_numpy(digits.train_labels)
    steps = epochs * -(-len(labels) // BATCH)
    optimizer = torch.optim.SGD(net.parameters(), RATE, momentum=0.9, weight_decay=5e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    batches = (b for _ in range(epochs) for b in torch.randperm(len(labels)).split(BATCH))
    for done, batch in enumerate(batches, start=1):
        loss = cross_entropy(net(images[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        on_step(done, steps, loss.item())
    return net.eval()


def compare_files(digits: Digits, torch_file: Path, keras_file: Path) -> DemoResult:
    """Load both files in float64 and compare their predictions, layers and weights."""
    torch_net = load(torch_file, into="torch", dtype="float64")
    keras_net = load(keras_file, into="keras", dtype="float64")
    torch_logits, keras_logits = logits(torch_net, keras_net, digits.test_images)
    torch_classes, keras_classes = torch_logits.argmax(1), keras_logits.argmax(1)
    before = formats.read(torch_file).arrays
    back = convert(formats.read(keras_file).arrays, torch_net.spec, "keras", "torchvision")
    return DemoResult(
        held_out=len(digits.test_labels),
        correct_torch=int((torch_classes == digits.test_labels).sum()),
        correct_keras=int((keras_classes == digits.test_labels).sum()),
        same_predictions=int((torch_classes == keras_classes).sum()),
        logit_error=relative_error(torch_logits, keras_logits),
        comparison=compare(torch_net, keras_net),
        round_trip_exact=all(before[name].tobytes() == back[name].tobytes() for name in before),
        files=(torch_file, keras_file),
    )


def logits(torch_net: Any, keras_net: Any, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N, 10) of each network in float64, from the same images (N, H, W, 1)."""
    import torch

    with torch.no_grad():
        nchw = torch.from_numpy(relayout(images, "NHWC", "NCHW")).double()
        torch_logits = torch_net.eval()(nchw).numpy()
    return torch_logits, np.asarray(keras_net(images.astype(np.float64), training=False))
