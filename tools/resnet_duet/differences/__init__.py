"""Every difference: one small file each, and a row here."""

from resnet_duet.differences import norm_eps
from resnet_duet.experiments.difference import Difference
from resnet_spec import ResNetError

DIFFERENCES: dict[str, Difference] = {
    module.DIFFERENCE.name: module.DIFFERENCE for module in (norm_eps,)
}


def difference(name: str) -> Difference:
    """The difference of this name. Raises ResNetError: there is none."""
    if name not in DIFFERENCES:
        raise ResNetError(f"there is no difference {name!r}; there are {', '.join(DIFFERENCES)}")
    return DIFFERENCES[name]
