"""Our own Keras networks: torchvision's layer names, Keras' words and layouts."""

from resnet_duet.port.dialect import KERAS, Dialect, canonical_names
from resnet_spec import ResNetSpec


def builds(spec: ResNetSpec) -> bool:
    """Every one."""
    return True


DIALECT = Dialect("keras", KERAS, canonical_names, builds)
