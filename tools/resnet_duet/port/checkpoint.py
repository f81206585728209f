"""What a file holds: arrays under its own ecosystem's names, and what it says of itself."""

from dataclasses import dataclass, field

from resnet_duet.port.arrays import Arrays
from resnet_duet.port.evidence import Configs
from resnet_duet.port.label import Label
from resnet_spec import ResNetSpec


@dataclass(frozen=True)
class Checkpoint:
    """The content of one file, its arrays unread.

    Attributes:
        arrays: {name: array}.
        label: what the file says of itself, if this project wrote it.
        left_out: what else the file holds and no network reads, for instance "optimizer".
        configs: Keras' configuration of each layer, from a file of a whole Keras model.
    """

    arrays: Arrays
    label: Label | None
    left_out: tuple[str, ...] = ()
    configs: Configs = field(default_factory=dict)

    @property
    def spec(self) -> ResNetSpec | None:
        """The network, where the file says so."""
        return self.label.spec if self.label else None
