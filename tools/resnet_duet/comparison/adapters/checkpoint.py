"""A checkpoint, built in the framework of its dialect."""

from pathlib import Path

from resnet_duet.comparison import adapters
from resnet_duet.comparison.subject import Subject
from resnet_duet.formats.checkpoint import Checkpoint
from resnet_duet.frameworks import FRAMEWORKS, Framework
from resnet_duet.identify.head import HeadChoice
from resnet_duet.identify.identify import Identity
from resnet_duet.identify.open_checkpoint import open_checkpoint
from resnet_duet.models import assemble
from resnet_duet.weights.dialects import DIALECTS


def subject(path: Path | str) -> Subject:
    """The network of a file.

    Raises:
        FileError: see `open_checkpoint`.
    """
    checkpoint, identity = open_checkpoint(path, None, None, HeadChoice.ANY)
    return in_framework(checkpoint, identity, native_framework(identity), str(path))


def in_framework(
    checkpoint: Checkpoint, identity: Identity, framework: Framework, title: str
) -> Subject:
    """The network of a checkpoint that is already open, built in float64 in a framework.

    Raises:
        FrameworkError: the framework is not installed.
    """
    net = assemble(checkpoint.arrays, identity.spec, identity.dialect, framework.name, "float64")
    return adapters.subject(net).with_title(title)


def native_framework(identity: Identity) -> Framework:
    """The framework of the checkpoint's dialect."""
    return FRAMEWORKS[DIALECTS[identity.dialect].layout.framework]
