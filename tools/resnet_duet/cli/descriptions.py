"""Checkpoints in words: what they are, what was skipped, and what was assumed."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from resnet_duet.identify.evidence import Origin
from resnet_duet.identify.identify import Identity

MOST_LISTED = 6  # kinds of skipped entries
MOST_WARNINGS = 20  # tensors with NaN
HEADINGS = {  # of the choices with one source
    Origin.USER: "given by the user",
    Origin.GRAPH: "read from the file's graph",
    Origin.METADATA: "not determined by the weights, read from the file's metadata",
    Origin.CONFIG: "not determined by the weights, read from config.json",
    Origin.ARRAYS: "follows from the names and shapes of the weights",
    Origin.CONVENTION: "not determined by the weights, assumed as in {code}",
}


def network_of(identity: Identity) -> str:
    """The name of a network: "resnet50", or "unnamed 8-layer ResNet"."""
    import resnet_spec
    from resnet_spec.measure import depth

    return identity.name or f"unnamed {depth(resnet_spec.plan(identity.spec))}-layer ResNet"


def naming_of(identity: Identity) -> str:
    """How the tensors were found: "torchvision naming", or by the graph, whatever their names."""
    by_graph = identity.evidence.general is Origin.GRAPH
    return "identified by its graph" if by_graph else f"{identity.dialect} naming"


def caveats(identity: Identity, skipped: Sequence[str]) -> Iterator[str]:
    """What a user should know: other networks that match, notes, entries that were skipped.

    Args:
        identity: of the checkpoint.
        skipped: entries of the file that the network does not have.
    """
    if identity.alternatives:
        yield f"also matches {', '.join(identity.alternatives)}; choose with --spec"
    yield from identity.evidence.notes
    if skipped:
        yield f"skipped: {by_kind(skipped)}"


def by_kind(names: Sequence[str]) -> str:
    """Entries by kind: "53 num_batches_tracked, optimizer"."""
    kinds = Counter(name.rpartition(".")[2] for name in names)
    listed = [
        f"{count} {kind}" if count > 1 else next(n for n in names if n.rpartition(".")[2] == kind)
        for kind, count in kinds.items()
    ]
    return and_more(listed, MOST_LISTED)


def and_more(items: Sequence[str], most: int) -> str:
    """The items with commas, those after the first few counted."""
    rest = len(items) - most
    return ", ".join(items[:most]) + (f", and {rest} more" if rest > 0 else "")


def nonfinite(counts: Mapping[str, int]) -> Iterator[str]:
    """A warning for each tensor with NaN or infinity, as far as they help a reader."""
    for name, count in islice(counts.items(), MOST_WARNINGS):
        yield f"{name}: {count} values are NaN or infinite"
    if (rest := len(counts) - MOST_WARNINGS) > 0:
        yield f"and {rest} more tensors with NaN or infinite values"
