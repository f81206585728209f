"""A network's head is a choice: the file's own, none, or a new one of so many classes."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

import resnet_spec
from resnet_duet.port.arrays import Arrays
from resnet_duet.port.convert import relayout
from resnet_duet.port.dialect import Dialect
from resnet_duet.port.dialects import DIALECTS
from resnet_duet.port.random import Norms, draw
from resnet_spec import ResNetSpec
from resnet_spec.layers import Dense

AS_FILED = "as filed"  # the head that the file has, and it must have one
ANY = "any"  # the head that the file has, or none where it has none
Head = int | str | None  # classes of a new head, AS_FILED, ANY, or None for no head
SEED = 0  # of a new head, so that the same command gives the same file
CLASSIFIER = "fc"


def names_of_heads(names: Iterable[str]) -> tuple[str, ...]:
    """The arrays that belong to a classifier in any dialect, also to one of several layers."""
    plan = resnet_spec.plan(resnet_spec.get("resnet50"))
    layers = [own.layer_names(plan).get(CLASSIFIER) for own in DIALECTS.values()]
    seps = [own.layout.separator for own in DIALECTS.values()]
    starts = tuple(layer + sep for layer, sep in zip(layers, seps, strict=True) if layer)
    return tuple(name for name in names if name.startswith(starts))


def without(arrays: Arrays, names: Iterable[str]) -> Arrays:
    """All arrays but some."""
    left_out = set(names)
    return arrays.subset({name: name for name in arrays if name not in left_out})


def with_new_head(arrays: Arrays, spec: ResNetSpec, dialect: Dialect, classes: int) -> Arrays:
    """Arrays of a network without a head, and a freshly initialised classifier behind them."""
    plan = resnet_spec.plan(replace(spec, num_classes=classes))
    rng, dtype = np.random.default_rng(SEED), next(iter(arrays.entries.values())).dtype
    new = {
        name: relayout(draw(rng, slot, Norms.FRESH), slot.axes, dialect.axes(slot)).astype(dtype)
        for name, slot in dialect.table(plan).items()
        if isinstance(slot.layer, Dense)
    }
    return Arrays(arrays.entries | Arrays.of(new).entries)
