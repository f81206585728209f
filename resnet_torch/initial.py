"""Initial weights: He's normal distribution, by fan-out. Beside it: resnet_tf/initial.py."""

import torch
from torch import nn


@torch.no_grad()
def initialise(net: nn.Module) -> None:
    """Draw torchvision's initial distribution: kernels He fan-out, norms 1 and 0, `fc` uniform.

    A Linear draws its own default, uniform in +-1/sqrt(fan_in), and a BatchNorm2d starts at 1 and
    0. Only the convolutions' default (the same uniform) is not what *Delving Deep* asks for.
    """
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
