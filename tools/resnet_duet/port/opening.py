"""A file opened as a network: unwrapped, identified, with the head that is asked for."""

from dataclasses import replace
from pathlib import Path

import resnet_spec
from resnet_duet.errors import FileError
from resnet_duet.port import files
from resnet_duet.port.arrays import Arrays, is_number
from resnet_duet.port.checkpoint import Checkpoint
from resnet_duet.port.dialects import DIALECTS
from resnet_duet.port.head import ANY, AS_FILED, Head, names_of_heads, with_new_head, without
from resnet_duet.port.identify import Identity, identify
from resnet_duet.port.unwrap import views
from resnet_spec import ResNetSpec


def open_checkpoint(
    path: Path | str, spec: ResNetSpec | str | None, dialect: str | None, head: Head
) -> tuple[Checkpoint, Identity]:
    """Read a file, and tell what it is: what is given first, then what it says, then its arrays.

    Args:
        path: the file.
        spec, dialect: what is known of it; None to find it out.
        head: AS_FILED, ANY, a number of classes, or None for no head.

    Returns:
        The network's arrays without any wrapper, and what they are.

    Raises:
        FileError: no such file, a damaged one, or one of another network; or it has no head, and
            it was not said that none is wanted.
    """
    whole = files.read(path)
    known = whole.spec if spec is None else spec
    fault = None
    for arrays, left_out in views(whole.arrays):
        part = replace(whole, arrays=arrays, left_out=(*whole.left_out, *left_out))
        try:
            refuse_no_weights(arrays)
            return with_head(part, known, dialect, head)
        except FileError as error:
            fault = error
    raise FileError(f"{path}: {fault}")


def with_head(
    checkpoint: Checkpoint, spec: ResNetSpec | str | None, dialect: str | None, head: Head
) -> tuple[Checkpoint, Identity]:
    """The checkpoint with the head that is asked for, and what it then is."""
    if head is None:
        dropped = names_of_heads(checkpoint.arrays)
        checkpoint = leave_out(checkpoint, dropped)
        if dropped and spec is not None:
            given = resnet_spec.get(spec) if isinstance(spec, str) else spec
            spec = replace(given, num_classes=None)
    identity = identify(checkpoint.arrays.shapes, spec, dialect, checkpoint.configs)
    has_head = identity.spec.num_classes is not None
    if head == AS_FILED and not has_head and not isinstance(spec, ResNetSpec):
        raise FileError(
            "it has no classifier; say --no-head for the network without one, or --num-classes N"
            " for a new one"
        )
    if head in (AS_FILED, ANY, identity.spec.num_classes):
        return checkpoint, identity
    assert isinstance(head, int)
    own = DIALECTS[identity.dialect]
    if has_head:
        checkpoint = leave_out(checkpoint, names_of_heads(checkpoint.arrays))
    arrays = with_new_head(checkpoint.arrays, identity.spec, own, head)
    whole = replace(identity, spec=replace(identity.spec, num_classes=head))
    return replace(checkpoint, arrays=arrays), whole


def leave_out(checkpoint: Checkpoint, names: tuple[str, ...]) -> Checkpoint:
    """The checkpoint without some of its arrays, which it accounts for."""
    arrays = without(checkpoint.arrays, names)
    return replace(checkpoint, arrays=arrays, left_out=(*checkpoint.left_out, *names))


def refuse_no_weights(arrays: Arrays) -> None:
    """Raise FileError if some arrays are in no precision of weights, all of them listed."""
    entries = arrays.entries.items()
    if odd := [f"{n} ({entry.dtype})" for n, entry in entries if not is_number(entry.dtype)]:
        raise FileError(f"it holds arrays that are no weights: {', '.join(odd)}")
