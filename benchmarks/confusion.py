"""Plant every known mistake, alone and in pairs, and see whom `diagnose` blames.

    python -m benchmarks.confusion > docs/confusion.md

Mistakes are made in Keras and searched for with PyTorch, so that not even the arithmetic is shared.
The real checkpoints of RESNET_DUET_DATA take part where that is set.
"""

import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

import resnet_spec
from resnet_duet.experiments.use import Use
from resnet_duet.frameworks import KERAS
from resnet_duet.port.random import Norms, random_weights
from resnet_duet.proof.adapters import network
from resnet_duet.proof.compare import SAME
from resnet_duet.proof.diagnose import Diagnosis, as_use, engine, explained, in_silence
from resnet_duet.proof.probes import SIZES
from resnet_duet.proof.rows import relative_error
from resnet_duet.proof.suspects import Lineup, Suspect
from resnet_spec import ResNetSpec
from resnet_spec.measure import usual_size

NAMES = ("resnet18", "resnet50", "cifar_resnet20", "preresnet18", "keras_resnet50")
NAMES += ("keras_resnet50v2", "resnet50d", "resnext50_32x4d")
FILES = ("akamaster/resnet20-12fca82f.th", "akamaster/resnet32-d509ac18.th")
FILES += ("distiller/checkpoint_trained_dense.pth.tar", "mlcommons/pretrainedResnet.h5")
PAIRS = 100
SMALL = 200  # the sum of the widths of a network whose pairs are drawn


@dataclass(frozen=True)
class Trial:
    """One planting.

    Attributes:
        planted: names of the differences.
        blamed: for each explanation, the names it blames; () if nothing was blamed.
        hidden: whether the planting changes nothing, so that there is nothing to blame.
    """

    planted: tuple[str, ...]
    blamed: tuple[tuple[str, ...], ...]
    hidden: bool

    @property
    def named(self) -> bool:
        """Whether one of the explanations is what was planted."""
        return any(sorted(names) == sorted(self.planted) for names in self.blamed)


def lineup_of(spec: ResNetSpec, weights: dict[str, np.ndarray]) -> Lineup:
    """A network on the probes' own sizes."""
    rng = np.random.default_rng(0)
    sizes = SIZES[usual_size(resnet_spec.plan(spec))]
    images = tuple(rng.standard_normal((2, *size, spec.in_channels)) for size in sizes)
    return Lineup(Use(spec, (), weights, images[0], (), (), False, "float64"), images, engine())


def random_lineup(spec: ResNetSpec) -> Lineup:
    """A network with random weights and random norms."""
    return lineup_of(spec, random_weights(spec, 0, Norms.RANDOM))


def real_lineup(path: Path) -> Lineup:
    """Somebody's trained network."""
    use = as_use(network(path))
    return lineup_of(use.spec, {name: use.weights[name] for name in use.weights})


def plant(lineup: Lineup, suspect: Suspect) -> Trial:
    """Make the suspect's mistakes in Keras, and search for them."""
    worlds = [replace(suspect.world, images=images) for images in lineup.images]
    with np.errstate(all="ignore"):
        theirs = tuple(world.run(KERAS.name) for world in worlds)
    found = explained(lineup, theirs, ("right", "wrong"), in_silence)
    rights = (lineup.output(None, batch) for batch in range(len(theirs)))
    hidden = max(map(relative_error, rights, theirs)) <= SAME
    return Trial(tuple(name for name, _ in suspect.mistakes), blamed(found), hidden)


def blamed(found: Diagnosis) -> tuple[tuple[str, ...], ...]:
    """The names of each explanation."""
    return tuple(tuple(c.difference for c in culprits) for culprits in found.explanations)


def visible(lineup: Lineup) -> Iterator[Suspect]:
    """Every single mistake that gives numbers; `diagnose` refuses NaN, which says enough."""
    for suspect in lineup.singles():
        if np.isfinite(lineup.output(suspect, 0)).all():
            yield suspect


def singles(lineup: Lineup) -> Iterator[Trial]:
    """Each of them planted once."""
    for suspect in visible(lineup):
        yield plant(lineup, suspect)


