"""Every difference: one small file each, and a row here."""

from resnet_duet.differences import (
    biased_variance,
    initial_distribution,
    label_smoothing,
    loss_logits,
    loss_reduction,
    nesterov,
    norm_decay,
    norm_eps,
    sgd_momentum,
    weight_decay,
)
from resnet_duet.experiments.difference import Difference
from resnet_spec import ResNetError

# In the order in which they are told.
MODULES = (
    norm_eps,
    norm_decay,
    biased_variance,
    initial_distribution,
    weight_decay,
    sgd_momentum,
    nesterov,
    label_smoothing,
    loss_reduction,
    loss_logits,
)

DIFFERENCES: dict[str, Difference] = {
    module.DIFFERENCE.name: module.DIFFERENCE for module in MODULES
}


def difference(name: str) -> Difference:
    """The difference of this name. Raises ResNetError: there is none."""
    if name not in DIFFERENCES:
        raise ResNetError(f"there is no difference {name!r}; there are {', '.join(DIFFERENCES)}")
    return DIFFERENCES[name]
