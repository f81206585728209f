"""Code of a user, for type checkers: `assert_type` states the types that they must infer.

It is not run. See test_typing.py.
"""

from collections.abc import Mapping
from typing import assert_type

import numpy as np
import torch

import resnet_duet
import resnet_spec
import resnet_torch


def load_and_save() -> None:
    net = resnet_duet.load("resnet50.pth", into="torch", num_classes=10)
    assert_type(net, resnet_torch.ResNet)
    module: torch.nn.Module = net
    assert_type(net.spec, resnet_spec.ResNetSpec)
    resnet_duet.save(module, "net.onnx", input_layout="NHWC")
    resnet_duet.save(resnet_duet.load("resnet50.pth", into="keras", dtype="float64"), "net.keras")


def build() -> torch.Tensor:
    net = resnet_torch.build("resnet50", dtype="float64", num_classes=10, stem={"pool": "zero"})
    assert_type(net, resnet_torch.ResNet)
    maps = resnet_torch.features(net)
    assert_type(resnet_torch.run(net, np.zeros((1, 3, 64, 64))), np.ndarray)
    assert_type(resnet_spec.plan("resnet18", groups=2), resnet_spec.Plan)
    output: torch.Tensor = maps(torch.zeros(1, 3, 64, 64))["layer4"]
    return output


def convert(weights: Mapping[str, np.ndarray]) -> list[str]:
    source, target = resnet_duet.dialects()[:2]
    converted = resnet_duet.convert(weights, "resnet18", source, target)
    random = resnet_duet.random_weights("resnet18", seed=0, norms=resnet_duet.Norms.RANDOM)
    names: list[str] = [*converted, *random, *resnet_duet.list_models("resnet*")]
    return names


def compare(net: torch.nn.Module) -> str:
    try:
        result = resnet_duet.compare("resnet50.pth", net, seeds=[0, 1])
    except (resnet_duet.FileError, resnet_duet.ResNetError) as error:
        return str(error)
    assert_type(result, resnet_duet.Comparison)
    assert_type(result.match, bool)
    assert_type(result.first_divergence, resnet_duet.LayerError | None)
    diagnosis = resnet_duet.diagnose("resnet50.pth", net)
    assert_type(diagnosis, resnet_duet.Diagnosis)
    causes: list[resnet_duet.Cause] = [cause for each in diagnosis.explanations for cause in each]
    return f"{result} {causes}"