def drawn_pairs(lineups: Sequence[Lineup], number: int) -> Iterator[tuple[Lineup, Suspect]]:
    """Random pairs of mistakes, each of which shows, alone and beside the other."""
    rng = np.random.default_rng(0)
    while number:
        lineup = lineups[rng.integers(len(lineups))]
        first = rng.choice(np.array(lineup.singles(), dtype=object))
        seconds = list(lineup.pairs(first, set(), set()))
        pair = seconds[rng.integers(len(seconds))]
        if shows(lineup, first, pair):
            number -= 1
            yield lineup, pair


def shows(lineup: Lineup, first: Suspect, pair: Suspect) -> bool:
    """Whether two mistakes are two: each changes what comes out without it."""
    name, what = pair.key[2:]
    alone = next((s for s in lineup.singles() if s.key == (name, what)), None)
    outputs = [lineup.output(s, 0) for s in (None, first, pair, *([alone] if alone else []))]
    if not all(output.size and np.isfinite(output).all() for output in outputs):
        return False
    right, once, twice, *other = outputs
    distances = [relative_error(right, once), relative_error(once, twice)]
    distances += [relative_error(right, twice), *(relative_error(twice, x) for x in other)]
    return alone is not None and min(distances) > SAME


def table(trials: Sequence[Trial]) -> Iterator[str]:
    """A row for each difference: how often it was planted, hidden, named, named beside others."""
    yield "| planted | times | hidden | named | named beside | another blamed |"
    yield "| --- | --: | --: | --: | --- | --- |"
    for name in dict.fromkeys(t.planted[0] for t in trials):
        own = [t for t in trials if t.planted[0] == name]
        seen = [t for t in own if not t.hidden]
        beside = Counter(n for t in seen if t.named for b in t.blamed for n in b if n != name)
        instead = Counter("+".join(t.blamed[0]) if t.blamed else "nothing"
                          for t in seen if not t.named)  # fmt: skip
        yield (
            f"| {name} | {len(own)} | {len(own) - len(seen)} | {sum(t.named for t in seen)}"
            f" | {counted(beside)} | {counted(instead)} |"
        )


def counted(names: Counter[str]) -> str:
    return ", ".join(f"{name} {times}" for name, times in names.items())


PREFACE = """# Whom `diagnose` blames

Every mistake of the registry that applies to a network is made in Keras, alone, and `diagnose`
is shown the outputs and the right network. *Hidden*: the mistake changes nothing that comes
out, so that nothing is to be blamed. *Named*: it is among the explanations. *Named beside*:
what no output tells from it. Then random pairs, each of two mistakes that show alone and
together. This page is what `python -m benchmarks.confusion` prints.
"""


def main() -> None:
    data = os.environ.get("RESNET_DUET_DATA")
    networks = [(name, random_lineup(resnet_spec.get(name))) for name in NAMES]
    networks += [(file, real_lineup(Path(data) / file)) for file in FILES if data]
    trials = {}
    for name, lineup in networks:
        trials[name] = list(singles(lineup))
        print(name, file=sys.stderr)
    print(PREFACE)
    print("\n".join(by_network(trials)), end="\n\n")
    print("\n".join(table([t for own in trials.values() for t in own])), end="\n\n")
    small = [lineup for _, lineup in networks if sum(lineup.right.spec.widths) < SMALL]
    pairs = [plant(lineup, pair) for lineup, pair in drawn_pairs(small, PAIRS)]
    print(
        f"Of {PAIRS} random pairs in the CIFAR networks {sum(t.named for t in pairs)} were named."
    )
    for trial in pairs:
        if not trial.named:
            blamed_first = " + ".join(trial.blamed[0]) if trial.blamed else "nothing"
            print(f"- {' + '.join(trial.planted)}: blamed {blamed_first}")


def by_network(trials: Mapping[str, Sequence[Trial]]) -> Iterator[str]:
    """A row for each network."""
    yield "| network | planted | hidden | named | blamed where hidden |"
    yield "| --- | --: | --: | --: | --: |"
    for name, own in trials.items():
        hidden = [t for t in own if t.hidden]
        yield (
            f"| {name} | {len(own)} | {len(hidden)} | {sum(t.named for t in own)}"
            f" | {sum(bool(t.blamed) for t in hidden)} |"
        )


if __name__ == "__main__":
    main()
