"""The orders in which files list the layers of a network."""

from collections.abc import Callable, Iterable, Iterator

from resnet_duet.weights.dialect import KERAS, Layout, branch_first, execution_order, shortcut_first
from resnet_spec import Plan
from resnet_spec.layers import Conv, Layer
from resnet_spec.structure import Block

Listing = Callable[[Plan], Iterable[Layer]]


def shortcut_at_start(plan: Plan) -> Iterator[Layer]:
    """Each block creates its shortcut before its branch."""
    yield from _by_blocks(plan, lambda b: (*(b.shortcut or ()), *b.pre, *b.branch, *b.post))


def shortcut_at_end(plan: Plan) -> Iterator[Layer]:
    """Each block creates its shortcut last, after a norm that follows the addition."""
    yield from _by_blocks(plan, lambda b: (*b.pre, *b.branch, *b.post, *(b.shortcut or ())))


def convolutions_at_start(plan: Plan) -> Iterator[Layer]:
    """Each block creates its convolutions first: conv1 conv2 conv3 bn1 bn2."""
    yield from _by_blocks(plan, lambda b: sorted(b.layers(), key=_is_no_convolution))


def _is_no_convolution(layer: Layer) -> bool:
    return not isinstance(layer, Conv)


def _by_blocks(plan: Plan, order: Callable[[Block], Iterable[Layer]]) -> Iterator[Layer]:
    yield from plan.stem
    for block in plan.blocks():
        yield from order(block)
    yield from plan.head


def _head_before_stages(listing: Listing) -> Listing:
    """The listing of a tree that is sorted with leaves before subtrees: stem, head, stages."""

    def listed(plan: Plan) -> Iterator[Layer]:
        layers = list(listing(plan))
        stem, head = len(plan.stem), len(plan.head)
        yield from layers[:stem]
        yield from layers[len(layers) - head :]
        yield from layers[stem : len(layers) - head]

    return listed


CREATION = (execution_order, shortcut_at_start, shortcut_at_end, convolutions_at_start)
BY_DISTANCE = (branch_first, shortcut_first)


def listings(layout: Layout, is_tree: bool) -> tuple[Listing, ...]:
    """The orders in which the files of a framework list layers.

    Args:
        layout: of the framework.
        is_tree: whether the layers are sorted as a tree, with leaves before subtrees.
    """
    if is_tree:
        return (*CREATION, *map(_head_before_stages, CREATION))
    return (*CREATION, *BY_DISTANCE) if layout.framework == KERAS.framework else CREATION
