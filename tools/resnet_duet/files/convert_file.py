"""Converts one checkpoint file into another: open, change, translate, verify, write."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from resnet_duet import formats
from resnet_duet.errors import FileError
from resnet_duet.formats.checkpoint import Checkpoint
from resnet_duet.formats.sha256 import BackgroundSha256
from resnet_duet.formats.trust import Trust
from resnet_duet.frameworks.framework import Axes
from resnet_duet.identify.evidence import Origin
from resnet_duet.identify.head import Head, HeadChoice
from resnet_duet.identify.identify import Identity
from resnet_duet.identify.open_checkpoint import open_checkpoint
from resnet_duet.identify.rows import zoo_name
from resnet_duet.metadata import FileMetadata, Provenance, tool
from resnet_duet.weights.arrays import Arrays, Entry
from resnet_duet.weights.convert import cast, translate
from resnet_duet.weights.fold import CANONICAL, folded
from resnet_spec import ResNetSpec
from resnet_spec.errors import printable
from resnet_spec.rules import override

if TYPE_CHECKING:
    from resnet_duet.files.verify_conversion import Side, Verification
    from resnet_duet.identify.mapping import Rename

KEEP_DTYPE = "kept"  # the precision of the source


@dataclass(frozen=True, kw_only=True)
class ConvertOptions:
    """The options of a conversion: first the source, then its changes, then the target.

    Attributes:
        spec: network of the source; None to infer it.
        source_dialect: dialect of the source; None to infer it.
        prefix: of the network's names in the source; None to find it.
        rename: the canonical name of each array of the source; None to identify the arrays.
        choices: {choice: value}, overrides of the source's spec; see `override`.
        head: the classifier to keep, remove or replace; see `open_checkpoint`.
        fold_bias: whether to change the convention of biases; see `fold.py`.
        dtype: precision of the target, or KEEP_DTYPE.
        target_dialect: dialect of the target; None for the format's own.
        input_layout: "NCHW" or "NHWC", axes of the image that the target's graph takes; None for
            the format's default.
        overwrite: whether an existing target is replaced.
        verify: whether to compare both networks in float64 before anything is written.
        trust: whether programs of PyTorch in the source may be run.
    """

    spec: ResNetSpec | str | None
    source_dialect: str | None
    prefix: str | None = None
    rename: Path | None = None

    choices: Mapping[str, object]
    head: Head
    fold_bias: bool
    dtype: str

    target_dialect: str | None
    input_layout: Axes | None
    overwrite: bool
    verify: bool
    trust: Trust


@dataclass(frozen=True)
class ConvertResult:
    """The result of a conversion.

    Attributes:
        identity, checkpoint: of the source.
        spec: of the target.
        dialect: of the target.
        input_layout: axes of the image that the target's graph takes; None if it holds no graph.
        arrays: number of arrays that were written.
        dtypes: their precisions.
        nonfinite: {array: number of its values that are NaN or infinite}.
        verification: how both networks were compared; None without `verify`.
    """

    identity: Identity
    checkpoint: Checkpoint
    spec: ResNetSpec
    dialect: str
    input_layout: Axes | None
    arrays: int
    dtypes: tuple[str, ...]
    nonfinite: Mapping[str, int]
    verification: "Verification | None"


def convert_file(
    source: Path, target: Path, options: ConvertOptions, sha256: BackgroundSha256
) -> ConvertResult:
    """Convert a checkpoint file. After an error, nothing has been written.

    Args:
        source: the file to read.
        target: the file to write; its ending determines the format.
        options: see `ConvertOptions`.
        sha256: of the source. Start it early, so that it runs while libraries are imported.

    Raises:
        FileError: see `check_writable`, `open_checkpoint` and `formats.write`.
        DialectError: an unknown dialect, or one without names for the network's layers.
        WeightsError: a choice that the arrays contradict.
        SpecError: an invalid choice.
        FrameworkError: a format, or `verify`, needs a framework that is not installed.
        MismatchError: `verify` found that the networks differ.
    """
    writable = formats.check_writable(
        target, options.target_dialect, options.overwrite, options.input_layout
    )
    checkpoint, identity = identify_file(
        source,
        options.spec,
        options.source_dialect,
        options.head,
        options.choices,
        options.prefix,
        options.rename,
        options.trust,
    )
    arrays = checkpoint.arrays
    verification = (
        _verified(source, arrays, identity, options, writable) if options.verify else None
    )
    if options.dtype != KEEP_DTYPE:
        arrays = cast(arrays, options.dtype)
    arrays, spec = relabel(arrays, identity, writable.dialect, options.fold_bias)
    provenance = Provenance(printable(source.name), sha256.result())
    nonfinite: dict[str, int] = {}
    formats.write(
        writable,
        count_nonfinite_on_read(arrays, nonfinite),
        FileMetadata(spec, provenance, tool()),
    )
    dtypes = tuple(sorted(dtype.name for dtype in arrays.dtypes))
    return ConvertResult(
        identity,
        checkpoint,
        spec,
        writable.dialect,
        writable.input_layout,
        len(arrays),
        dtypes,
        nonfinite,
        verification,
    )


def _verified(
    source: Path,
    arrays: Arrays,
    identity: Identity,
    options: ConvertOptions,
    target: formats.Target,
) -> "Verification":
    """Compare the source with the network that will be written; see `verify_conversion`."""
    from resnet_duet.files.verify_conversion import Side, verify_conversion

    wide = cast(arrays, "float64")
    converted, spec = relabel(wide, identity, target.dialect, options.fold_bias)
    before = whole = Side(arrays, identity.spec, identity.dialect, identity.layers)
    has_custom_head = False
    if options.head is not HeadChoice.KEEP:
        try:
            whole = _side(source, options, HeadChoice.KEEP)
        except FileError:  # a head that cannot be kept
            whole, has_custom_head = _side(source, options, None), True
    after = Side(converted, spec, target.dialect)
    layout, trust = target.input_layout, options.trust
    return verify_conversion(source, whole, before, after, layout, trust, has_custom_head)


def _side(source: Path, options: ConvertOptions, head: Head) -> "Side":
    """The source with the given head."""
    from resnet_duet.files.verify_conversion import Side

    checkpoint, own = identify_file(
        source,
        options.spec,
        options.source_dialect,
        head,
        options.choices,
        options.prefix,
        options.rename,
        options.trust,
    )
    return Side(checkpoint.arrays, own.spec, own.dialect, own.layers)


def identify_file(
    source: Path,
    spec: ResNetSpec | str | None,
    dialect: str | None,
    head: Head,
    choices: Mapping[str, object],
    prefix: str | None = None,
    rename: "Rename | None" = None,
    trust: Trust = Trust.DATA,
) -> tuple[Checkpoint, Identity]:
    """Open a checkpoint, and override choices of the spec that its arrays do not show.

    Args:
        source: the file.
        spec, dialect, head, prefix, trust: see `open_checkpoint`.
        choices: {choice: value}; see `override`.
        rename, trust: see `open_checkpoint`.
    """
    checkpoint, identity = open_checkpoint(source, spec, dialect, head, prefix, rename, trust)
    if choices:
        spec = override(identity.spec, choices)
        if checkpoint.graph is not None:  # which the choices must not contradict
            return open_checkpoint(source, spec, dialect, head, prefix, trust=trust)
        evidence = identity.evidence.with_given(choices, Origin.USER)
        identity = Identity(zoo_name(spec), spec, identity.dialect, (), False, evidence)
    return checkpoint, identity


def relabel(
    arrays: Arrays, identity: Identity, dialect: str, fold_bias: bool
) -> tuple[Arrays, ResNetSpec]:
    """The arrays under the names and in the layouts of another dialect, and their network."""
    if not fold_bias:
        return translate(arrays, identity.spec, identity.dialect, dialect), identity.spec
    canonical = translate(arrays, identity.spec, identity.dialect, CANONICAL)
    bare, spec = folded(canonical, identity.spec)
    return translate(bare, spec, CANONICAL, dialect), spec


def count_nonfinite_on_read(arrays: Arrays, nonfinite: dict[str, int]) -> Arrays:
    """The same arrays. When one is read, its NaN and infinite values are counted.

    Args:
        arrays: {name: array}.
        nonfinite: {name: number of such values}; arrays without any are not added.
    """

    def entry(name: str, old: Entry) -> Entry:
        def read() -> np.ndarray:
            array = old.read()
            if odd := count_nonfinite(array):
                nonfinite[name] = odd
            return array

        return replace(old, read=read)

    return Arrays({name: entry(name, old) for name, old in arrays.entries.items()})


def count_nonfinite(array: np.ndarray) -> int:
    """Number of NaN and infinite values. The extremes show both, and need no memory."""
    if array.size and np.isfinite(array.min()) and np.isfinite(array.max()):
        return 0
    return array.size - int(np.count_nonzero(np.isfinite(array)))
