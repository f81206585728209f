"""The steps of a network as a PyTorch module, in the style of code that is not of this project."""

import torch
from torch import nn
from torch.nn import functional as F

from resnet_spec import Role
from resnet_spec.layers import GlobalAvgPool, Relu
from resnet_torch.layers import build_layer
from tests.support.corpus_steps import (
    Activated,
    Function,
    GlobalMaxPool,
    Merge,
    StemAveragePool,
    Steps,
    Weights,
)

FUNCTIONS = {
    Function.LEAKY: lambda x: F.leaky_relu(x, 0.3),
    Function.RELU6: F.relu6,
    Function.GELU: F.gelu,
    Function.TANH: torch.tanh,
    Function.SIGMOID: torch.sigmoid,
}
MERGES = {
    Merge.ADD: lambda x, y: x + y,
    Merge.MAXIMUM: torch.maximum,
    Merge.AVERAGE: lambda x, y: (x + y) / 2,
    Merge.SUBTRACT: lambda x, y: x - y,
    Merge.MULTIPLY: lambda x, y: x * y,
}
PARAMETERS = {
    Role.KERNEL: "weight",
    Role.BIAS: "bias",
    Role.SCALE: "weight",
    Role.OFFSET: "bias",
    Role.MEAN: "running_mean",
    Role.VAR: "running_var",
}


class StepNetwork(nn.Module):
    """A network whose layers have the names of its steps, which say nothing.

    Args:
        steps: of the network.
        weights: of the steps.
    """

    def __init__(self, steps: Steps, weights: Weights):
        super().__init__()
        self.steps = steps
        for step in steps:
            if step.layer is None or isinstance(step.layer, Relu | GlobalAvgPool):
                continue
            module = build_layer(step.layer)
            self.add_module(step.name, module)
            with torch.no_grad():
                for role, array in weights.get(step.name, {}).items():
                    getattr(module, PARAMETERS[role]).copy_(torch.from_numpy(array))
        self.eval()

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) -> (N, K)."""
        tensors = {self.steps[0].inputs[0]: image}
        for step in self.steps:
            tensors[step.name] = self.run(step, *(tensors[name] for name in step.inputs))
        return tensors[self.steps[-1].name]

    def run(self, step, x: torch.Tensor, *more: torch.Tensor) -> torch.Tensor:
        """The output of one step."""
        match step.operation:
            case Merge() as merge:
                return MERGES[merge](x, *more)
            case Function() as function:
                return FUNCTIONS[function](x)
            case Activated(function=function):
                return FUNCTIONS[function](getattr(self, step.name)(x))
            case StemAveragePool():
                return F.avg_pool2d(x, 3, 2, 1)
            case GlobalMaxPool():
                return x.amax((2, 3))
            case GlobalAvgPool():
                return torch.flatten(F.adaptive_avg_pool2d(x, 1), 1)
            case Relu():
                return F.relu(x)
        return getattr(self, step.name)(x)
