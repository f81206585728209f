"""Opens a file as a network: unwrapped, identified, with the classifier that is asked for."""

from dataclasses import replace
from pathlib import Path

import resnet_spec
from resnet_duet import formats
from resnet_duet.errors import FileError
from resnet_duet.formats.checkpoint import Checkpoint
from resnet_duet.formats.unwrap import views
from resnet_duet.identify.head import Head, HeadChoice, names_of_heads, with_new_head, without
from resnet_duet.identify.identify import Identity, identify
from resnet_duet.weights.arrays import Arrays, is_number
from resnet_duet.weights.dialects import DIALECTS
from resnet_spec import ResNetSpec


def open_checkpoint(
    path: Path | str, spec: ResNetSpec | str | None, dialect: str | None, head: Head
) -> tuple[Checkpoint, Identity]:
    """Read a file and identify its network.

    Args:
        path: the file.
        spec: the network, a spec or a name of the zoo. None to use the file's metadata if it has
            any, or else to infer the network from the arrays.
        dialect: the dialect of the file; None to infer it.
        head: the classifier to return; see `Head`.

    Returns:
        The network's arrays without any wrapper, and its identity.

    Raises:
        FileError: no such file, a corrupted one, an unknown network, another network than `spec`,
            or no classifier in the file although `head` asks to keep it.
    """
    whole = formats.read(path)
    known = whole.spec if spec is None else spec
    last: FileError | None = None
    for arrays, skipped in views(whole.arrays):
        part = replace(whole, arrays=arrays, skipped=(*whole.skipped, *skipped))
        try:
            refuse_no_weights(arrays)
            return with_head(part, known, dialect, head)
        except FileError as error:
            last = error
    assert last, "a file has at least one view"
    raise FileError(f"{path}: {last.summary}", last.details) from last


def with_head(
    checkpoint: Checkpoint, spec: ResNetSpec | str | None, dialect: str | None, head: Head
) -> tuple[Checkpoint, Identity]:
    """The checkpoint with the classifier that is asked for, and its identity then.

    Args and Raises: see `open_checkpoint`.
    """
    if head is None:
        dropped = names_of_heads(checkpoint.arrays)
        checkpoint = skip_arrays(checkpoint, dropped)
        if dropped and spec is not None:
            given = resnet_spec.get(spec) if isinstance(spec, str) else spec
            spec = replace(given, num_classes=None)
    identity = identify(checkpoint.arrays.shapes, spec, dialect, checkpoint.configs)
    has_head = identity.spec.num_classes is not None
    if head is HeadChoice.KEEP and not has_head and not isinstance(spec, ResNetSpec):
        raise FileError(
            "the file has no classifier; pass --no-head for the network without one, or"
            " --num-classes N for a new one"
        )
    if isinstance(head, HeadChoice) or head == identity.spec.num_classes:
        return checkpoint, identity
    assert head is not None, "a network without a classifier was returned above"
    own = DIALECTS[identity.dialect]
    if has_head:
        checkpoint = skip_arrays(checkpoint, names_of_heads(checkpoint.arrays))
    arrays = with_new_head(checkpoint.arrays, identity.spec, own, head)
    changed = replace(identity, spec=replace(identity.spec, num_classes=head))
    return replace(checkpoint, arrays=arrays), changed


def skip_arrays(checkpoint: Checkpoint, names: tuple[str, ...]) -> Checkpoint:
    """The checkpoint without some arrays, which it lists as skipped."""
    arrays = without(checkpoint.arrays, names)
    return replace(checkpoint, arrays=arrays, skipped=(*checkpoint.skipped, *names))


def refuse_no_weights(arrays: Arrays) -> None:
    """Raise FileError if some arrays have a precision that weights never have, all listed."""
    entries = arrays.entries.items()
    odd = [f"{name}: {entry.dtype}" for name, entry in entries if not is_number(entry.dtype)]
    if odd:
        raise FileError(f"{len(odd):,} arrays are not floating-point weights", odd)
