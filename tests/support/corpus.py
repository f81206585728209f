"""The corpus: whole-model files of small networks, and of the same networks with one edit each."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import resnet_duet
from resnet_duet.comparison.adapters.programs import own_function, program_of
from resnet_duet.comparison.subject import Subject
from resnet_duet.formats import Trust
from resnet_spec import ResNetError, ResNetSpec
from resnet_spec.choices import Padding
from tests.support.corpus_edits import EDITS
from tests.support.corpus_files import KERAS_SOURCES, SIZE, SOURCES, for_keras_2
from tests.support.corpus_steps import Steps, small_networks, steps_of, weights_of

NETWORKS = small_networks()
SEED = 0


@dataclass(frozen=True)
class Case:
    """A file of the corpus.

    Attributes:
        network: one of NETWORKS.
        source: one of SOURCES.
        kind: of the edit, one of EDITS; "" for the original.
        edit: its name.
    """

    network: str
    source: str
    kind: str = ""
    edit: str = ""

    def __str__(self) -> str:
        edit = f"{self.kind}: {self.edit}" if self.kind else "original"
        return f"{self.source} / {self.network} / {edit}"

    @property
    def spec(self) -> ResNetSpec:
        """The network without the edit."""
        spec = NETWORKS[self.network]
        return for_keras_2(spec) if self.source == "tf_keras h5" else spec

    @property
    def original(self) -> "Case":
        """The file without the edit."""
        return Case(self.network, self.source)

    @property
    def into(self) -> str:
        """The framework that the file is not of."""
        return "torch" if self.source in KERAS_SOURCES else "keras"

    def steps(self) -> Steps:
        """The network of the file."""
        steps = steps_of(self.spec)
        if self.kind:
            edited = EDITS[self.kind][self.edit](steps)
            assert edited is not None, f"{self} edits nothing"
            return edited
        return steps

    def write(self, folder: Path) -> Path:
        """The file."""
        steps = self.steps()
        path = folder / ("edited" if self.kind else "original")
        return SOURCES[self.source](steps, weights_of(steps, SEED), path, SIZE)


def limitation(spec: ResNetSpec, source: str) -> str:
    """Why a network from this source is refused; "" if it converts."""
    if source == "Keras ONNX" and spec.groups > 1:
        return "tf2onnx has no grouped convolution: no runtime runs its file"
    if source == "SavedModel" and spec.output_stride:
        return "TensorFlow reshapes the images of a dilated convolution: SpaceToBatchND"
    if source == "TorchScript" and spec.padding is Padding.SAME:
        return "a trace computes TensorFlow's padding with tensors"
    return ""


def limited() -> list[Case]:
    """A network of each source that is refused, though it is of the family."""
    return [
        next(
            Case(network, source) for network, spec in NETWORKS.items() if limitation(spec, source)
        )
        for source in ("Keras ONNX", "SavedModel", "TorchScript")
    ]


def originals() -> list[Case]:
    """Every network from every source."""
    return [
        Case(network, source)
        for source in SOURCES
        for network, spec in NETWORKS.items()
        if not limitation(spec, source)
    ]


def edited() -> list[Case]:
    """One edit of every original. The kinds take turns, and so do the edits of a kind."""
    return list(_edited())


def _edited() -> Iterator[Case]:
    everything = [(kind, name) for kind, edits in EDITS.items() for name in edits]
    used = dict.fromkeys(everything, 0)
    for number, case in enumerate(originals()):
        steps = steps_of(case.spec)
        wanted = list(EDITS)[number % len(EDITS) :] + list(EDITS)[: number % len(EDITS)]
        kind = next(k for k in wanted if any(edit(steps) for edit in EDITS[k].values()))
        name = min(
            (name for name, edit in EDITS[kind].items() if edit(steps)),
            key=lambda name: used[kind, name],
        )
        used[kind, name] += 1
        yield Case(case.network, case.source, kind, name)


def sample() -> list[Case]:
    """One edit of every kind from every source, of the smallest networks that have it."""
    cases = []
    for number, source in enumerate(SOURCES):
        for kind in EDITS:
            found = _smallest(source, kind, number)
            cases += [found] if found else []
    return cases


def _smallest(source: str, kind: str, number: int) -> Case | None:
    """The edit of a kind whose turn it is, of the smallest network that has it."""
    names = list(EDITS[kind])
    for name in names[number % len(names) :] + names:
        for network in sorted(NETWORKS, key=lambda n: len(steps_of(NETWORKS[n]))):
            case = Case(network, source, kind, name)
            if not limitation(case.spec, source) and EDITS[kind][name](steps_of(case.spec)):
                return case
    return None


def function_of(path: Path) -> Subject:
    """The function of a file, run by its own library."""
    program = program_of(path)
    assert program is not None
    return own_function(path, program, Trust.CODE, layers={})


def outputs(path: Path) -> np.ndarray:
    """The outputs of a file's own function for two images."""
    images = np.random.default_rng(SEED).standard_normal((2, *SIZE, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ONNX' own sigmoid overflows
        return next(reversed(function_of(path).run(images).values()))


def difference(path: Path, other: Path) -> float:
    """The relative difference between the functions of two files; infinite for other shapes."""
    one, two = outputs(path), outputs(other)
    if one.shape != two.shape:
        return np.inf
    return float(np.abs(one - two).max() / np.abs(two).max())


def is_silently_wrong(path: Path, into: str) -> str:
    """What is wrong about the network that a file is converted to.

    Returns:
        "" if the network computes the function of the file, or if the file is refused.
    """
    try:
        net = resnet_duet.load(path, into=into, trust=Trust.CODE)
    except ResNetError:
        return ""
    return what_differs(path, net)


def what_differs(path: Path, net) -> str:
    """What is different about a network's function and that of a file; "" if nothing is."""
    try:
        comparison = resnet_duet.compare(function_of(path), net)
    except ResNetError as error:
        return f"cannot be compared: {error}"
    assert comparison.own_functions == (True, True)
    return "" if comparison.match else comparison.verdict
