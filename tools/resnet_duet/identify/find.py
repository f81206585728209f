"""Finds the network among a file's views, with its classifier, and says what else the file has."""

from collections.abc import Sequence
from dataclasses import replace

import resnet_spec
from resnet_duet.errors import FileError
from resnet_duet.formats.checkpoint import Checkpoint
from resnet_duet.formats.unwrap import View
from resnet_duet.identify.body import Body, find_body
from resnet_duet.identify.head import (
    CustomHead,
    Head,
    HeadChoice,
    LinearHead,
    head_of_body,
    linear_head,
    names_of_classifier,
    reads_features,
    with_linear_head,
    without,
)
from resnet_duet.identify.identify import Identity, find_identity, refused
from resnet_duet.weights.arrays import Arrays, is_number
from resnet_duet.weights.dialects import DIALECTS, dialect
from resnet_spec import ResNetSpec

Found = tuple[Checkpoint, Identity]


def find_network(
    checkpoint: Checkpoint,
    views: Sequence[View],
    spec: ResNetSpec | str | None,
    source: str | None,
    head: Head,
) -> Found | None:
    """The network in a file of weights, and its identity; None if no dialect has all its names.

    Args:
        checkpoint: the file.
        views: subsets of its arrays: first all of them, then those that begin like a network.
        spec: the network; None to identify it.
        source: the dialect; None to identify it.
        head: None skips the file's head, whatever it is; a number of classes skips one that is no
            classifier.

    Raises:
        FileError: several networks, or a head that is kept and is no classifier.
    """
    whole, *towers = views
    try:
        refuse_no_weights(whole.arrays)
        if found := _exact(checkpoint, whole, spec, source, head):
            return found
    except FileError:
        if not towers:
            raise
    if len(towers) > 1:
        raise several_networks(towers)
    view = towers[0] if towers else whole
    refuse_no_weights(view.arrays)
    body = _body(view, spec, source)
    if body is None:
        return None
    return _with_own_head(checkpoint, view, body, spec, head, outside=bool(towers))


def unknown_network(
    views: Sequence[View], spec: ResNetSpec | str | None, source: str | None
) -> FileError:
    """The error for a file in which `find_network` finds none; the arguments are the same."""
    return refused(views[-1].arrays.shapes, spec, source)


def _exact(
    checkpoint: Checkpoint,
    view: View,
    spec: ResNetSpec | str | None,
    source: str | None,
    head: Head,
) -> Found | None:
    """The view, if a network has exactly its arrays; its classifier is skipped if asked for."""
    part = _part(checkpoint, view)
    shapes = view.arrays.shapes
    identity = find_identity(shapes, spec, source)
    if identity is None:
        return None
    if head is not None or identity.spec.num_classes is None:
        return part, identity
    names = names_of_classifier(shapes, identity.spec, DIALECTS[identity.dialect])
    bare = replace(identity, spec=replace(identity.spec, num_classes=None))
    return skip_arrays(part, names), bare


def _body(view: View, spec: ResNetSpec | str | None, source: str | None) -> Body | None:
    """The network without its classifier in a view, if it is the one that is given."""
    dialects = list(DIALECTS.values()) if source is None else [dialect(source)]
    shapes = view.arrays.shapes
    body = find_body(shapes, dialects)
    if body is None or spec is None:
        return body
    bare = {name: shapes[name] for name in body.names}
    is_it = find_identity(bare, _given(spec, body, None), body.dialect.name)
    return body if is_it else None


