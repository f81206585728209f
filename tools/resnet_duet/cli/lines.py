"""What commands say in plain lines."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from resnet_duet.port.checkpoint import Checkpoint
from resnet_duet.port.evidence import ends_in_softmax
from resnet_duet.port.identify import Identity


def identity_lines(path: Path, identity: Identity, checkpoint: Checkpoint) -> Iterator[str]:
    """What a file is, what of it was left out, and what its weights cannot tell."""
    name = identity.name or "a network of its own"
    yield f"{path}: {name} in dialect {identity.dialect}"
    if identity.rivals:
        others = ", ".join(identity.rivals)
        yield f"  the same arrays would fit {others}; --spec decides"
    if checkpoint.left_out:
        yield f"  left out: {summary(checkpoint.left_out)}"
    if ends_in_softmax(checkpoint.configs):
        yield "  it ends in softmax; the networks here end in the logits before it"


def unseen_line(identity: Identity, checkpoint: Checkpoint) -> str:
    """What was taken where weights cannot tell, and the flag that changes it."""
    from resnet_duet.port.dialects import dialect
    from resnet_duet.port.unseen import unseen

    hidden = unseen(identity.spec, dialect(identity.dialect))
    taken = ", ".join(f"{item.path}={item.taken}" for item in hidden)
    why = reason(identity, checkpoint)
    return f"  weights cannot tell {taken}: taken {why}; --set changes them, inspect explains them"


def reason(identity: Identity, checkpoint: Checkpoint) -> str:
    """What decided where weights cannot."""
    if checkpoint.label is not None:
        return "as the file says of itself"
    if checkpoint.configs:
        return "from Keras' configuration in the file"
    return f"by the habit of {identity.dialect}"


def summary(names: Sequence[str]) -> str:
    """A list of names, its middle cut out when it is long."""
    if len(names) <= 4:
        return ", ".join(names)
    return f"{', '.join(names[:2])} ... {names[-1]} ({len(names)} in all)"
