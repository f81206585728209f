"""The originals, made to run here, and our files for them."""

import sys
import types
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch

import resnet_duet
import resnet_torch
from resnet_duet.cli import main
from resnet_duet.weights.convert import relayout
from resnet_spec import ResNetSpec
from support.networks import assert_close, bits, images, nchw

SIZES = ((64, 96), (65, 97))


@dataclass(frozen=True)
class Ported:
    """Our PyTorch network with random weights, and a file of them in another dialect."""

    net: torch.nn.Module
    file: Path

    def assert_computed_by(self, run: Callable[[np.ndarray], np.ndarray]):
        """`run` takes images, (N, H, W, C), and gives logits or the last feature map."""
        for size in SIZES:
            x = images(size)
            with torch.no_grad():
                want = self.net(torch.from_numpy(nchw(x))).numpy()
            if want.ndim == 4:
                want = relayout(want, "NCHW", "NHWC")
            assert_close(run(x), want, f"{self.file.name} at {size}")

    def assert_read_from(self, file: Path | str):
        """A file of another library is identified as the same network, bit-exact."""
        spec = self.net.spec
        own = {"num_classes": None} if spec.num_classes is None else {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", resnet_duet.UndeterminedChoicesWarning)
            found = resnet_duet.load(file, into="torch", **own)
        assert found.spec == spec
        assert bits(resnet_torch.read(found)) == bits(resnet_torch.read(self.net))


@pytest.fixture
def ported(tmp_path):
    """(spec, dialect, suffix) -> a network of ours, and the file that the command line writes."""

    def convert_file(spec: ResNetSpec, dialect: str, suffix: str) -> Ported:
        weights = resnet_duet.random_weights(spec, 0, norms="random")
        net = resnet_torch.build(spec, "float64").eval()
        resnet_torch.write(net, weights)
        source, choices = tmp_path / "source.npz", tmp_path / "spec.json"
        target = tmp_path / f"{dialect}{suffix}"
        np.savez(source, **weights)
        choices.write_text(spec.to_json())
        words = ["convert", source, target, "--spec", choices, "--from", "torchvision"]
        main([*map(str, words), "--to", dialect], standalone_mode=False)
        return Ported(net, target)

    return convert_file


@pytest.fixture(scope="session")
def torchvision_models():
    """torchvision's models, with an empty module where it registers operators.

    It has no CPU build everywhere; its models do not use its operators.
    """
    sys.modules.setdefault(
        "torchvision._meta_registrations", types.ModuleType("torchvision._meta_registrations")
    )
    return pytest.importorskip("torchvision.models", reason="torchvision is not installed")


@pytest.fixture(scope="session")
def timm(torchvision_models):
    """timm, whose import needs torchvision's."""
    return pytest.importorskip("timm", reason="timm is not installed")


@pytest.fixture(scope="session")
def transformers(torchvision_models):
    """transformers, whose import needs torchvision's where there is one."""
    return pytest.importorskip("transformers", reason="transformers is not installed")


@pytest.fixture(scope="session")
def tf_slim():
    """TF-slim, whose layers are those of TensorFlow 1, which tf_keras keeps in another place."""
    pytest.importorskip("tf_keras", reason="tf_keras is not installed")
    sys.modules.setdefault(
        "tf_keras.legacy_tf_layers.normalization",
        import_module("tf_keras.src.legacy_tf_layers.normalization"),
    )
    return pytest.importorskip("tf_slim", reason="tf_slim is not installed")
