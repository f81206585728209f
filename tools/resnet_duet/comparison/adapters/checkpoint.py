"""A file: its own function if it holds a whole model, else a network built of its arrays."""

from dataclasses import replace
from pathlib import Path

from resnet_duet.comparison import adapters
from resnet_duet.comparison.adapters.programs import CannotRunError, own_function, program_of
from resnet_duet.comparison.naming import identified
from resnet_duet.comparison.subject import Subject
from resnet_duet.errors import FileError
from resnet_duet.formats.checkpoint import Checkpoint
from resnet_duet.formats.trust import Trust
from resnet_duet.frameworks import FRAMEWORKS, Framework
from resnet_duet.identify.head import HeadChoice
from resnet_duet.identify.identify import Identity
from resnet_duet.identify.open_checkpoint import open_checkpoint
from resnet_duet.models import assemble
from resnet_duet.weights.dialects import DIALECTS

Opened = tuple[Checkpoint, Identity]

OUR_READING = "compared with our reading of the file, since {}"


def subject(path: Path | str, trust: Trust = Trust.DATA) -> Subject:
    """The network of a file.

    Args:
        path: the file.
        trust: whether programs of PyTorch in it may be run.

    Raises:
        FileError: see `open_checkpoint` and `own_function`.
    """
    return of_file(path, opened(path, trust), trust)


def opened(path: Path | str, trust: Trust) -> Opened | FileError:
    """Our reading of a file, or the reason why there is none."""
    try:
        return open_checkpoint(path, None, None, HeadChoice.KEEP, trust=trust)
    except FileError as error:
        return error


def of_file(path: Path | str, reading: Opened | FileError, trust: Trust) -> Subject:
    """The function of a file: its own one if it can be run, else that of our reading.

    Args:
        path: the file.
        reading: our reading of it, or the reason why there is none.
        trust: whether programs of PyTorch in it may be run.

    Raises:
        FileError: there is no reading, and the file holds no function or it cannot be run.
    """
    program = program_of(path)
    reason = ""
    if program:
        try:
            layers = {} if isinstance(reading, FileError) else reading[1].layers
            own = own_function(path, program, trust, layers)
        except CannotRunError as error:
            reason = error.summary
        else:
            own = replace(own, is_file=True)
            return own if isinstance(reading, FileError) else _with_reading(own, *reading)
    if isinstance(reading, FileError):
        details = (f"its own function is not run either: {reason}",) if reason else ()
        raise FileError(reading.summary, (*details, *reading.details)) from reading
    found = in_framework(*reading, native_framework(reading[1]), str(path))
    return replace(found, notes=(OUR_READING.format(reason),)) if reason else found


def in_framework(
    checkpoint: Checkpoint, identity: Identity, framework: Framework, title: str
) -> Subject:
    """The network of a checkpoint that is already open, built in float64 in a framework.

    Raises:
        FrameworkError: the framework is not installed.
    """
    net = assemble(checkpoint.arrays, identity.spec, identity.dialect, framework.name, "float64")
    return replace(adapters.subject(net), title=title, own_function=False)


def native_framework(identity: Identity) -> Framework:
    """The framework of the checkpoint's dialect."""
    return FRAMEWORKS[DIALECTS[identity.dialect].layout.framework]


def _with_reading(own: Subject, checkpoint: Checkpoint, identity: Identity) -> Subject:
    """A file's own function, with the weights and the spec of our reading of it."""
    known = identified(lambda: checkpoint.arrays, identity.spec, identity.dialect)
    return replace(own, identified=known, channels=own.channels or known.spec.in_channels)
