"""Checkpoints in words: what they are, what was skipped, and what was assumed."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from resnet_duet.formats.checkpoint import Checkpoint
from resnet_duet.formats.keras_config import Configs
from resnet_duet.identify.identify import Identity
from resnet_duet.identify.keras_config import ends_in_softmax

MOST_LISTED = 6  # kinds of skipped entries
MOST_WARNINGS = 20  # tensors with NaN


def network_of(identity: Identity) -> str:
    """The name of a network: "resnet50", or "unnamed 8-layer ResNet"."""
    import resnet_spec
    from resnet_spec.measure import depth

    return identity.name or f"unnamed {depth(resnet_spec.plan(identity.spec))}-layer ResNet"


def naming_of(dialect: str) -> str:
    """A dialect as a fact: "torchvision naming"."""
    return f"{dialect} naming"


def caveats(identity: Identity, configs: Configs, skipped: Sequence[str]) -> Iterator[str]:
    """What a user should know: other networks that match, entries that were skipped.

    Args:
        identity, configs: of the checkpoint.
        skipped: entries of the file that the network does not have.
    """
    if identity.alternatives:
        yield f"also matches {', '.join(identity.alternatives)}; choose with --spec"
    if skipped:
        yield f"skipped: {by_kind(skipped)}"
    if ends_in_softmax(configs):
        yield "the file's network ends in softmax; the networks here end in the logits before it"


def assumptions(identity: Identity, checkpoint: Checkpoint) -> str:
    """The choices that weights do not determine, and the flag that overrides them."""
    from resnet_duet.cli.options import value_text
    from resnet_duet.identify.undetermined import undetermined_choices
    from resnet_duet.weights.dialects import dialect

    found = undetermined_choices(identity.spec, dialect(identity.dialect))
    assumed = ", ".join(f"{item.path}={value_text(item.assumed)}" for item in found)
    source = source_of_choices(identity, checkpoint)
    return f"{source}: {assumed} (override with --set; details: inspect)"


def source_of_choices(identity: Identity, checkpoint: Checkpoint) -> str:
    """Where the choices come from that weights do not determine."""
    if checkpoint.metadata is not None:
        return "not determined by the weights, read from the file's metadata"
    if checkpoint.configs:
        return "not determined by the weights, read from the file's Keras configuration"
    return f"not determined by the weights, assumed as in {identity.dialect}"


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
