"""The two errors that a description can end in: each lists every fault at once."""

from collections.abc import Iterable, Mapping

Shape = tuple[int, ...]


class ResNetError(ValueError):
    """Base of every error this project raises on purpose; `str()` of it is one line."""

    def __init__(self, text: str):
        super().__init__(printable(text))


def printable(text: str) -> str:
    """The text with escapes for all that is not to be seen: names in files may hold anything."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class SpecError(ResNetError):
    """A spec that describes no network. `faults` holds one sentence for each fault."""

    def __init__(self, faults: Iterable[str]):
        self.faults = tuple(faults)
        super().__init__("; ".join(self.faults))


class WeightsError(ResNetError):
    """Arrays that are not the ones a network has, every one of them listed.

    Attributes:
        missing: names the network has and the arrays lack.
        unexpected: names the arrays have and the network lacks.
        misshapen: {name: (shape found, shape expected)}.
        summary: how many there are of each.
    """

    def __init__(
        self,
        missing: Iterable[str],
        unexpected: Iterable[str],
        misshapen: Mapping[str, tuple[Shape, Shape]],
    ):
        self.missing = tuple(missing)
        self.unexpected = tuple(unexpected)
        self.misshapen = dict(misshapen)
        shapes = [f"{n} is {found}, not {want}" for n, (found, want) in self.misshapen.items()]
        kinds = {"missing": self.missing, "unexpected": self.unexpected, "misshapen": shapes}
        self.summary = ", ".join(f"{len(n)} {kind}" for kind, n in kinds.items() if n)
        listed = "; ".join(f"{len(n)} {kind}: {', '.join(n)}" for kind, n in kinds.items() if n)
        super().__init__(f"the arrays do not fit the network: {listed}")


def check_arrays(found: Mapping[str, Shape], expected: Mapping[str, Shape]) -> None:
    """Raise `WeightsError` unless both have the same names with the same shapes."""
    missing = [name for name in expected if name not in found]
    unexpected = [name for name in found if name not in expected]
    misshapen = {
        name: (tuple(found[name]), tuple(shape))
        for name, shape in expected.items()
        if name in found and tuple(found[name]) != tuple(shape)
    }
    if missing or unexpected or misshapen:
        raise WeightsError(missing, unexpected, misshapen)
