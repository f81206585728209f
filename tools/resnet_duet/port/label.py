"""What every file of this project says of itself: the network, where it came from, who wrote it."""

import json
from dataclasses import dataclass

from resnet_duet import __version__
from resnet_spec import ResNetSpec, SpecError
from resnet_spec.errors import printable

KEY = "resnet_duet"  # under which each format keeps the label
LONGEST = 2**16  # characters; a thousand do for a network of usual depths


def tool() -> str:
    """Name and version of this project."""
    return f"resnet-duet {__version__}"


@dataclass(frozen=True)
class Origin:
    """The file that a file was converted from: its name, and the sha256 of its bytes."""

    name: str
    sha256: str

    def __post_init__(self) -> None:
        for text in (self.name, self.sha256):
            if not isinstance(text, str) or not text.isprintable():
                raise ValueError("its origin is none")


@dataclass(frozen=True)
class Label:
    """What a file says of itself.

    Attributes:
        spec: the network.
        origin: None for a network that was saved and not converted.
        tool: what wrote the file.
    """

    spec: ResNetSpec
    origin: Origin | None
    tool: str

    def to_json(self) -> str:
        origin = vars(self.origin) if self.origin else None
        return json.dumps(
            {"spec": json.loads(self.spec.to_json()), "origin": origin, "tool": self.tool}
        )

    @classmethod
    def from_json(cls, text: str) -> "Label":
        """The label that `to_json` wrote. Raises SpecError: it was changed since."""
        try:
            if len(text) > LONGEST:
                raise ValueError(f"it has {len(text):,} characters")
            fields = json.loads(text)
            origin = Origin(**fields["origin"]) if fields["origin"] else None
            spec, tool = json.dumps(fields["spec"]), printable(str(fields["tool"]))
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise SpecError([f"the label {KEY} is none of ours: {error}"]) from None
        return cls(ResNetSpec.from_json(spec), origin, tool)


def label_of(text: str | None) -> Label | None:
    """The label whose JSON a file keeps, if it keeps one. Raises SpecError: see `from_json`."""
    return Label.from_json(text) if text else None
