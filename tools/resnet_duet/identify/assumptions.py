"""What nothing in a checkpoint determines, although it changes the network's outputs."""

from collections.abc import Callable, Iterator
from typing import Any

from resnet_duet.identify.evidence import ChoiceOrigin, Origin, origins
from resnet_duet.identify.identify import Identity
from resnet_duet.weights.dialects import dialect
from resnet_spec import Ordering, StemPool

ANTI_ALIASING = (
    "no anti-aliasing filter (timm's resnetaa50, resnetblur50 and others have the same tensors)"
)


def choices_of(identity: Identity) -> list[ChoiceOrigin]:
    """Every choice of an identified network with its source; see `origins`."""
    return origins(identity.spec, dialect(identity.dialect), identity.evidence)


def assumptions(identity: Identity, text: Callable[[Any], str]) -> str:
    """The assumed choices and their alternatives in one sentence; "" if there are none.

    Args:
        identity: of a checkpoint.
        text: how a value is written.
    """
    evidence = identity.evidence
    if Origin.CONVENTION not in (evidence.general, *evidence.given.values()):
        return ""
    assumed = [
        f"{item.path}={text(item.value)} (or {', '.join(map(text, item.alternatives))})"
        for item in choices_of(identity)
        if item.is_assumed
    ]
    listed = "; ".join((*assumed, *unexpressed(identity)))
    convention = f"not determined by the weights, assumed as in {identity.code}"
    return f"{convention}: {listed}" if listed else ""


def unexpressed(identity: Identity) -> Iterator[str]:
    """Assumptions that no choice of a spec can express.

    timm's ResNet class can have anti-aliasing filters, which have no weights. Its arrays have the
    names of torchvision; it has a stem with a pool and the original ordering.
    """
    spec = identity.spec
    if (
        identity.evidence.general is Origin.CONVENTION
        and identity.code == "torchvision"
        and spec.stem.pool is not StemPool.NONE
        and spec.ordering is Ordering.ORIGINAL
    ):
        yield ANTI_ALIASING
