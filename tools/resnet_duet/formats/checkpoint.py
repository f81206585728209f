"""The content of a checkpoint file: arrays under the names in the file, and metadata."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from resnet_duet.frameworks.framework import Axes
from resnet_duet.metadata import FileMetadata
from resnet_duet.weights.arrays import Arrays
from resnet_spec import ResNetSpec

if TYPE_CHECKING:
    from resnet_duet.graphs.operations import Graph


@dataclass(frozen=True)
class Checkpoint:
    """The content of a file that was read. Its arrays are read when they are used.

    Attributes:
        arrays: {name: array}.
        metadata: None if another program wrote the file.
        skipped: names of everything else in the file, for instance "optimizer".
        graph: the network as the file describes it; None for a file of weights only.
        companions: other files that hold arrays of this one.
        notes: what a user should know about how the network was found, one sentence each.
    """

    arrays: Arrays
    metadata: FileMetadata | None
    skipped: tuple[str, ...] = ()
    graph: "Graph | None" = None
    companions: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()

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
