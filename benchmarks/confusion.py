"""Inject every known mistake, alone and in pairs, and count how often `diagnose` finds it.

    python -m benchmarks.confusion > docs/confusion.md

Mistakes are made in Keras and searched for with PyTorch, so that not even the arithmetic is shared.
The real checkpoints of the folder RESNET_DUET_DATA are included if it is set.
"""

import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import resnet_spec
from resnet_duet.diagnosis.evaluation import (
    Trial,
    finite_singles,
    inject,
    random_network,
    random_pairs,
    trained_network,
)

NAMES = ("resnet18", "resnet50", "cifar_resnet20", "preresnet18", "keras_resnet50")
NAMES += ("keras_resnet50v2", "resnet50d", "resnext50_32x4d")
FILES = ("akamaster/resnet20-12fca82f.th", "akamaster/resnet32-d509ac18.th")
FILES += ("distiller/checkpoint_trained_dense.pth.tar", "mlcommons/pretrainedResnet.h5")
PAIRS = 100
SMALL = 200  # the sum of the widths of a network in which pairs are injected

PREFACE = """# How accurate is `diagnose`?

Every mistake of the registry that applies to a network is made in Keras, alone, and `diagnose`
gets the outputs and the correct network. *Unnoticed*: the mistake does not change the output, so
there is nothing to find. *Identified*: it is among the explanations. *Indistinguishable from*:
other explanations of the same outputs. Then random pairs of mistakes that both have an effect.
This page is the output of `python -m benchmarks.confusion`.
"""


def by_network(trials: Mapping[str, Sequence[Trial]]) -> Iterator[str]:
    """A row for each network."""
    yield "| network | injected | unnoticed | identified | false positives |"
    yield "| --- | --: | --: | --: | --: |"
    for name, own in trials.items():
        unnoticed = [trial for trial in own if trial.is_unnoticed]
        yield (
            f"| {name} | {len(own)} | {len(unnoticed)} | {sum(t.is_identified for t in own)}"
            f" | {sum(bool(trial.explanations) for trial in unnoticed)} |"
        )


def by_difference(trials: Sequence[Trial]) -> Iterator[str]:
    """A row for each difference."""
    yield "| injected | times | unnoticed | identified | indistinguishable from | mistaken for |"
    yield "| --- | --: | --: | --: | --- | --- |"
    for name in dict.fromkeys(trial.injected[0] for trial in trials):
        own = [trial for trial in trials if trial.injected[0] == name]
        visible = [trial for trial in own if not trial.is_unnoticed]
        others = Counter(
            other
            for trial in visible
            if trial.is_identified
            for names in trial.explanations
            for other in names
            if other != name
        )
        mistaken = Counter(first_explanation(t, "+") for t in visible if not t.is_identified)
        yield (
            f"| {name} | {len(own)} | {len(own) - len(visible)}"
            f" | {sum(trial.is_identified for trial in visible)}"
            f" | {counted(others)} | {counted(mistaken)} |"
        )


def counted(names: Counter[str]) -> str:
    """Names, each with its number: "kernel_sides 12, image_sides 1"."""
    return ", ".join(f"{name} {times}" for name, times in names.items())


def first_explanation(trial: Trial, separator: str) -> str:
    """The differences of the first explanation, or "nothing"."""
    return separator.join(trial.explanations[0]) if trial.explanations else "nothing"


def main() -> None:
    data = os.environ.get("RESNET_DUET_DATA")
    networks = [(name, random_network(resnet_spec.get(name))) for name in NAMES]
    if data:
        networks += [(file, trained_network(Path(data) / file)) for file in FILES]
    trials = {}
    for name, candidates in networks:
        trials[name] = [inject(candidates, one) for one in finite_singles(candidates)]
        print(name, file=sys.stderr)
    print(PREFACE)
    print("\n".join(by_network(trials)), end="\n\n")
    print("\n".join(by_difference([t for own in trials.values() for t in own])), end="\n\n")
    small = [own for _, own in networks if sum(own.reference.spec.widths) < SMALL]
    pairs = [inject(candidates, pair) for candidates, pair in random_pairs(small, PAIRS)]
    identified = sum(trial.is_identified for trial in pairs)
    print(f"Of {PAIRS} random pairs in the CIFAR networks {identified} were identified.")
    for trial in pairs:
        if not trial.is_identified:
            injected = " + ".join(trial.injected)
            print(f"- {injected}: mistaken for {first_explanation(trial, ' + ')}")


if __name__ == "__main__":
    main()
