"""Initial weights: He's normal distribution by fan-out. Counterpart: resnet_tf/initial.py."""

import torch
from torch import nn

from resnet_spec import Plan
from resnet_spec.initial import InitialWeights, last_norms


@torch.no_grad()
def initialise(net: nn.Module, plan: Plan, initial: InitialWeights) -> None:
    """Initialise as torchvision: kernels He normal by fan-out, norms 1 and 0, `fc` uniform.

    Only the convolutions need it. PyTorch initialises a Linear uniformly in +-1/sqrt(fan_in) and a
    BatchNorm2d with 1 and 0, as torchvision keeps them; but its default for a Conv2d is uniform
    too, and not the distribution of *Delving Deep into Rectifiers*.

    Args:
        net: a network; changed in place.
        plan: of the network.
        initial: the weights; EMPTY leaves them as they are.
    """
    if initial is InitialWeights.EMPTY:
        return
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    if initial is InitialWeights.ZERO_LAST_NORM:
        for norm in last_norms(plan):
            nn.init.zeros_(net.get_parameter(f"{norm.name}.weight"))


@torch.no_grad()
def allocate(net: nn.Module, dtype: torch.dtype) -> None:
    """Give a network on the device "meta" memory for its weights, without drawing any.

    Args:
        net: a network; changed in place. Its norms get 1 and 0, its other weights any values.
        dtype: of the weights. PyTorch's counters of training steps stay integers.
    """
    arrays = {
        name: torch.empty(array.shape, dtype=dtype if array.is_floating_point() else array.dtype)
        for name, array in net.state_dict().items()
    }
    net.load_state_dict(arrays, assign=True)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_parameters()
