"""The error of a source whose graph cannot be read."""

from resnet_spec import ResNetError


class GraphError(ResNetError):
    """A network whose operations cannot be read: its code depends on values, or does not run."""
