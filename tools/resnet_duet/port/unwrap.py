"""Takes a network's arrays out of what training scripts wrap around them, keeping accounts."""

from collections.abc import Mapping
from typing import Any

import numpy as np

CONTAINERS = ("state_dict", "model")  # keys under which a training script keeps the network
PREFIXES = ("module.",)  # what DataParallel and its like put before every name
COUNTER = ".num_batches_tracked"  # PyTorch's counter of training steps; no forward pass reads it


def descend(tree: Mapping[str, Any]) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """The innermost container of the network, and the keys left out on the way down."""
    left_out: list[str] = []
    while key := next((k for k in CONTAINERS if isinstance(tree.get(k), Mapping)), None):
        left_out += [other for other in tree if other != key]
        tree = tree[key]
    return tree, tuple(left_out)


def strip(arrays: Mapping[str, np.ndarray]) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """The arrays without counters and without a prefix that all names share; what was left out."""
    for prefix in PREFIXES:
        if arrays and all(name.startswith(prefix) for name in arrays):
            arrays = {name.removeprefix(prefix): array for name, array in arrays.items()}
    counters = tuple(name for name in arrays if name.endswith(COUNTER))
    return {n: array for n, array in arrays.items() if n not in counters}, counters
