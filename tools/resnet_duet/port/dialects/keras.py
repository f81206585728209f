"""Our own Keras networks: torchvision's layer names, Keras' words and layouts."""

from resnet_duet.port.dialect import KERAS, Dialect, any_network, as_written, canonical_names

DIALECT = Dialect("keras", KERAS, canonical_names, any_network, as_written)
