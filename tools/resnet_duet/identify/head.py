"""The classifier of a network that is read: the file's own, none, or a new one."""

from collections.abc import Iterable
from dataclasses import replace
from enum import Enum

import numpy as np

import resnet_spec
from resnet_duet.weights.arrays import Arrays
from resnet_duet.weights.convert import relayout
from resnet_duet.weights.dialect import Dialect
from resnet_duet.weights.dialects import DIALECTS
from resnet_duet.weights.init import Norms, draw
from resnet_spec import ResNetSpec
from resnet_spec.layers import Dense


class HeadChoice(Enum):
    """What to do with the classifier of a file, other than to remove or replace it."""

    KEEP = "keep"  # keep the file's classifier; a file without one is an error
    ANY = "any"  # keep the file's classifier if it has one


Head = int | HeadChoice | None  # number of classes of a new classifier; None for no classifier
SEED = 0  # of a new classifier: the same command gives the same file
CLASSIFIER = "fc"


def names_of_heads(names: Iterable[str]) -> tuple[str, ...]:
    """The arrays that belong to a classifier in any dialect, even to one of several layers."""
    plan = resnet_spec.plan(resnet_spec.get("resnet50"))
    layers = [own.layer_names(plan).get(CLASSIFIER) for own in DIALECTS.values()]
    separators = [own.layout.separator for own in DIALECTS.values()]
    prefixes = tuple(
        layer + separator for layer, separator in zip(layers, separators, strict=True) if layer
    )
    return tuple(name for name in names if name.startswith(prefixes))


def without(arrays: Arrays, names: Iterable[str]) -> Arrays:
    """The arrays except those of these names."""
    skipped = set(names)
    return arrays.subset({name: name for name in arrays if name not in skipped})


def with_new_head(arrays: Arrays, spec: ResNetSpec, dialect: Dialect, classes: int) -> Arrays:
    """The arrays of a network without a classifier, and those of a freshly initialised one.

    Args:
        arrays: under the names of the dialect.
        spec: the network without a classifier.
        dialect: names and layouts of the arrays.
        classes: number of classes of the new classifier.
    """
    plan = resnet_spec.plan(replace(spec, num_classes=classes))
    rng, dtype = np.random.default_rng(SEED), next(iter(arrays.entries.values())).dtype
    new = {
        name: relayout(
            draw(rng, array_spec, Norms.INITIAL), array_spec.axes, dialect.axes(array_spec)
        ).astype(dtype)
        for name, array_spec in dialect.table(plan).items()
        if isinstance(array_spec.layer, Dense)
    }
    return Arrays(arrays.entries | Arrays.of(new).entries)
