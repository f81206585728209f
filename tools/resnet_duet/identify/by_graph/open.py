"""Opens a file that has a graph: the graph decides everything, names and conventions nothing."""

from dataclasses import replace

from resnet_duet.errors import FileError
from resnet_duet.formats.checkpoint import Checkpoint
from resnet_duet.graphs.operations import Graph
from resnet_duet.identify.by_graph.identify_graph import GraphIdentity, identify_graph
from resnet_duet.identify.evidence import Evidence, Origin
from resnet_duet.identify.find import Found, skip_arrays
from resnet_duet.identify.head import Head, HeadChoice, names_of_classifier
from resnet_duet.identify.identify import Identity
from resnet_duet.identify.placement import CANONICAL, relabelled, unplaced
from resnet_duet.identify.rows import zoo_name
from resnet_duet.weights.dialects import DIALECTS
from resnet_spec import ResNetSpec

TRAINING = ("norm_decay",)  # choices that a graph for inference may leave out


def open_graph(
    checkpoint: Checkpoint, graph: Graph, spec: ResNetSpec | str | None, head: Head
) -> Found:
    """Identify a file by its graph, and give its arrays canonical names.

    Args:
        checkpoint: the file.
        graph: of the file.
        spec: the network, a spec or a name of the zoo; None to use the file's metadata if it has
            any, or else to identify it.
        head: the classifier to return; see `Head`. A new one is not added here.

    Raises:
        FileError: the graph is no network of this family, not the given one, not that of the
            metadata, or has a custom head although `head` asks to keep it.
    """
    found = _identified(checkpoint, graph, spec)
    if found.custom_head and head is HeadChoice.KEEP:
        raise FileError(
            "the network has a custom head, which this family does not have; pass --no-head"
            " to convert the body, or --num-classes N for the body with a new classifier:",
            found.custom_head,
        )
    skipped = unplaced(checkpoint.arrays, found.placement)
    notes = [f"dropped {line}" for line in found.dropped]
    notes += [f"not converted: {line}" for line in found.custom_head]
    opened = replace(
        checkpoint,
        arrays=relabelled(checkpoint.arrays, found.placement),
        skipped=(*checkpoint.skipped, *skipped),
        notes=tuple(notes),
    )
    own = found.placement.spec
    evidence = Evidence(Origin.GRAPH)
    if not found.knows_decay:
        known = checkpoint.metadata is not None or spec is not None
        origin = Origin.METADATA if spec is None else Origin.USER
        evidence = evidence.with_given(TRAINING, origin if known else Origin.CONVENTION)
    identity = Identity(
        zoo_name(own), own, CANONICAL, (), ambiguous=False, evidence=evidence, layers=found.layers
    )
    if head is not None or own.num_classes is None:
        return opened, identity
    names = names_of_classifier(opened.arrays.shapes, own, DIALECTS[CANONICAL])
    return skip_arrays(opened, names), replace(identity, spec=replace(own, num_classes=None))


def _identified(
    checkpoint: Checkpoint, graph: Graph, spec: ResNetSpec | str | None
) -> GraphIdentity:
    """The network of the graph, which must be the given one, or that of the metadata."""
    known = checkpoint.spec if spec is None else spec
    try:
        return identify_graph(graph, checkpoint.arrays, known)
    except FileError as error:
        if spec is not None or known is None:
            raise
        raise FileError(
            f"the file's metadata contradict its graph: {error.summary}", error.details
        ) from error
