"""plan -> torch.nn.Module. Beside it, line by line: resnet_tf/network.py."""

import operator
from collections.abc import Iterable

import torch
from torch import nn

import resnet_spec
from resnet_spec.layers import Block, Layer, Plan, Relu
from resnet_torch.initial import initialise
from resnet_torch.layers import build_layer


def build(spec: resnet_spec.ResNetSpec | Plan | str, dtype: str = "float32") -> "ResNet":
    """The network of a spec, a plan or a name of the zoo, freshly initialised, in training mode.

    Args:
        spec: a ResNetSpec, or a name that `resnet_spec.get` knows, or a plan of one's own making.
        dtype: of parameters and arithmetic: "float32", "float64" or "float16".

    Returns:
        A module from (N, C, H, W) images of any size to (N, num_classes) logits, or to the last
        feature map (N, C, H', W') where num_classes is None.
    """
    net = ResNet(resnet_spec.plan(spec)).to(getattr(torch, resnet_spec.precision(dtype)))
    initialise(net)
    return net


def chain(module: nn.Module, names: Iterable[str], x: torch.Tensor) -> torch.Tensor:
    """Run x through the children of these names, one after the other."""
    for name in names:
        x = getattr(module, name)(x)
    return x


class ResidualBlock(nn.Module):
    """Two or three convolutions and the shortcut beside them, in any of the five orderings."""

    def __init__(self, block: Block):
        super().__init__()
        self.pre = adopt(self, block.name, block.pre)
        self.branch = adopt(self, block.name, block.branch)
        self.shortcut = None if block.shortcut is None else adopt(self, block.name, block.shortcut)
        self.tail = adopt(self, block.name, block.tail)
        self.shortcut_reads_pre = block.shortcut_reads_pre
        # In place saves memory, but a ReLU needs its output once more, for the gradient.
        self.add = operator.add if isinstance(block.branch[-1], Relu) else operator.iadd

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = chain(self, self.pre, x)
        y = chain(self, self.branch, h)
        if self.shortcut is not None:
            s = chain(self, self.shortcut, h if self.shortcut_reads_pre else x)
            y = self.add(y, s)
        return chain(self, self.tail, y)


class ResNet(nn.Module):
    """Stem, stages `layer1`, `layer2`, ..., head; the module paths are torchvision's."""

    def __init__(self, plan: Plan):
        super().__init__()
        self.plan, self.spec = plan, plan.spec
        self.stem = adopt(self, "", plan.stem)
        self.stages = [stage.name for stage in plan.stages]
        for stage in plan.stages:
            self.add_module(stage.name, nn.Sequential(*map(ResidualBlock, stage.blocks)))
        self.head = adopt(self, "", plan.head)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = chain(self, self.stem, x)
        x = chain(self, self.stages, x)
        return chain(self, self.head, x)


class Features(nn.Module):
    """The feature map of every stage, for a detector or a segmenter to read."""

    def __init__(self, net: ResNet):
        super().__init__()
        self.net = net

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        x = chain(self.net, self.net.stem, x)
        maps = {}
        for stage in self.net.stages:
            x = maps[stage] = chain(self.net, [stage], x)
        return maps


def features(net: ResNet) -> Features:
    """A network that shares `net`'s weights and returns {stage: (N, C, H, W) feature map}."""
    return Features(net)


def adopt(parent: nn.Module, prefix: str, layers: Iterable[Layer]) -> list[str]:
    """Make the layers descendants of `parent` and return, in running order, the children to call.

    A dotted name below the prefix (`downsample.0`, `conv1.3`) makes its first word a Sequential.
    """
    children: dict[str, None] = {}
    for layer in layers:
        child, dot, leaf = layer.name.removeprefix(f"{prefix}.").partition(".")
        if dot and child not in children:
            parent.add_module(child, nn.Sequential())
        home = parent.get_submodule(child) if dot else parent
        home.add_module(leaf or child, build_layer(layer))
        children[child] = None
    return list(children)
