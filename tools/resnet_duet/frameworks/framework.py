"""The interface of a framework: build, read, write, run and trace a network."""

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from resnet_duet.errors import FrameworkError
from resnet_spec import Plan, ResNetSpec
from resnet_spec.initial import Initial

if TYPE_CHECKING:
    import numpy as np

Axes = Literal["NCHW", "NHWC"]  # the two layouts of images and feature maps


@dataclass(frozen=True)
class Framework:
    """One framework. Its packages are imported by the first call that needs them.

    Attributes:
        name: its name in `load(path, into=...)`.
        title: its name in text.
        package: our builder, a package with `build`, `read`, `write`, `run` and `trace`.
        requires: packages that the builder needs.
        extra: the extra to install, as in `resnet-duet[extra]`.
        model_package: the package of its base class of networks.
        dialect: the dialect of its networks' arrays.
        axes: of its images and feature maps.
    """

    name: str
    title: str
    package: str
    requires: tuple[str, ...]
    extra: str
    model_package: str
    dialect: str
    axes: Axes

    def builder(self) -> ModuleType:
        """The builder's package, imported.

        Raises:
            FrameworkError: the framework is not installed, or cannot be imported.
        """
        if self.package in sys.modules:
            return sys.modules[self.package]
        try:
            with quiet_stderr():
                return import_module(self.package)
        except ModuleNotFoundError as error:
            raise FrameworkError(
                f"this needs {self.title}, and the package {error.name} is not installed:"
                f" pip install 'resnet-duet[{self.extra}]'"
            ) from error
        except ImportError as error:
            raise FrameworkError(f"{self.title} cannot be imported: {error}") from error

    def is_installed(self) -> bool:
        """Whether its packages can be found. Imports nothing."""
        return all(find_spec(package) is not None for package in self.requires)

    def owns(self, model: object) -> bool:
        """Whether the model is a network of this framework. Imports nothing."""
        packages = {cls.__module__.partition(".")[0] for cls in type(model).__mro__}
        return self.model_package in packages

    def build(
        self,
        network: ResNetSpec | Plan | str,
        dtype: str = "float32",
        *,
        initial: Initial = "random",
        **choices: object,
    ) -> Any:
        """A freshly initialised network.

        Args:
            network: a name of the zoo, a spec, or a plan.
            dtype: of parameters and arithmetic: "float32", "float64" or "float16".
            initial: the weights: "random", "zero_last_norm", or "empty" for weights that `write`
                sets, which draws no random numbers.
            choices: fields of `ResNetSpec` to override; not for a plan.
        """
        return self.builder().build(network, dtype=dtype, initial=initial, **choices)

    def read(self, net: Any) -> "dict[str, np.ndarray]":
        """{array name in the framework's dialect: copy} of every weight and running statistic."""
        arrays: dict[str, np.ndarray] = self.builder().read(net)
        return arrays

    def write(self, net: Any, weights: "Mapping[str, np.ndarray]") -> None:
        """Set every weight and running statistic, by their names in the framework's dialect."""
        self.builder().write(net, weights)

    def run(self, net: Any, images: "np.ndarray", training: bool = False) -> "np.ndarray":
        """The output of a network, as float64.

        Args:
            net: a network of `build`.
            images: (N, H, W, C), for every framework.
            training: whether norms use the statistics of the batch, and update their own.

        Returns:
            (N, num_classes), or (N, H', W', C') for a network without a head.
        """
        from resnet_duet.weights.convert import relayout, to_nhwc  # imports NumPy

        output = self.builder().run(net, relayout(images, "NHWC", self.axes), training)
        return to_nhwc(output, self.axes)

    def trace(
        self, net: Any, images: "np.ndarray", training: bool = False
    ) -> "dict[str, np.ndarray]":
        """The outputs of every layer, block and stage, as float64.

        Args:
            net: a network of `build`.
            images: (N, H, W, C), for every framework.
            training: whether norms use the statistics of the batch, and update their own.

        Returns:
            {name: (N, H, W, C), or (N, C) after the global pool}, in execution order.
        """
        from resnet_duet.weights.convert import relayout, to_nhwc  # imports NumPy

        outputs = self.builder().trace(net, relayout(images, "NHWC", self.axes), training)
        return {name: to_nhwc(outputs[name], self.axes) for name in net.plan.execution_order()}


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Hide the log lines that a framework's C++ code prints to stderr, unless the block fails.

    TensorFlow prints lines about missing GPUs before it reads its own log level. Other lines are
    held back and printed after the block.
    """
    if sys.stderr is None:  # a program without a terminal
        yield
        return
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as held:
        failed = True
        try:
            os.dup2(held.fileno(), 2)
            yield
            failed = False
        finally:
            sys.stderr.flush()
            os.dup2(stderr, 2)
            for line in _lines(held):
                if failed or not _is_log(line):
                    os.write(stderr, line)
            os.close(stderr)


def _lines(stream: BinaryIO) -> list[bytes]:
    stream.seek(0)
    return stream.readlines()


LOG_NOTES = (b"WARNING: All log messages before absl::", b"To enable the following instructions:")


def _is_log(line: bytes) -> bool:
    """Whether the line is a log line of TensorFlow's C++ code.

    absl's logger writes "I0000 00:00:17... port.cc:153] ...", TensorFlow's own "2025-06-01
    12:00:00.1: I tensorflow/...". Some messages have a second line.
    """
    words = line.split(maxsplit=3)
    is_absl = line[:1] in (b"I", b"W", b"E", b"F") and line[1:5].isdigit()
    is_tensorflow = len(words) == 4 and words[3].startswith(b"tensorflow/")
    return is_absl or is_tensorflow or line.startswith(LOG_NOTES)
