"""What a file holds: arrays under its own ecosystem's names, and what it says of itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from resnet_duet.port.evidence import Configs
from resnet_spec import ResNetSpec


@dataclass(frozen=True)
class Checkpoint:
    """The content of one file.

    Attributes:
        arrays: {name: array}; read from a file, without the wrappers around its names.
        spec: the network, where the file says so; files of this project do.
        left_out: what else the file held and no network reads, for instance "optimizer".
        configs: Keras' configuration of each layer, from a file of a whole Keras model.
    """

    arrays: Mapping[str, np.ndarray]
    spec: ResNetSpec | None
    left_out: tuple[str, ...] = ()
    configs: Configs = field(default_factory=dict)
