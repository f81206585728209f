"""The layers of a file by their shapes alone: kernels in order, with the norm that follows each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from resnet_duet.weights.dialect import Shapes
from resnet_spec.errors import Shape

KERAS_KERNELS = ("/kernel", "/weights")
LARGEST_SIZE = 16  # height and width of a kernel; nearly all numbers of channels are larger
STATISTICS = 3  # a norm with a mean and a variance has at least this many arrays


@dataclass(frozen=True)
class Kernel:
    """The kernel of a convolution or of a dense layer.

    Attributes:
        name: of its array.
        outputs, inputs: number of channels; inputs of one group.
        height, width: in pixels; 1 for a dense layer.
        is_dense: whether it is a matrix.
        has_bias: whether its layer has a bias.
        norm: channels of the norm between this kernel and the next; 0 if there is none.
    """

    name: str
    outputs: int
    inputs: int
    height: int
    width: int
    is_dense: bool
    has_bias: bool
    norm: int

    @property
    def is_pointwise(self) -> bool:
        """Whether it combines channels only."""
        return self.height == self.width == 1

    @property
    def is_depthwise(self) -> bool:
        """Whether each channel has a filter for itself."""
        return self.inputs == 1 and self.outputs > 1 and not self.is_pointwise


@dataclass(frozen=True)
class Layers:
    """The layers of a file.

    Attributes:
        shapes: {array name: shape} of the file, in its order.
    """

    shapes: Shapes

    @cached_property
    def groups(self) -> dict[str, dict[str, Shape]]:
        """{layer: {array name: shape}}."""
        groups: dict[str, dict[str, Shape]] = {}
        for name, shape in self.shapes.items():
            layer = name[: max(name.rfind("."), name.rfind("/"), 0)]
            groups.setdefault(layer, {})[name] = shape
        return groups

    @cached_property
    def kernels(self) -> Sequence[Kernel]:
        """The kernels in the order of the file."""
        return tuple(self._kernels())

    @property
    def convolutions(self) -> Sequence[Kernel]:
        """The kernels of convolutions."""
        return [kernel for kernel in self.kernels if not kernel.is_dense]

    @property
    def dense(self) -> Sequence[Kernel]:
        """The kernels of dense layers."""
        return [kernel for kernel in self.kernels if kernel.is_dense]

    @cached_property
    def norms(self) -> Sequence[dict[str, Shape]]:
        """The arrays of each norm: a layer with at least two vectors of one length, no kernel."""
        return [group for group in self.groups.values() if _norm_size(group)]

    def without_statistics(self) -> Iterator[str]:
        """The arrays of norms without a mean and a variance, one of each."""
        for norm in self.norms:
            if len(norm) < STATISTICS:
                yield next(iter(norm))

    @cached_property
    def is_keras(self) -> bool:
        """Whether kernels are HWIO and IO, as most shapes show; otherwise OIHW and OI."""
        four = [shape for shape in self.shapes.values() if len(shape) == 4]
        first = sum(max(shape[:2]) <= LARGEST_SIZE for shape in four)
        last = sum(max(shape[2:]) <= LARGEST_SIZE for shape in four)
        return first > last or (
            first == last and any(name.endswith(KERAS_KERNELS) for name in self.shapes)
        )

    def _kernels(self) -> Iterator[Kernel]:
        groups = list(self.groups.values())
        for position, group in enumerate(groups):
            for name, shape in group.items():
                sizes = _sizes(name, shape, self.is_keras)
                if sizes is not None:
                    outputs = sizes[0]
                    has_bias = any(other == (outputs,) for other in group.values())
                    following = groups[position + 1] if position + 1 < len(groups) else {}
                    yield Kernel(name, *sizes, len(shape) == 2, has_bias, _norm_size(following))


def _sizes(name: str, shape: Shape, is_keras: bool) -> tuple[int, int, int, int] | None:
    """(outputs, inputs, height, width) of a kernel; None for other arrays."""
    if 0 in shape:
        return None
    if len(shape) == 2:
        outputs, inputs = shape[::-1] if is_keras else shape
        return (outputs, inputs, 1, 1) if inputs > 1 else None
    if len(shape) != 4:
        return None
    if not is_keras:
        outputs, inputs, height, width = shape
        return outputs, inputs, height, width
    height, width, inputs, outputs = shape
    if name.endswith("/depthwise_kernel"):
        inputs, outputs = outputs, inputs
    return outputs, inputs, height, width


def _norm_size(group: dict[str, Shape]) -> int:
    """Channels of a norm with these arrays; 0 if it is no norm."""
    lengths = set(group.values())
    if len(group) < 2 or len(lengths) != 1 or len(next(iter(lengths))) != 1:
        return 0
    return next(iter(lengths))[0]
