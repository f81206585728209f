"""plan -> torch.nn.Module. Counterpart: resnet_tf/network.py."""

import operator
from collections.abc import Iterable

import torch
from torch import nn

import resnet_spec
from resnet_spec import Dtype, Plan, ResNetSpec
from resnet_spec.initial import Initial, InitialWeights, initial_weights
from resnet_spec.layers import Layer, Relu
from resnet_spec.precision import precision
from resnet_spec.structure import Block
from resnet_torch.initial import allocate, initialise
from resnet_torch.layers import build_layer


def build(
    network: ResNetSpec | Plan | str,
    dtype: Dtype = "float32",
    *,
    initial: Initial = "random",
    **choices: object,
) -> "ResNet":
    """A freshly initialised network, in training mode.

    Args:
        network: a name of the zoo (`resnet_spec.names()`), a spec, or a plan.
        dtype: of parameters and arithmetic: "float32", "float64" or "float16".
        initial: the weights: "random"; "zero_last_norm", where in addition the last norm of each
            branch has scale 0, so that every block starts as its shortcut; or "empty" for any
            values, which draws no random numbers, for weights that are overwritten.
        choices: fields of `ResNetSpec` to override, as `num_classes=10`; not for a plan.

    Returns:
        A module from images (N, C, H, W) of any size to logits (N, num_classes), or to the last
        feature map (N, C', H', W') if num_classes is None. Its attributes `plan` and `spec` say
        what it is.

    Raises:
        SpecError: an unknown name, dtype or `initial`, choices that make no network, choices for a
            plan, or "zero_last_norm" for a network whose branches do not end in a norm.

    Example:
        >>> import resnet_torch
        >>> resnet_torch.build("resnet50", num_classes=10).fc.out_features
        10
    """
    plan = resnet_spec.plan(network, **choices)
    weights = initial_weights(initial, plan)
    net = resnet(plan, getattr(torch, precision(dtype)), weights)
    initialise(net, plan, weights)
    return net


def chain(module: nn.Module, names: Iterable[str], x: torch.Tensor) -> torch.Tensor:
    """Run x through the children with these names, one after the other."""
    for name in names:
        x = getattr(module, name)(x)
    return x


class ResidualBlock(nn.Module):
    """A branch of two or three convolutions and its shortcut, in any of the five orderings.

    Attributes:
        pre_names, branch_names, shortcut_names, post_names: children in execution order;
            shortcut_names is None in a plain network.
    """

    def __init__(self, block: Block):
        super().__init__()
        self.pre_names = add_layers(self, block.name, block.pre)
        self.branch_names = add_layers(self, block.name, block.branch)
        self.shortcut_names = (
            None if block.shortcut is None else add_layers(self, block.name, block.shortcut)
        )
        self.post_names = add_layers(self, block.name, block.post)
        self.shortcut_reads_pre = block.shortcut_reads_pre
        # In place saves memory, but the gradient of a ReLU needs the ReLU's output.
        self.add = operator.add if isinstance(block.branch[-1], Relu) else operator.iadd

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) -> (N, C', H', W')."""
        h = chain(self, self.pre_names, x)
        y = chain(self, self.branch_names, h)
        if self.shortcut_names is not None:
            s = chain(self, self.shortcut_names, h if self.shortcut_reads_pre else x)
            y = self.add(y, s)
        return chain(self, self.post_names, y)


class ResNet(nn.Module):
    """Stem, stages `layer1`, `layer2`, ..., head. The module paths are torchvision's.

    Attributes:
        plan, spec: the network that the module computes.
        stem_names: children of the stem, in execution order.
        stage_names: the stages.
        head_names: children of the head, in execution order.
    """

    def __init__(self, plan: Plan):
        super().__init__()
        self.plan, self.spec = plan, plan.spec
        self.stem_names = add_layers(self, "", plan.stem)
        self.stage_names = [stage.name for stage in plan.stages]
        for stage in plan.stages:
            self.add_module(stage.name, nn.Sequential(*map(ResidualBlock, stage.blocks)))
        self.head_names = add_layers(self, "", plan.head)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) -> (N, num_classes), or (N, C', H', W') without a head."""
        x = chain(self, self.stem_names, x)
        x = chain(self, self.stage_names, x)
        return chain(self, self.head_names, x)


def resnet(plan: Plan, dtype: torch.dtype, weights: InitialWeights) -> "ResNet":
    """The network, with PyTorch's default weights, or with memory for its weights alone."""
    if weights is InitialWeights.EMPTY:
        with torch.device("meta"):  # where modules have shapes and no values
            net = ResNet(plan)
        allocate(net, dtype)
        return net
    return ResNet(plan).to(dtype)


class Features(nn.Module):
    """The feature map of every stage, as detection and segmentation networks need them."""

    def __init__(self, net: ResNet):
        super().__init__()
        self.net = net

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """(N, C, H, W) -> {stage: (N, C', H', W')}."""
        x = chain(self.net, self.net.stem_names, x)
        maps = {}
        for stage in self.net.stage_names:
            x = maps[stage] = chain(self.net, [stage], x)
        return maps


def features(net: ResNet) -> Features:
    """A network that returns the feature map of every stage and shares the weights of `net`.

    Args:
        net: a network of `build`.

    Returns:
        A module from images (N, C, H, W) to {"layer1": (N, C', H', W'), "layer2": ...}.
    """
    return Features(net)


def add_layers(parent: nn.Module, prefix: str, layers: Iterable[Layer]) -> list[str]:
    """Add the modules of some layers to a parent, under torchvision's names.

    Args:
        parent: of the modules.
        prefix: the parent's own name, with which the layers' names start.
        layers: in execution order. A dotted name after the prefix, as `downsample.0`, is a child
            of a Sequential.

    Returns:
        Names of the children to call, in execution order.
    """
    children: dict[str, None] = {}
    for layer in layers:
        child, dot, leaf = layer.name.removeprefix(f"{prefix}.").partition(".")
        if dot and child not in children:
            parent.add_module(child, nn.Sequential())
        owner = parent.get_submodule(child) if dot else parent
        owner.add_module(leaf or child, build_layer(layer))
        children[child] = None
    return list(children)