def _with_own_head(
    checkpoint: Checkpoint,
    view: View,
    body: Body,
    spec: ResNetSpec | str | None,
    head: Head,
    outside: bool,
) -> Found | None:
    """The body, with the classifier that the other arrays are; None if they are something else.

    Args:
        checkpoint, view, body, spec, head: see `find_network`.
        outside: whether the arrays outside the view may be the head.
    """
    part = _part(checkpoint, view)
    own = head_of_body(body, view.arrays.shapes) if body.others else None
    if body.others and own is None:
        return None
    own = _outer_head(view, body, own) if outside else own
    if isinstance(own, CustomHead) and head is HeadChoice.KEEP:
        raise custom_head(own, view)
    others = set(view.others)
    if isinstance(own, LinearHead) and head is not None:
        arrays = with_linear_head(body, Arrays(view.others.entries | view.arrays.entries), own)
        used = {own.kernel, own.bias}
        others -= used
        notes = () if own.kernel in arrays and own.bias in arrays else (classifier_note(own),)
        skipped = tuple(name for name in part.skipped if name not in used)
        part = replace(part, arrays=arrays, skipped=skipped, notes=(*part.notes, *notes))
        identity = _identity(arrays, spec, body, own.classes, head)
    else:
        part = skip_arrays(part, body.others)
        identity = _identity(part.arrays, spec, body, None, head)
    if outside and others:
        note = f"the network below {view.prefix}: {len(others)} other tensors are skipped"
        part = replace(part, notes=(*part.notes, note))
    return part, identity


def _identity(
    arrays: Arrays, spec: ResNetSpec | str | None, body: Body, classes: int | None, head: Head
) -> Identity:
    """The network with these arrays, which are the body's and its classifier's."""
    known = spec if head is HeadChoice.KEEP else _given(spec, body, classes)
    identity = find_identity(arrays.shapes, known, body.dialect.name)
    if identity is None:
        raise refused(arrays.shapes, known, body.dialect.name)
    return identity


def _given(spec: ResNetSpec | str | None, body: Body, classes: int | None) -> ResNetSpec | None:
    """The network that is given, with the body's image channels and these classes."""
    if isinstance(spec, str):
        row = resnet_spec.get(spec)
        return replace(row, num_classes=classes, in_channels=body.spec.in_channels)
    return replace(spec, num_classes=classes) if spec else None


def _outer_head(
    view: View, body: Body, own: LinearHead | CustomHead | None
) -> LinearHead | CustomHead | None:
    """The head of a backbone, if the arrays outside the backbone are one.

    They are none for other networks, such as detectors: there the backbone is the network.

    Args:
        view: the backbone and the arrays outside.
        body: the backbone without its classifier.
        own: the head in the backbone.
    """
    shapes = view.others.shapes
    if own is None and (linear := linear_head(body, shapes, shapes)):
        return linear
    inputs = {body.features} | ({own.classes} if isinstance(own, LinearHead) else set())
    if reads_features(body, shapes, inputs):
        return CustomHead((*(body.others if own else ()), *shapes))
    return own


def classifier_note(head: LinearHead) -> str:
    """The line about a classifier under another name than the dialect's."""
    zeros = "" if head.bias else ", without a bias: zeros are used"
    return f"{head.kernel} is the classifier, for {head.classes} classes{zeros}"


def custom_head(head: CustomHead, view: View) -> FileError:
    """The error for a head that is not one dense layer."""
    shapes = view.arrays.shapes | view.others.shapes
    return FileError(
        "the network has a custom head, and only one dense layer can be converted; pass --no-head"
        f" for the network without it, or --num-classes N for a new one; its {len(head.names)}"
        " arrays are:",
        (f"{name} {shapes[name]}" for name in head.names),
    )


def several_networks(towers: Sequence[View]) -> FileError:
    """The error for a file with several networks."""
    choices = " or ".join(f"--prefix {view.prefix or repr('')}" for view in towers)
    return FileError(f"the file has {len(towers)} networks; choose one: {choices}")


def _part(checkpoint: Checkpoint, view: View) -> Checkpoint:
    """The checkpoint reduced to a view."""
    read, *unread = view.containers or ("",)
    notes = [f"read {read}, not {key} (choose with --prefix {key})" for key in unread]
    skipped = (*checkpoint.skipped, *view.skipped)
    return replace(
        checkpoint, arrays=view.arrays, skipped=skipped, notes=(*checkpoint.notes, *notes)
    )


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
