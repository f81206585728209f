"""A checkpoint: built in the framework whose names and layouts it has."""

from pathlib import Path

from resnet_duet.frameworks import KERAS, TORCH, Framework
from resnet_duet.models import assemble
from resnet_duet.port import dialect
from resnet_duet.port.checkpoint import Checkpoint
from resnet_duet.port.dialects import DIALECTS
from resnet_duet.port.head import ANY
from resnet_duet.port.identify import Identity
from resnet_duet.port.opening import open_checkpoint
from resnet_duet.proof import adapters
from resnet_duet.proof.network import Network


def network(path: Path | str) -> Network:
    """The checkpoint in the framework it is from.

    Raises:
        FileError: see `open_checkpoint`.
    """
    return opened(*open_checkpoint(path, None, None, ANY), str(path))


def opened(checkpoint: Checkpoint, identity: Identity, title: str) -> Network:
    """A checkpoint that is identified already."""
    return built(checkpoint, identity, native(identity), title)


def built(checkpoint: Checkpoint, identity: Identity, home: Framework, title: str) -> Network:
    """A checkpoint in a framework of one's choice."""
    net = assemble(checkpoint.arrays, identity.spec, identity.dialect, home.name, "float64")
    return adapters.network(net).called(title)


def native(identity: Identity) -> Framework:
    """The framework whose words for arrays a checkpoint has; TF-slim's are TensorFlow's."""
    words = DIALECTS[identity.dialect].layout.words
    return TORCH if words == dialect.TORCH.words else KERAS
