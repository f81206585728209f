"""The content of a checkpoint file: arrays under the names in the file, and metadata."""

from dataclasses import dataclass, field

from resnet_duet.formats.keras_config import Configs
from resnet_duet.frameworks.framework import Axes
from resnet_duet.metadata import FileMetadata
from resnet_duet.weights.arrays import Arrays
from resnet_spec import ResNetSpec


@dataclass(frozen=True)
class Checkpoint:
    """The content of a file that was read. Its arrays are read when they are used.

    Attributes:
        arrays: {name: array}.
        metadata: None if another program wrote the file.
        skipped: names of everything else in the file, for instance "optimizer".
        configs: the Keras configuration of each layer, from a file of a whole Keras model.
    """

    arrays: Arrays
    metadata: FileMetadata | None
    skipped: tuple[str, ...] = ()
    configs: Configs = field(default_factory=dict)

    @property
    def spec(self) -> ResNetSpec | None:
        """The network that the file's metadata describes; None without metadata."""
        return self.metadata.spec if self.metadata else None


@dataclass(frozen=True)
class Content:
    """The content of a file that is to be written.

    Attributes:
        arrays: {name: array}, under the names of the file's dialect and in its order.
        metadata: describes the network.
        input_layout: axes of the input image, for a format that holds a graph, else None.
    """

    arrays: Arrays
    metadata: FileMetadata
    input_layout: Axes | None
