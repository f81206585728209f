"""Finds the networks within larger ones by the names with which every dialect's network begins."""

from collections.abc import Collection
from dataclasses import replace
from functools import lru_cache

import resnet_spec
from resnet_duet.weights.dialect import TORCH
from resnet_duet.weights.dialects import DIALECTS
from resnet_spec import Role
from resnet_spec.layers import Conv

BEGINNINGS = ("resnet50", "resnet50d", "preresnet50", "resnet18")  # different first layers


@lru_cache(maxsize=1)
def _first_kernels() -> tuple[tuple[str, str], ...]:
    """(kernel of the stem, kernel of the first block) as each dialect of PyTorch names them."""
    pairs: dict[tuple[str, str], None] = {}
    for row in BEGINNINGS:
        spec = replace(resnet_spec.get(row), depths=(1, 1), widths=(1, 1), num_classes=None)
        plan = resnet_spec.plan(spec)
        branch = next(x for x in plan.stages[0].blocks[0].branch if isinstance(x, Conv))
        for own in DIALECTS.values():
            names = own.layer_names(plan)
            layers = [names.get(layer.name) for layer in (plan.stem[0], branch)]
            if own.layout.words is TORCH.words and all(layers):
                first, second = (own.array_name(str(layer), Role.KERNEL) for layer in layers)
                pairs[first, second] = None
    return tuple(pairs)


def tower_prefixes(names: Collection[str]) -> tuple[str, ...]:
    """The prefixes below which a network begins: its stem and its first block are there.

    Args:
        names: of arrays.

    Returns:
        The prefixes in the order of the file, for instance ("encoder_q.", "encoder_k."). The
        empty prefix is the network whose names have none.
    """
    found: dict[str, None] = {}
    for first, second in _first_kernels():
        for name in names:
            if name == first or name.endswith(f".{first}"):
                prefix = name.removesuffix(first)
                if prefix + second in names:
                    found[prefix] = None
    return tuple(found)
