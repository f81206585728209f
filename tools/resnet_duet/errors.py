"""The errors of the toolbox. See `ResNetError` for their text: a summary, then details."""

from resnet_spec import ResNetError


class FileError(ResNetError):
    """A file that cannot be read or written, or that contains another network than expected."""


class DialectError(ResNetError):
    """An unknown dialect, or one that has no names for a network's layers."""


class FrameworkError(ResNetError):
    """A framework that is needed and not installed, or unknown."""


class MismatchError(ResNetError):
    """Two networks that should be equivalent and whose outputs differ."""
