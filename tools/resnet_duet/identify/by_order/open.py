"""Opens a file by the order and the shapes of its arrays, where no dialect has its names."""

from dataclasses import replace

import resnet_spec
from resnet_duet.formats.checkpoint import Checkpoint
from resnet_duet.identify.by_order.conventions import conventions_of
from resnet_duet.identify.by_order.match import by_order
from resnet_duet.identify.evidence import Evidence, Origin
from resnet_duet.identify.head import Head, HeadChoice
from resnet_duet.identify.identify import Identity, named
from resnet_duet.identify.placement import CANONICAL, Placement, relabelled
from resnet_duet.identify.rows import zoo_name
from resnet_duet.weights.dialect import Shapes
from resnet_duet.weights.dialects import dialect
from resnet_spec import ResNetSpec


def open_by_order(
    checkpoint: Checkpoint, spec: ResNetSpec | str | None, head: Head
) -> tuple[Checkpoint, Identity, Placement] | None:
    """The checkpoint under canonical names, its identity, and the place of every array.

    Args:
        checkpoint: the file.
        spec: the network, a spec or a name of the zoo; None to infer it.
        head: the classifier to return; see `Head`. A new one is not added here.

    Returns:
        None if no network has such arrays.

    Raises:
        FileError: several assignments fit, or the names contradict those that do.
        SpecError: an unknown name of a network.
    """
    placement = by_order(checkpoint.arrays.shapes, spec)
    return None if placement is None else open_placed(checkpoint, placement, spec, head)


def open_placed(
    checkpoint: Checkpoint, placement: Placement, spec: ResNetSpec | str | None, head: Head
) -> tuple[Checkpoint, Identity, Placement]:
    """The same for a placement that is known; see `open_by_order`."""
    arrays, own = relabelled(checkpoint.arrays, placement), placement.spec
    skipped: tuple[str, ...] = ()
    if not isinstance(head, HeadChoice) and head != own.num_classes and own.num_classes is not None:
        own = replace(own, num_classes=None)
        body = dialect(CANONICAL).shapes(resnet_spec.plan(own))
        skipped = tuple(placement.names[name] for name in arrays if name not in body)
        arrays = arrays.subset({name: name for name in body})
    if spec is None:
        identity = _named(arrays.shapes, own, placement)
    else:
        given = Evidence(Origin.USER)
        identity = Identity(zoo_name(own), own, CANONICAL, (), ambiguous=False, evidence=given)
    note = f"{placement.placed_by}: {len(placement.names)} tensors"
    identity = replace(identity, evidence=identity.evidence.with_notes(note))
    opened = replace(checkpoint, arrays=arrays, skipped=(*checkpoint.skipped, *skipped))
    return opened, identity, placement


def _named(shapes: Shapes, spec: ResNetSpec, placement: Placement) -> Identity:
    """The identity with the conventions of the code that has the file's names; see `named`."""
    conventions = conventions_of(placement)
    if conventions is None:
        return named(shapes, spec, dialect(CANONICAL))
    identity = named(shapes, spec, conventions.dialect())
    return replace(identity, evidence=replace(identity.evidence, code=conventions.code))
