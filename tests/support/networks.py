"""Small specs, networks with the same weights in both frameworks, images, comparisons."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

import resnet_duet
import resnet_spec
import resnet_tf
import resnet_torch
from resnet_duet.weights.convert import relayout
from resnet_spec import ResNetSpec

# Networks are compared in float64. Rounding noise of these networks is 1e-15 to 1e-13, and 1.1e-11
# with 1,001 layers. The smallest known mistake, an eps of 1.001e-5 for 1e-5, changes 5e-8 and more.
TOLERANCE = 1e-10

# One or two networks of each family of the zoo.
FAMILIES = ("resnet18", "resnet50", "resnet50_v1", "resnext50_32x4d", "wide_resnet50_2")
FAMILIES += ("keras_resnet50", "keras_resnet50v2", "preresnet18", "preresnet50", "resnet50c")
FAMILIES += ("cifar_resnet20", "cifar_resnet20_a_end", "cifar_resnet20_b", "cifar_plain20")
FAMILIES += ("resnet18d", "resnet50d", "mlperf_resnet8", "keras_cifar_resnet20v2")

EVEN = (32, 48)
ODD = (33, 45)


SMALL = {"depths": (2, 1), "widths": (8, 12), "num_classes": 7, "stem": {"channels": (8,)}}

# Choices that no network of the zoo has: {description: network}.
RARE = {
    "no norms": resnet_spec.get("resnet18", **SMALL, norm="none", bias="always"),
    "no norms, pre-activation": resnet_spec.get(
        "resnet50", **SMALL, norm="none", ordering="full_preactivation", bias="without_norm"
    ),
    "no norms, deep stem": resnet_spec.get(
        "resnet18d", **SMALL | {"stem": {"channels": (4, 4, 8)}}, norm="none", bias="always"
    ),
    "bias by place": resnet_spec.get(
        "resnet50", **SMALL, bias="always", shortcut={"norm": "never"}, **{"stem.bias": "never"}
    ),
    "bias in the stem": resnet_spec.get("resnet18", **SMALL, **{"stem.bias": "always"}),
    "bias in projections": resnet_spec.get(
        "resnet18", **SMALL, shortcut={"norm": "never", "bias": "always"}
    ),
    "bias in projections before norms": resnet_spec.get(
        "resnet18", **SMALL, **{"shortcut.bias": "always"}
    ),
    "no bias in projections": resnet_spec.get(
        "resnet18", **SMALL, bias="always", shortcut={"norm": "never", "bias": "never"}
    ),
    "epsilon of projections": resnet_spec.get("resnet50", **SMALL, shortcut={"norm_eps": 1e-3}),
    "groups in the first 1x1": resnet_spec.get(
        "resnet50", **SMALL, groups=2, width_per_group=32, groups_in_1x1=True
    ),
}


def every_row() -> list:
    """Every network of the zoo as a test parameter. Those outside of FAMILIES are marked long."""
    import pytest

    return [
        pytest.param(name, marks=() if name in FAMILIES else pytest.mark.long)
        for name in resnet_spec.names()
    ]


def thin(spec: ResNetSpec) -> ResNetSpec:
    """The network with an eighth of the channels and 7 classes."""
    stem = replace(spec.stem, channels=tuple(max(c // 8, 2) for c in spec.stem.channels))
    widths = tuple(max(w // 8, 2) for w in spec.widths)
    per_group = spec.width_per_group if spec.groups == 1 else 64
    groups = 1 if spec.groups == 1 else 2
    return replace(
        spec, stem=stem, widths=widths, num_classes=7, groups=groups, width_per_group=per_group
    )


def short(spec: ResNetSpec) -> ResNetSpec:
    """The network with at most three blocks in a stage: the first, one in between, the last."""
    return replace(spec, depths=tuple(min(depth, 3) for depth in spec.depths))


def matching_networks(spec: ResNetSpec | str, seed: int = 0, dtype: str = "float64"):
    """(PyTorch network, Keras network) of one spec with the same random bits in both."""
    spec = resnet_spec.get(spec) if isinstance(spec, str) else spec
    weights = resnet_duet.random_weights(spec, seed, norms="random")
    torch_net = resnet_torch.build(spec, dtype=dtype, initial="empty")
    keras_net = resnet_tf.build(spec, dtype=dtype, initial="empty")
    resnet_torch.write(torch_net, weights)
    resnet_tf.write(keras_net, resnet_duet.convert(weights, spec, "torchvision", "keras"))
    return torch_net, keras_net


def images(size: tuple[int, int], channels: int = 3, seed: int = 0, batch: int = 2) -> np.ndarray:
    """Standard normal float64 images, (N, H, W, C)."""
    return np.random.default_rng(seed).standard_normal((batch, *size, channels))


def nchw(array: np.ndarray) -> np.ndarray:
    """(N, H, W, C) -> (N, C, H, W)."""
    return relayout(array, "NHWC", "NCHW")


def traces(torch_net, keras_net, x: np.ndarray):
    """The traces of both networks on images (N, H, W, C), with feature maps (N, H, W, C)."""
    torch_trace = resnet_torch.trace(torch_net, nchw(x))
    torch_trace = {
        name: relayout(array, "NCHW", "NHWC") if array.ndim == 4 else array
        for name, array in torch_trace.items()
    }
    return torch_trace, resnet_tf.trace(keras_net, x)


def assert_close(actual: np.ndarray, desired: np.ndarray, name: str, tolerance: float = TOLERANCE):
    """max|actual - desired| <= tolerance * max|desired|, and no value is NaN."""
    np.testing.assert_allclose(
        actual,
        desired,
        rtol=0,
        atol=tolerance * np.abs(desired).max(),
        equal_nan=False,
        err_msg=name,
    )


def assert_agree(a: Mapping[str, np.ndarray], b: Mapping[str, np.ndarray]):
    """Two traces have the same layers in the same order, and agree in each."""
    assert list(a) == list(b)
    for name in a:
        assert_close(b[name], a[name], name)


def assert_networks_agree(spec: ResNetSpec | str, sizes=(EVEN, ODD)):
    """The PyTorch and the Keras network of a spec agree in every layer, at every image size.

    Returns the Keras network, for further checks.
    """
    torch_net, keras_net = matching_networks(spec)
    for size in sizes:
        assert_agree(*traces(torch_net, keras_net, images(size, torch_net.spec.in_channels)))
    return keras_net


def randomise_statistics(net, seed: int = 0) -> None:
    """Give any PyTorch network the norms of a trained one, in place."""
    import torch

    torch.manual_seed(seed)
    with torch.no_grad():
        for name, array in net.state_dict().items():
            if name.endswith("running_var") or (array.ndim == 1 and name.endswith("weight")):
                array.uniform_(0.5, 1.5)
            elif name.endswith(("running_mean", "bias")):
                array.normal_(std=0.1)


def bits(weights: Mapping[str, np.ndarray]) -> dict[str, tuple]:
    """{name: (dtype, shape, bytes)}, to compare arrays bit by bit."""
    return {
        name: (array.dtype.name, array.shape, np.ascontiguousarray(array).tobytes())
        for name, array in weights.items()
    }
