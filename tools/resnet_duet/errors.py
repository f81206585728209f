"""Errors of the toolbox: one line that says what is wrong and what would be right."""

from resnet_spec import ResNetError


class FileError(ResNetError):
    """A file that cannot be read as what it claims to be, or cannot be written."""


class DialectError(ResNetError):
    """An unknown dialect, or one that has no names for a network's layers."""


class FrameworkError(ResNetError):
    """A framework that is needed and not installed."""


class ProofError(ResNetError):
    """Two networks that had to be the same function and are not."""
