"""Proposes a mapping for a file: the canonical name of each array, as far as it can be known."""

from dataclasses import dataclass
from pathlib import Path

import resnet_spec
from resnet_duet import formats
from resnet_duet.errors import FileError
from resnet_duet.formats.unwrap import TRAINING_STATE
from resnet_duet.identify.by_order.match import all_fits, distinct
from resnet_duet.identify.identify import identify
from resnet_duet.identify.mapping import mapping_text
from resnet_duet.identify.placement import CANONICAL
from resnet_duet.identify.rows import zoo_name
from resnet_duet.weights.convert import match_arrays
from resnet_duet.weights.dialect import Shapes
from resnet_duet.weights.dialects import dialect
from resnet_spec import ResNetSpec


@dataclass(frozen=True)
class Proposal:
    """A mapping that is proposed.

    Attributes:
        targets: {name in the file: canonical name; "" if it is unknown}.
        comments: how the names were found, and what is uncertain.
    """

    targets: dict[str, str]
    comments: tuple[str, ...]

    @property
    def known(self) -> int:
        """Number of arrays with a canonical name."""
        return sum(1 for target in self.targets.values() if target)

    def text(self) -> str:
        """The text of the mapping."""
        return mapping_text(self.targets, self.comments)


def propose(path: Path, spec: ResNetSpec | str | None) -> Proposal:
    """The mapping for the arrays of a file.

    Args:
        path: the file.
        spec: the network, a spec or a name of the zoo, if it is known; None to infer it.

    Raises:
        FileError: the file cannot be read.
        SpecError: an unknown name of a network.
    """
    shapes = {
        name: shape
        for name, shape in formats.read(path).arrays.shapes.items()
        if not name.endswith(TRAINING_STATE)
    }
    return _by_name(shapes, spec) or _by_order(shapes, spec) or _unknown(shapes)


def _by_name(shapes: Shapes, spec: ResNetSpec | str | None) -> Proposal | None:
    """The canonical names of names in a known dialect."""
    try:
        identity = identify(shapes, spec, None)
    except FileError:
        return None
    plan, canonical = resnet_spec.plan(identity.spec), dialect(CANONICAL)
    names = {array: name for name, array in canonical.table(plan).items()}
    arrays = match_arrays(shapes, plan, dialect(identity.dialect))
    targets = {name: names[arrays[name]] for name in shapes}
    return Proposal(targets, (f"{_title(identity.spec)}, {identity.dialect} naming",))


def _by_order(shapes: Shapes, spec: ResNetSpec | str | None) -> Proposal | None:
    """The canonical names by order and shapes, even if they are uncertain."""
    fits = sorted(all_fits(shapes, spec), key=lambda fit: (len(fit.against), not fit.is_exact))
    if not fits:
        return None
    best = fits[0]
    placement = best.placement()
    canonical = {old: new for new, old in placement.names.items()}
    comments = [f"{_title(best.spec)}, {placement.placed_by}"]
    others = len(distinct(fits)) - 1
    comments += [f"uncertain: {others} other assignments fit"] if others else []
    comments += [f"uncertain: {line}" for line in best.against]
    return Proposal({name: canonical.get(name, "") for name in shapes}, tuple(comments))


def _unknown(shapes: Shapes) -> Proposal:
    comment = "no network fits; write torchvision's name after each tensor, or - to skip it"
    return Proposal(dict.fromkeys(shapes, ""), (comment,))


def _title(spec: ResNetSpec) -> str:
    return zoo_name(spec) or f"{spec.block} ResNet, {'-'.join(map(str, spec.depths))} blocks"
