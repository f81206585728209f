"""Sizes and padding of windows: convolutions and pools."""

from dataclasses import dataclass

from resnet_duet.graphs.operations import (
    AnyPads,
    Pads,
    Pair,
    Same,
)

OpenPair = tuple[int | None, int | None]  # (height, width), None if the file leaves it open


@dataclass(frozen=True, slots=True)
class Window:
    """The window of a convolution or a pool, in (height, width)."""

    kernel: Pair
    strides: Pair
    dilations: Pair = (1, 1)

    @property
    def reach(self) -> Pair:
        """Rows and columns from the first pixel of the window to its last."""
        (a, b), (c, d) = self.kernel, self.dilations
        return (c * (a - 1) + 1, d * (b - 1) + 1)


# {name of an operation: its window and the size of its input}
WindowSizes = dict[str, tuple[Window, Pair]]


def output_size(window: Window, size: OpenPair, pads: AnyPads, ceil_mode: bool) -> OpenPair:
    """(height, width) of a window's output."""
    if isinstance(pads, Same):
        rows, columns = (
            None if n is None else -(-n // s) for n, s in zip(size, window.strides, strict=True)
        )
        return rows, columns
    edges = ((pads.top, pads.bottom), (pads.left, pads.right))
    rows, columns = (
        None if n is None else _positions(n, edges[axis], window, axis, ceil_mode)
        for axis, n in enumerate(size)
    )
    return rows, columns


def _positions(n: int, edges: Pair, window: Window, axis: int, ceil_mode: bool) -> int:
    """Positions of a window along one axis. None of them begins after the map."""
    before, after = edges
    free, stride = n + before + after - window.reach[axis], window.strides[axis]
    if not ceil_mode:
        return free // stride + 1
    positions = -(-free // stride) + 1
    return positions - 1 if (positions - 1) * stride >= n + before else positions


def same_pads(window: Window, size: Pair, first: bool = False) -> Pads:
    """TensorFlow's `same` as numbers of rows and columns for one size of the input.

    Args:
        window: of the operation.
        size: (height, width) of the input.
        first: whether an odd row is at the top and an odd column on the left: SAME_LOWER.
    """
    pads: list[int] = []
    for n, stride, reach in zip(size, window.strides, window.reach, strict=True):
        total = max((-(-n // stride) - 1) * stride + reach - n, 0)
        less, more = total // 2, total - total // 2
        pads += [more, less] if first else [less, more]
    return Pads(*pads)


def leaves_out(window: Window, size: OpenPair, pads: AnyPads, ceil_mode: bool) -> bool:
    """Whether a pool makes one pixel of a map that is larger than its window.

    Such a pool is no global average: it does not read the last rows or columns.
    """
    if None in size or size == window.kernel or isinstance(pads, Same) or any(pads):
        return False
    return output_size(window, size, pads, ceil_mode) == (1, 1) and all(
        n is not None and n >= reach for n, reach in zip(size, window.reach, strict=True)
    )
