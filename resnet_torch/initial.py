"""Initial weights: He's normal distribution by fan-out. Counterpart: resnet_tf/initial.py."""

import torch
from torch import nn


@torch.no_grad()
def initialise(net: nn.Module) -> None:
    """Initialise as torchvision: kernels He normal by fan-out, norms 1 and 0, `fc` uniform.

    Only the convolutions need it. PyTorch initialises a Linear uniformly in +-1/sqrt(fan_in) and a
    BatchNorm2d with 1 and 0, as torchvision keeps them; but its default for a Conv2d is uniform
    too, and not the distribution of *Delving Deep into Rectifiers*.

    Args:
        net: a network; changed in place.
    """
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
