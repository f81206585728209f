"""Time two functions in turn in one process, so that a machine's drift affects both alike."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median
from time import perf_counter

Work = Callable[[], object]


@dataclass(frozen=True)
class Pair:
    """A measurement.

    Attributes:
        description: of what was measured.
        ours: median seconds of one call of this project's code.
        theirs: median seconds of one call of the other code.
        ratios: theirs / ours, round by round: above 1, ours is faster.
    """

    description: str
    ours: float
    theirs: float
    ratios: tuple[float, ...]

    @property
    def ratio(self) -> float:
        return median(self.ratios)


def paired(description: str, ours: Work, theirs: Work, rounds: int) -> Pair:
    """Warm both up, then time them in turn. The one that goes first changes every round."""
    for work in (ours, theirs, ours, theirs):
        work()
    seconds: dict[Work, list[float]] = {ours: [], theirs: []}
    for number in range(rounds):
        for work in (ours, theirs) if number % 2 else (theirs, ours):
            begin = perf_counter()
            work()
            seconds[work].append(perf_counter() - begin)
    ratios = tuple(b / a for a, b in zip(seconds[ours], seconds[theirs], strict=True))
    return Pair(description, median(seconds[ours]), median(seconds[theirs]), ratios)


def table(pairs: Iterable[Pair], batch: int) -> str:
    """A Markdown table: images per second of forward passes, seconds of builds."""
    lines = [
        "| what | ours | theirs | ratio, median (min to max) |",
        "| --- | ---: | ---: | ---: |",
    ]
    for pair in pairs:
        build = pair.description.startswith("build")
        rates = [
            f"{s:.2f} s" if build else f"{batch / s:.1f} img/s" for s in (pair.ours, pair.theirs)
        ]
        spread = f"{pair.ratio:.2f} ({min(pair.ratios):.2f} to {max(pair.ratios):.2f})"
        lines.append(f"| {pair.description} | {rates[0]} | {rates[1]} | {spread} |")
    return "\n".join(lines)
