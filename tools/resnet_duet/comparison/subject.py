"""Everything that can be compared, in one form: a function of float64 images, layer by layer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, Union

import numpy as np

from resnet_spec import ResNetError, ResNetSpec
from resnet_spec.measure import Size

if TYPE_CHECKING:
    import keras
    import torch

# images (N, H, W, C) float64 -> {name: output (N, H, W, C) or (N, C) float64}, in execution order;
# the last one is the network's output.
Tracer = Callable[[np.ndarray], dict[str, np.ndarray]]

# What `compare` and `diagnose` take.
Comparable: TypeAlias = Union["torch.nn.Module", "keras.Model", "Function", "Subject", Path, str]


class Naming(Enum):
    """How the layers of a trace are named."""

    FULL = "every layer, block and stage has its canonical name"
    PARTIAL = "layers have canonical names where a dialect knows them"
    NONE = "names are unknown"


@dataclass(frozen=True)
class IdentifiedNet:
    """A network whose arrays are known as a ResNet's.

    Attributes:
        spec: the network.
        weights: reads its arrays: canonical names and layouts, float64.
    """

    spec: ResNetSpec
    weights: Callable[[], Mapping[str, np.ndarray]]


@dataclass(frozen=True)
class Subject:
    """One of the two networks of a comparison.

    Attributes:
        title: its name in messages.
        kind: what it is, such as "PyTorch module".
        trace: runs it, in float64 if it can.
        float32: runs it in float32; None if it has only one precision.
        naming: of the layers that `trace` returns.
        channels: of its images; None if unknown.
        size: (height, width) of its images if it takes only one size, else None.
        identified: None if its arrays cannot be read or are not a known ResNet's.
        own_function: whether this is the network itself: a live object, or the program in a file,
            run by its own library. False for a network that this package builds of a file's arrays.
        is_file: whether it is the function of a file, and not an object of the user's program.
        folded: whether an exporter may have folded its norms into convolutions. The products are
            rounded to float32, so they differ from those of the original weights.
        notes: what a reader of a result should know about how it is run.
    """

    title: str
    kind: str
    trace: Tracer
    float32: Tracer | None
    naming: Naming
    channels: int | None
    size: Size | None
    identified: IdentifiedNet | None
    own_function: bool = True
    is_file: bool = False
    folded: bool = False
    notes: tuple[str, ...] = ()

    def with_title(self, title: str) -> "Subject":
        """The same network with another title."""
        return replace(self, title=title)

    def titled_notes(self) -> tuple[str, ...]:
        """The notes, each with the title of the network."""
        return tuple(f"{self.title}: {note}" for note in self.notes)

    def run(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Run `trace`, which may be a user's code.

        Args:
            images: (N, H, W, C) float64.

        Raises:
            ResNetError: it raised an error.
        """
        return _run(self, self.trace, images)

    def run_float32(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Run `float32`, which must not be None. Otherwise like `run`."""
        assert self.float32 is not None
        return _run(self, self.float32, images)


@dataclass(frozen=True)
class Function:
    """A plain function of images, such as a served model or a network of another framework.

    Attributes:
        call: images -> logits (N, K) or a feature map, as a NumPy array or anything that
            `numpy.asarray` takes. The images are float64; it may compute in any precision.
        axes: of its images and feature maps, "NHWC" or "NCHW".
        size: (height, width) of its images if it takes only one size, else None.

    Example:
        >>> Function(lambda images: images.mean((1, 2)), axes="NHWC", size=None)  # doctest: +SKIP
    """

    call: Callable[[np.ndarray], object]
    axes: str
    size: Size | None


def _run(subject: Subject, tracer: Tracer, images: np.ndarray) -> dict[str, np.ndarray]:
    try:
        return tracer(images)
    except ResNetError:
        raise
    except Exception as error:  # a user's code may raise anything
        shape = "x".join(map(str, images.shape))
        message = str(error).strip().partition("\n")[0]
        raise ResNetError(
            f"{subject.title} fails on images of shape {shape} (N, H, W, C):"
            f" {type(error).__name__}: {message}"
        ) from error


def prefer(float64: Tracer, float32: Tracer) -> Tracer:
    """`float64`, or `float32` where that fails: a user's code may require float32 tensors."""

    def trace(images: np.ndarray) -> dict[str, np.ndarray]:
        try:
            return float64(images)
        except Exception:  # a user's code; an error with another cause is raised again below
            return float32(images)

    return trace


def is_float32(array: np.ndarray) -> bool:
    """Whether float32 can represent every value exactly: the array was computed in float32."""
    return bool(np.array_equal(array, array.astype(np.float32), equal_nan=True))
