"""Whatever can be compared, seen as one thing: a function of float64 images, layer by layer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from resnet_duet.port.convert import relayout
from resnet_spec import ResNetError, ResNetSpec
from resnet_spec.measure import Size

# images (N, H, W, C) float64 -> {name: output (N, H, W, C) or (N, C) float64}, in running order;
# the last one is the network's own output.
Tracer = Callable[[np.ndarray], dict[str, np.ndarray]]


class Names(Enum):
    """Whose names the layers of a trace have."""

    CANONICAL = "every layer, block and stage under its canonical name"
    SOME = "canonical names where a dialect knows them"
    OWN = "names that mean nothing to us"


@dataclass(frozen=True)
class Known:
    """What a network is where its arrays can be read: the spec, and the canonical arrays."""

    spec: ResNetSpec
    weights: Callable[[], Mapping[str, np.ndarray]]


@dataclass(frozen=True)
class Network:
    """One side of a comparison.

    Attributes:
        title: what to call it, in a line of a message.
        kind: what it is, as "PyTorch module".
        trace: runs it, in float64 if it can.
        rounded: runs it in float32; None if it has but one precision.
        names: of the layers that `trace` gives.
        channels: of its images; None if that is not known.
        size: of its images, (height, width), if it takes no other.
        known: None if its arrays cannot be read, or are no ResNet's.
    """

    title: str
    kind: str
    trace: Tracer
    rounded: Tracer | None
    names: Names
    channels: int | None
    size: Size | None
    known: Known | None

    def called(self, title: str) -> "Network":
        """The same network under another name."""
        return replace(self, title=title)

    def run(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """`trace`, for a network of unknown making.

        Raises:
            ResNetError: it raised an error, or gave no array.
        """
        return _told(self, self.trace, images)

    def run_rounded(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """`rounded`, likewise; it must not be None."""
        assert self.rounded is not None
        return _told(self, self.rounded, images)


@dataclass(frozen=True)
class Function:
    """A bare function of images, such as a model behind a server or in another framework.

    Attributes:
        call: images -> logits (N, K) or feature map, as NumPy arrays or what NumPy can read; it is
            given float64 images, and may compute in what precision it likes.
        axes: of its images and feature maps, "NHWC" or "NCHW".
        size: (height, width), if it takes no other; else None.
    """

    call: Callable[[np.ndarray], object]
    axes: str
    size: Size | None


def _told(network: Network, tracer: Tracer, images: np.ndarray) -> dict[str, np.ndarray]:
    try:
        return tracer(images)
    except ResNetError:
        raise
    except Exception as error:  # somebody else's code may raise anything
        shape = "x".join(map(str, images.shape))
        fault = str(error).strip().partition("\n")[0]
        raise ResNetError(
            f"{network.title} fails on images of shape {shape} (N, H, W, C):"
            f" {type(error).__name__}: {fault}"
        ) from error


def best_of(fine: Tracer, coarse: Tracer) -> Tracer:
    """The finer one, or the coarser one where the finer cannot run: code may insist on float32."""

    def trace(images: np.ndarray) -> dict[str, np.ndarray]:
        try:
            return fine(images)
        except Exception:  # if it is not the precision, the other one raises it again
            return coarse(images)

    return trace


def to_nhwc(array: np.ndarray, axes: str) -> np.ndarray:
    """A feature map of these axes as (N, H, W, C) float64; logits stay (N, K)."""
    wide = np.asarray(array, dtype=np.float64)
    return relayout(wide, axes, "NHWC") if wide.ndim == 4 else wide


def is_rounded(array: np.ndarray) -> bool:
    """Whether every number is one of float32: whatever made it computes in no more than that."""
    return bool(np.array_equal(array, array.astype(np.float32), equal_nan=True))
