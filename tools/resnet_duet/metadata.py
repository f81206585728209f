"""The metadata in every file that this project writes: network, provenance, tool."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from resnet_duet._version import __version__
from resnet_spec import ResNetSpec, SpecError
from resnet_spec.errors import printable
from resnet_spec.rules import construct

METADATA_KEY = "resnet_duet"  # the key or name under which each format stores the metadata
LONGEST = 2**16  # characters; a network of usual depths needs about a thousand


def tool() -> str:
    """Name and version of this project."""
    return f"resnet-duet {__version__}"


@dataclass(frozen=True)
class Provenance:
    """The file that a file was converted from.

    Attributes:
        name: its file name.
        sha256: hexadecimal digits of its SHA-256.
    """

    name: str
    sha256: str


@dataclass(frozen=True)
class FileMetadata:
    """The description that a file contains of itself.

    Attributes:
        spec: the network.
        provenance: None for a network that was saved, not converted.
        tool: name and version of the program that wrote the file.
    """

    spec: ResNetSpec
    provenance: Provenance | None
    tool: str

    def to_json(self) -> str:
        """The metadata as a JSON object with the keys spec, provenance and tool."""
        provenance = asdict(self.provenance) if self.provenance else None
        return json.dumps(
            {"spec": json.loads(self.spec.to_json()), "provenance": provenance, "tool": self.tool}
        )

    @classmethod
    def from_json(cls, text: str) -> "FileMetadata":
        """The metadata that `to_json` wrote.

        Raises:
            SpecError: the text is not what `to_json` writes, or its spec is invalid.
        """
        if len(text) > LONGEST:
            raise _invalid(f"it has {len(text):,} characters; the limit is {LONGEST:,}")
        try:
            fields = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise _invalid(f"not JSON: {error}") from error
        if not isinstance(fields, dict) or not {"spec", "provenance", "tool"} <= fields.keys():
            raise _invalid("it needs the keys spec, provenance and tool")
        if not isinstance(fields["spec"], dict) or not isinstance(fields["tool"], str):
            raise _invalid("spec must be an object and tool a text")
        spec = construct(ResNetSpec, fields["spec"])
        return cls(spec, _provenance(fields["provenance"]), printable(fields["tool"]))


def metadata_from(text: str | None) -> FileMetadata | None:
    """The metadata in a file's text; None without text. Raises SpecError: see `from_json`."""
    return FileMetadata.from_json(text) if text else None


def _provenance(fields: Any) -> Provenance | None:
    """The provenance, from its JSON object."""
    if fields is None:
        return None
    if not isinstance(fields, Mapping) or fields.keys() != {"name", "sha256"}:
        raise _invalid("provenance needs the keys name and sha256")
    if not all(isinstance(text, str) and text.isprintable() for text in fields.values()):
        raise _invalid("provenance has a value that is not printable text")
    return Provenance(**fields)


def _invalid(reason: str) -> SpecError:
    return SpecError([f"invalid `{METADATA_KEY}` metadata: {reason}"])
