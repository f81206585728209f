"""Where each choice of an identified network comes from, and which choices were assumed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from operator import attrgetter
from typing import Any

from resnet_duet.identify.undetermined import TRAINING_ONLY, undetermined_choices
from resnet_duet.weights.dialect import Dialect
from resnet_spec import ResNetSpec
from resnet_spec.rules import choice_paths


class Origin(StrEnum):
    """The source of a choice, from the strongest to the weakest."""

    USER = "given by the user"
    GRAPH = "read from the file's graph"
    METADATA = "read from the file's metadata"
    CONFIG = "read from config.json"
    ARRAYS = "follows from names and shapes"
    CONVENTION = "assumed by convention"


SUMMARISED = (Origin.GRAPH, Origin.ARRAYS)  # sources after which no alternative is left


@dataclass(frozen=True)
class Evidence:
    """Where the choices come from that a network's arrays do not determine.

    Attributes:
        general: the source of every choice that is not in `given`. A graph determines all choices,
            including those that follow from the arrays.
        given: {path of a choice: its source}, where that is another one.
        notes: sentences for the user, for instance that a Dropout was dropped, since it is the
            identity in inference.
        code: the code with the conventions that were assumed; "" for that of the dialect.
    """

    general: Origin
    given: Mapping[str, Origin] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    code: str = ""

    def with_given(self, paths: Iterable[str], origin: Origin) -> "Evidence":
        """The evidence with the source of some choices replaced.

        Args:
            paths: of choices, with a dot into the stem or the shortcut. The name of a nested spec
                means all its choices.
            origin: their source.
        """
        heads = tuple(paths)
        known = choice_paths(ResNetSpec)
        found = [path for path in known if path in heads or path.partition(".")[0] in heads]
        return replace(self, given=dict(self.given) | dict.fromkeys(found, origin))

    def with_notes(self, *notes: str) -> "Evidence":
        """The evidence with more notes."""
        return replace(self, notes=(*self.notes, *notes))


ASSUMED = Evidence(Origin.CONVENTION)


@dataclass(frozen=True)
class ChoiceOrigin:
    """One choice of an identified network.

    Attributes:
        path: its name in a spec, with a dot into the stem or the shortcut.
        value: that was chosen.
        origin: where the value comes from.
        alternatives: other values with exactly the same arrays; () if the arrays determine it.
        about: what it decides, for people; "" if the arrays determine it.
    """

    path: str
    value: Any
    origin: Origin
    alternatives: tuple[Any, ...]
    about: str

    @property
    def is_assumed(self) -> bool:
        """Whether nothing determines the choice, although it changes the network's outputs."""
        return self.origin is Origin.CONVENTION and self.path not in TRAINING_ONLY


def origins(spec: ResNetSpec, dialect: Dialect, evidence: Evidence) -> list[ChoiceOrigin]:
    """Every choice of a network with its source, in the order of a spec's fields.

    Args:
        spec: the network.
        dialect: of its arrays.
        evidence: see `Evidence`.
    """
    undetermined = {item.path: item for item in undetermined_choices(spec, dialect)}
    found = []
    for path in choice_paths(ResNetSpec):
        item = undetermined.get(path)
        others, about = (item.alternatives, item.about) if item else ((), "")
        origin = evidence.given.get(path, evidence.general)
        is_set = evidence.given.get(path) is Origin.USER
        if item is None and not is_set and evidence.general is not Origin.GRAPH:
            origin = Origin.ARRAYS
        found.append(ChoiceOrigin(path, attrgetter(path)(spec), origin, others, about))
    return found
