"""The code that a difference shows runs, in a scene that has what it speaks of."""

import math
from collections.abc import Iterator
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch
from keras import layers, ops
from PIL import Image
from torch import nn
from torch.nn import functional as F

from resnet_duet.differences import DIFFERENCES

LIBRARIES = {"math": math, "torch": torch, "nn": nn, "F": F, "Image": Image}
LIBRARIES |= {"keras": keras, "layers": layers, "ops": ops, "tf": tf}

# Libraries that this project does without. What is shown of them is not run.
ELSEWHERE = {"channel_order.wrong", "image_scale.wrong"}

SNIPPETS = {f"{n}.{side}": n for n in DIFFERENCES for side in ("torch", "keras", "wrong")}

N, H, W, CLASSES = 2, 6, 8, 1000


def numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(0.1, 1, shape).astype(np.float32)


def torch_scene(name: str, path: str) -> dict[str, object]:
    """Modules, and images (N, C, H, W)."""
    x, kept = torch.from_numpy(numbers(N, 3, H, W)), nn.Identity()
    net = nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3), nn.Flatten())
    net.append(nn.Linear(3 * H * W, CLASSES))
    conv, bn, flatten, fc = net
    block = SimpleNamespace(branch=kept, shortcut=kept, conv2=conv, bn1=bn, bn2=bn)
    block.norm, block.avgpool, block.fc = bn, flatten, fc
    scene = {"x": x, "y": x, "maps": x, "net": net, "conv": conv, "bn": bn, "fc": fc, "self": block}
    scene |= {"kernel": conv.weight, "images": numbers(N, H, W, 3), "image": numbers(H, W, 3)}
    scene |= {"logits": net(x).detach(), "labels": torch.tensor([1, 4])}
    scene |= {"weights": torch.ones(CLASSES), "path": path, "height": H, "width": W}
    scene |= {"group": {"gamma": numbers(3), "beta": numbers(3)}, "copy": lambda name, array: None}
    return scene | {"stage": 1, "block": 0}


def keras_scene(name: str, path: str) -> dict[str, object]:
    """Layers, and images (N, H, W, C)."""
    image, x = keras.Input((H, W, 3)), ops.convert_to_tensor(numbers(N, H, W, 3))
    conv, norm, fc = layers.Conv2D(4, 3), layers.BatchNormalization(), layers.Dense(CLASSES)
    model = keras.Model(image, fc(layers.Flatten()(norm(conv(image)))))
    scene = {"x": x, "y": x, "maps": x, "model": model, "layer": conv, "n": N, "h": H, "w": W}
    scene |= {"shortcut": x, "kernel": numbers(4, 3, 3, 3), "path": f"{path}.weights.h5"}
    scene |= {"images": numbers(N, H, W, 3), "image": numbers(H, W, 3)}
    scene |= {"logits": model(x), "labels": np.array([1, 4]), "weights": ops.ones(CLASSES)}
    match name:
        case "kernel_flip":
            scene["kernel"] = numbers(3, 3, 3, 4)
        case "dense_layout":
            scene |= {"layer": fc, "kernel": fc.kernel.numpy().T}
        case "swapped_statistics" | "norm_order":
            words = "weight", "bias", "running_mean", "running_var"
            scene["bn"] = SimpleNamespace(**dict.fromkeys(words, numbers(4)))
            scene |= {"layer": norm, "arrays": [numbers(4)] * 4}
        case "grouped_kernels":
            scene["of_each_group"] = [numbers(N, H, W, 4)] * 32
        case "projection_input":
            scene |= {"h": x, "branch": ops.relu, "shortcut": ops.relu}
        case "channel_order":
            scene["path"] = path
    return scene


SCENES = {"torch": torch_scene, "keras": keras_scene}


@pytest.fixture
def settings_restored() -> Iterator[None]:
    """Some of what is shown sets Keras' precision for all that follows."""
    policy, floatx = keras.config.dtype_policy(), keras.config.floatx()
    yield
    keras.config.set_dtype_policy(policy)
    keras.config.set_floatx(floatx)


@pytest.mark.usefixtures("settings_restored")
@pytest.mark.parametrize("snippet", SNIPPETS)
def test_what_is_shown_runs(snippet, tmp_path):
    name, side = SNIPPETS[snippet], snippet.rpartition(".")[2]
    code = getattr(DIFFERENCES[name], side)
    if snippet in ELSEWHERE:
        assert "cv2" in code or "transforms" in code
        pytest.skip("of OpenCV or torchvision, which this project does without")
    framework = DIFFERENCES[name].wrong_in if side == "wrong" else side
    path = tmp_path / "image.png"
    Image.new("RGB", (W, H)).save(path)
    exec(code, LIBRARIES | SCENES[framework](name, str(path)))
