"""Takes a network's arrays out of what training scripts wrap around them, keeping accounts."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from resnet_duet.errors import FileError

CONTAINERS = ("state_dict", "model")  # keys under which a training script keeps the network
DEEPEST = 8  # containers within containers; a pickle may contain itself
PREFIXES = ("module.",)  # what DataParallel and its like put before every name
COUNTER = ".num_batches_tracked"  # PyTorch's counter of training steps; no forward pass reads it


def descend(tree: Mapping[Any, Any]) -> tuple[Mapping[Any, Any], tuple[str, ...]]:
    """The innermost container of the network, and the keys left out on the way down."""
    left_out: list[str] = []
    for _ in range(DEEPEST):
        inner = [key for key in CONTAINERS if isinstance(tree.get(key), Mapping)]
        if not inner:
            return tree, tuple(left_out)
        left_out += [str(other) for other in tree if other != inner[0]]
        tree = tree[inner[0]]
    raise FileError(f"more than {DEEPEST} containers stand one in another")


def strip(arrays: Mapping[str, np.ndarray]) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """The arrays without counters and without a prefix that all names share; what was left out."""
    for prefix in PREFIXES:
        if arrays and all(name.startswith(prefix) for name in arrays):
            arrays = {name.removeprefix(prefix): array for name, array in arrays.items()}
    counters = tuple(name for name in arrays if name.endswith(COUNTER))
    return {n: array for n, array in arrays.items() if n not in counters}, counters
