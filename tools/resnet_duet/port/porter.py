"""One checkpoint into one file: open, choose, convert, prove, write."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from resnet_duet.port import files
from resnet_duet.port.arrays import Arrays, Entry
from resnet_duet.port.checkpoint import Checkpoint
from resnet_duet.port.convert import cast, translate
from resnet_duet.port.digest import Digest
from resnet_duet.port.fold import CANONICAL, folded
from resnet_duet.port.head import Head
from resnet_duet.port.identify import Identity, zoo_name
from resnet_duet.port.label import Label, Origin, tool
from resnet_duet.port.opening import open_checkpoint
from resnet_spec import ResNetSpec
from resnet_spec.rules import amend

KEPT = "kept"  # the precision of the source


@dataclass(frozen=True)
class Wish:
    """What is wanted of a conversion.

    Attributes:
        spec, source: network and dialect of the source; None to find them out.
        choices: of the spec, where they are to be otherwise than found; see `amend`.
        target: the dialect to write; None for the format's own.
        dtype: the precision to write, or KEPT.
        head: the classifier; see `open_checkpoint`.
        fold_bias: whether to change the convention of biases; see `fold.py`.
        verify: whether to run both sides in float64 before anything is written.
        overwrite: whether an older file may be replaced.
        axes: of the images that a graph takes, "NCHW" or "NHWC"; None for the format's own.
    """

    spec: ResNetSpec | str | None
    source: str | None
    choices: Mapping[str, object]
    target: str | None
    dtype: str
    head: Head
    fold_bias: bool
    verify: bool
    overwrite: bool
    axes: str | None = None


@dataclass(frozen=True)
class Report:
    """What a conversion did.

    Attributes:
        identity, checkpoint: of the source.
        spec: of the target.
        dialect: of the target.
        arrays: how many were written.
        dtypes: in which precisions.
        nonfinite: {array: how many of its numbers are NaN or infinite}.
    """

    identity: Identity
    checkpoint: Checkpoint
    spec: ResNetSpec
    dialect: str
    arrays: int
    dtypes: tuple[str, ...]
    nonfinite: Mapping[str, int]


def port(source: Path, target: Path, wish: Wish, digest: Digest) -> Report:
    """Convert a checkpoint.

    Args:
        source, target: from here to there.
        wish: what is wanted.
        digest: of the source; whoever starts it early does not wait for it.

    Raises:
        FileError, DialectError, WeightsError, SpecError: see `open_checkpoint`, `files.write`,
            `translate` and `amend`. Nothing is written then.
        ProofError: the two sides are not the same function. Nothing is written.
    """
    dialect = files.writable(target, wish.target, wish.overwrite, wish.axes)
    checkpoint, identity = examined(source, wish.spec, wish.source, wish.head, wish.choices)
    arrays, spec = checkpoint.arrays, identity.spec
    if wish.verify:
        from resnet_duet.proof.porting import prove

        wide = changed(cast(arrays, "float64"), identity, dialect, wish.fold_bias)
        axes = files.graph_axes(target, wish.axes)
        prove(source, (arrays, spec, identity.dialect), (*wide, dialect), axes)
    if wish.dtype != KEPT:
        arrays = cast(arrays, wish.dtype)
    arrays, spec = changed(arrays, identity, dialect, wish.fold_bias)
    nonfinite: dict[str, int] = {}
    label = Label(spec, Origin(source.name, digest.result()), tool())
    files.write(target, watched(arrays, nonfinite), label, dialect, wish.overwrite, wish.axes)
    dtypes = tuple(sorted(dtype.name for dtype in arrays.dtypes))
    return Report(identity, checkpoint, spec, dialect, len(arrays), dtypes, nonfinite)


def examined(
    source: Path,
    spec: ResNetSpec | str | None,
    dialect: str | None,
    head: Head,
    choices: Mapping[str, object],
) -> tuple[Checkpoint, Identity]:
    """The source, and what it is by its arrays and by the choices that they do not show."""
    checkpoint, identity = open_checkpoint(source, spec, dialect, head)
    if choices:
        spec = amend(identity.spec, choices)
        identity = Identity(zoo_name(spec), spec, identity.dialect, (), doubtful=False)
    return checkpoint, identity


def changed(
    arrays: Arrays, identity: Identity, dialect: str, fold_bias: bool
) -> tuple[Arrays, ResNetSpec]:
    """The arrays in the target's dialect, and their network."""
    if not fold_bias:
        return translate(arrays, identity.spec, identity.dialect, dialect), identity.spec
    canonical = translate(arrays, identity.spec, identity.dialect, CANONICAL)
    bare, spec = folded(canonical, identity.spec)
    return translate(bare, spec, CANONICAL, dialect), spec


def watched(arrays: Arrays, nonfinite: dict[str, int]) -> Arrays:
    """The same arrays; when one is read, its numbers that are none are counted."""

    def entry(name: str, old: Entry) -> Entry:
        def read() -> np.ndarray:
            array = old.read()
            if odd := count_nonfinite(array):
                nonfinite[name] = odd
            return array

        return replace(old, read=read)

    return Arrays({name: entry(name, old) for name, old in arrays.entries.items()})


def count_nonfinite(array: np.ndarray) -> int:
    """How many numbers are NaN or infinite. Both show in the extremes, which cost no memory."""
    if array.size and np.isfinite(array.min()) and np.isfinite(array.max()):
        return 0
    return array.size - int(np.count_nonzero(np.isfinite(array)))
