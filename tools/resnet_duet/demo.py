"""The main job on real data: train in PyTorch, carry over to Keras, prove that nothing changed."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

import resnet_spec
from resnet_duet.errors import FileError, FrameworkError, ProofError
from resnet_duet.frameworks import builder
from resnet_duet.models import load, save
from resnet_duet.port import files
from resnet_duet.port.convert import convert, relayout
from resnet_duet.proof.compare import SAME, Comparison, compare
from resnet_duet.proof.rows import relative_error
from resnet_duet.tables import console, print_comparison, print_table
from resnet_spec.show import title

HELD_OUT = 360  # of the 1,797 digits
BATCH = 64
RATE = 0.1  # highest learning rate of the one cycle


@dataclass(frozen=True)
class Digits:
    """scikit-learn's handwritten digits: 8x8 grey images of UCI's optical recognition set.

    Attributes:
        train_images, test_images: float32 (N, H, W, 1), in 0..1.
        train_labels, test_labels: int64 (N,).
    """

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray


@dataclass(frozen=True)
class Facts:
    """What the demo found out."""

    held_out: int
    correct_torch: int
    correct_keras: int
    same_predictions: int
    logit_error: float
    layers_same: bool
    way_back_exact: bool
    files: tuple[str, ...]

    @property
    def proven(self) -> bool:
        return (
            self.same_predictions == self.held_out
            and self.correct_torch == self.correct_keras
            and self.logit_error <= SAME
            and self.layers_same
            and self.way_back_exact
        )


def run(out: Path, epochs: int, as_json: bool) -> None:
    """Train, convert, compare, print, and leave the files in `out`.

    Raises:
        FileError: the folder cannot be made.
        ProofError: the two networks are not the same.
        FrameworkError: PyTorch, TensorFlow or scikit-learn is not installed.
    """
    console.quiet = as_json
    builder("torch")
    builder("keras")
    digits = load_digits()
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"{out} cannot be made: {error.strerror}") from None
    spec = resnet_spec.get("cifar_resnet20_b", in_channels=1)
    console.print(title(resnet_spec.plan(spec), (8, 8)))
    console.print(f"\n1. train on {len(digits.train_labels)} handwritten digits, in PyTorch")
    net = train(spec, digits, epochs)
    torch_file, keras_file = out / "digits.pth", out / "digits.keras"
    save(net, torch_file)
    console.print(f"2. carry {torch_file.name} over to Keras, and back")
    save(load(torch_file, into="keras"), keras_file)
    console.print("3. run both on the digits held out, and layer by layer in float64\n")
    facts, comparison = prove(digits, torch_file, keras_file)
    report(facts, comparison)
    if as_json:
        print(json.dumps(asdict(facts)))
    if not facts.proven:
        raise ProofError(f"the two networks are not the same: {facts}")


def load_digits() -> Digits:
    """The digits, shuffled and split, always alike. Raises FrameworkError: no scikit-learn."""
    try:
        from sklearn.datasets import load_digits as load_bundled
    except ModuleNotFoundError:
        raise FrameworkError(
            "the demo needs scikit-learn for its digits: pip install 'resnet-duet[demo]'"
        ) from None
    bunch = load_bundled()
    order = np.random.default_rng(0).permutation(len(bunch.target))
    images = (bunch.images[order] / 16).astype(np.float32)[..., np.newaxis]
    labels = bunch.target[order].astype(np.int64)
    cut = len(labels) - HELD_OUT
    return Digits(images[:cut], labels[:cut], images[cut:], labels[cut:])


def train(spec: resnet_spec.ResNetSpec, digits: Digits, epochs: int) -> Any:
    """SGD with momentum under a one-cycle schedule; a bar shows how far it is."""
    import torch
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
    from torch.nn.functional import cross_entropy

    torch.manual_seed(0)
    net = builder("torch").build(spec)
    images = torch.from_numpy(relayout(digits.train_images, "NHWC", "NCHW"))
    labels = torch.from_numpy(digits.train_labels)
    steps = -(-len(labels) // BATCH)
    optimizer = torch.optim.SGD(net.parameters(), RATE, momentum=0.9, weight_decay=5e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=epochs * steps)
    columns = TextColumn("   loss {task.fields[loss]:.3f}"), BarColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("train", total=epochs * steps, loss=0.0)
        for _ in range(epochs):
            for batch in torch.randperm(len(labels)).split(BATCH):
                loss = cross_entropy(net(images[batch]), labels[batch])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                progress.update(task, advance=1, loss=loss.item())
    return net.eval()


def prove(digits: Digits, torch_file: Path, keras_file: Path) -> tuple[Facts, Comparison]:
    """Load both files and compare what they say of the held-out digits."""
    torch_net = load(torch_file, into="torch", dtype="float64")
    keras_net = load(keras_file, into="keras", dtype="float64")
    torch_logits, keras_logits = logits(torch_net, keras_net, digits.test_images)
    comparison = compare(torch_net, keras_net)
    spec, home = torch_net.spec, files.read(torch_file).arrays
    back = convert(files.read(keras_file).arrays, spec, "keras", "torchvision")
    facts = Facts(
        held_out=len(digits.test_labels),
        correct_torch=int((torch_logits.argmax(1) == digits.test_labels).sum()),
        correct_keras=int((keras_logits.argmax(1) == digits.test_labels).sum()),
        same_predictions=int((torch_logits.argmax(1) == keras_logits.argmax(1)).sum()),
        logit_error=relative_error(torch_logits, keras_logits),
        layers_same=comparison.same,
        way_back_exact=all(home[name].tobytes() == back[name].tobytes() for name in home),
        files=(str(torch_file), str(keras_file)),
    )
    return facts, comparison


def logits(torch_net: Any, keras_net: Any, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N, 10) of each network in float64, from the same images (N, H, W, 1)."""
    import torch

    with torch.no_grad():
        nchw = torch.from_numpy(relayout(images, "NHWC", "NCHW")).double()
        ours = torch_net.eval()(nchw).numpy()
    return ours, keras_net(images.astype(np.float64), training=False).numpy()


def report(facts: Facts, comparison: Comparison) -> None:
    """The table at the end."""
    print_comparison(comparison)
    share = f"of {facts.held_out} digits held out"
    rows = [
        ("right in PyTorch", f"{facts.correct_torch} {share}"),
        ("right in Keras", f"{facts.correct_keras} {share}"),
        ("the same answer in both", f"{facts.same_predictions} {share}"),
        ("logits, float64", f"rel. difference {facts.logit_error:.1e}"),
        ("weights, Keras -> PyTorch", "bit for bit" if facts.way_back_exact else "CHANGED"),
        *(("file", path) for path in facts.files),
    ]
    console.print()
    print_table(("on the digits", ""), rows)
