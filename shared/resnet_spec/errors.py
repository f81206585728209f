"""The errors of a spec and of its arrays. Each lists everything that is wrong at once."""

from collections.abc import Iterable, Mapping, Sequence

Shape = tuple[int, ...]

MOST_DETAILS = 20  # lines of details that the text of an error shows


class ResNetError(ValueError):
    """Base of every error that this project raises on purpose.

    `str()` gives the summary, then at most 20 details, one per line, then "and 112 more".

    Attributes:
        summary: one line: what is wrong, where, and what to do.
        details: all details, one line each; empty if the summary is everything.
    """

    def __init__(self, summary: str, details: Iterable[str] = ()):
        self.summary = printable(summary)
        self.details = tuple(map(printable, details))
        super().__init__(with_details(self.summary, self.details))


def with_details(summary: str, details: Sequence[str]) -> str:
    """The text of an error: a summary, then one indented line for each of the first details."""
    lines = [summary, *(f"  {detail}" for detail in details[:MOST_DETAILS])]
    if len(details) > MOST_DETAILS:
        lines.append(f"  and {len(details) - MOST_DETAILS:,} more")
    return "\n".join(lines)


def printable(text: str) -> str:
    """The text in one line, control characters escaped: a name in a file may contain any."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class SpecError(ResNetError):
    """A spec that describes no network.

    Attributes:
        errors: one sentence for each error.
    """

    def __init__(self, errors: Iterable[str]):
        self.errors = tuple(errors)
        if len(self.errors) == 1:
            super().__init__(self.errors[0])
        else:
            super().__init__(f"the spec has {len(self.errors):,} errors", self.errors)


class WeightsError(ResNetError):
    """Arrays that do not match those of a network.

    Attributes:
        missing: names that only the network has.
        unexpected: names that only the given arrays have.
        misshapen: {name: (shape found, shape expected)}.
        counts: the number of each, such as "2 missing, 1 misshapen".
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
        kinds = {
            "missing": [f"missing: {name}" for name in self.missing],
            "unexpected": [f"unexpected: {name}" for name in self.unexpected],
            "misshapen": [
                f"misshapen: {name} has shape {found}, expected {expected}"
                for name, (found, expected) in self.misshapen.items()
            ],
        }
        self.counts = ", ".join(f"{len(lines):,} {kind}" for kind, lines in kinds.items() if lines)
        super().__init__(
            f"the arrays do not match the network: {self.counts}", _some_of_each(*kinds.values())
        )


def _some_of_each(*kinds: list[str]) -> list[str]:
    """All lines, reordered so that the first MOST_DETAILS contain lines of every kind."""
    ranked = sorted(
        (rank, kind, line) for kind, lines in enumerate(kinds) for rank, line in enumerate(lines)
    )
    shown = sorted(ranked[:MOST_DETAILS], key=lambda item: item[1])  # each kind together again
    return [line for *_, line in (*shown, *ranked[MOST_DETAILS:])]


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
