"""Verifies a conversion: compares the source's function and the target's, before it is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from resnet_duet.comparison import adapters
from resnet_duet.comparison.adapters.checkpoint import OUR_READING
from resnet_duet.comparison.adapters.onnx import of_graph
from resnet_duet.comparison.adapters.programs import CannotRunError, own_function, program_of
from resnet_duet.comparison.compare import compare
from resnet_duet.comparison.comparison import Comparison
from resnet_duet.comparison.naming import identified
from resnet_duet.comparison.subject import Subject
from resnet_duet.errors import MismatchError
from resnet_duet.formats.onnx import library
from resnet_duet.formats.trust import Trust
from resnet_duet.frameworks import FRAMEWORKS, KERAS, TORCH, Framework
from resnet_duet.frameworks.framework import Axes
from resnet_duet.models import assemble
from resnet_duet.weights.arrays import Arrays
from resnet_duet.weights.dialects import DIALECTS
from resnet_spec import ResNetSpec, plan
from resnet_spec.layers import Conv

PROBE = (64, 96)  # height and width of an image that shows which layers a function returns


@dataclass(frozen=True)
class Side:
    """The arrays before or after a conversion, and what they are.

    Attributes:
        arrays, spec, dialect: the network.
        layers: {canonical name of a layer: the file's name}; empty if they are unknown.
    """

    arrays: Arrays
    spec: ResNetSpec
    dialect: str
    layers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Verification:
    """A conversion whose networks match.

    Attributes:
        reference: the first network, such as "Keras model, run by Keras".
        converted: where the converted network was built: "PyTorch", "Keras" or "ONNX".
        precision: "float64", or "float32" if the file's own function does not run in float64.
        own_function: whether the reference is the file's own function.
        notes: what a reader should know about the comparison.
    """

    reference: str
    converted: str
    precision: str
    own_function: bool
    notes: tuple[str, ...]


def verify_conversion(
    source: Path,
    whole: Side,
    before: Side,
    after: Side,
    input_layout: Axes | None,
    trust: Trust,
    has_custom_head: bool,
) -> Verification:
    """Compare the function of a file with the network of the converted arrays, layer by layer.

    A whole model is run by its own library. A file of weights is built in PyTorch, and the target
    in Keras, or as a graph if it holds one. Folding biases moves them from convolutions into the
    norms that follow, so the outputs of convolutions are not compared then; those of the norms are.

    Args:
        source: the file.
        whole: its network with the file's own classifier, if it has one.
        before: its network with the classifier that was asked for.
        after: the target.
        input_layout: axes of the image that the graph takes; None if the target holds no graph.
        trust: whether programs of PyTorch in the file may be run.
        has_custom_head: whether the file's network has a head that is not converted. Then its
            last feature map is compared.

    Raises:
        MismatchError: the outputs of a layer differ.
        ResNetError: the outputs cannot be compared.
        FileError: see `own_function`.
        FrameworkError: a framework is not installed.
    """
    own, notes = _own(source, whole, trust)
    if own is not None and has_custom_head:
        own, notes = _without_head(own, whole.spec, notes)
    if own is None:
        found = _built(before, TORCH), _target(after, input_layout, KERAS)
        return _verified(source, *found, before.spec, after.spec, notes)
    native = FRAMEWORKS[DIALECTS[after.dialect].layout.framework]
    target = _target(after, input_layout, native)
    if whole.spec.num_classes == before.spec.num_classes:
        return _verified(source, own, target, before.spec, after.spec, notes)
    first = _verified(source, own, _built(whole, native), whole.spec, whole.spec, notes)
    _verified(source, _built(before, TORCH), target, before.spec, after.spec, ())
    changed = "the file's own function was compared with the network before its head was changed"
    return replace(first, notes=(*first.notes, changed))


def _without_head(
    own: Subject, body: ResNetSpec, notes: tuple[str, ...]
) -> tuple[Subject | None, tuple[str, ...]]:
    """The file's own function up to its last feature map; None if only its outputs are known."""
    last = plan(body).walk()[-1].name
    images = np.zeros((1, *(own.size or PROBE), body.in_channels))
    if last not in own.run(images):
        return None, (*notes, "the file's function is not compared: its head is not converted")

    def trace(images: np.ndarray) -> dict[str, np.ndarray]:
        outputs = own.run(images)
        names = list(outputs)
        kept = names[: names.index(last) + 1]
        return {name: outputs[name] for name in kept} | {"output": outputs[last]}

    note = "the file's own function was compared up to its last feature map"
    return replace(own, trace=trace, float32=None), (*notes, note)


def graph(side: Side, input_layout: Axes) -> Subject:
    """The graph that will be written. Raises FrameworkError: onnx is not installed."""
    library()
    from resnet_duet.onnx import build

    known = identified(lambda: side.arrays, side.spec, side.dialect)
    found = of_graph("the graph", build(side.spec, side.arrays, input_layout), known)
    return replace(found, kind="ONNX", own_function=False)


def _own(source: Path, side: Side, trust: Trust) -> tuple[Subject | None, tuple[str, ...]]:
    """The file's own function, and notes; None for a file of weights, or one that cannot be run."""
    program = program_of(source)
    if program is None:
        return None, ()
    try:
        own = own_function(source, program, trust, side.layers)
    except CannotRunError as error:
        return None, (OUR_READING.format(error.summary),)
    known = identified(lambda: side.arrays, side.spec, side.dialect)
    channels = own.channels or side.spec.in_channels
    return replace(own, identified=known, channels=channels, is_file=True), own.notes


def _built(side: Side, framework: Framework) -> Subject:
    """The network of one side, built in a framework in float64."""
    net = assemble(side.arrays, side.spec, side.dialect, framework.name, "float64")
    return replace(adapters.subject(net), kind=framework.title, own_function=False)


def _target(after: Side, input_layout: Axes | None, framework: Framework) -> Subject:
    """The converted network: a graph if the target holds one."""
    return _built(after, framework) if input_layout is None else graph(after, input_layout)


def _verified(
    source: Path,
    one: Subject,
    two: Subject,
    before: ResNetSpec,
    after: ResNetSpec,
    notes: tuple[str, ...],
) -> Verification:
    """The verification of two networks. Raises MismatchError: they differ."""
    result = compare(one, two)
    moved = _moved(before, after)
    first = next((row for row in result.layers if not row.match and row.layer not in moved), None)
    if first:
        what = "the file's own function" if one.own_function else "the source"
        raise MismatchError(
            f"{source}: the converted network differs from {what}: first divergence at"
            f" {first.layer} ({first.detail}); nothing was written"
        )
    return Verification(
        one.kind, two.kind, result.precision, one.own_function, (*notes, *_adjustments(result, one))
    )


def _adjustments(result: Comparison, one: Subject) -> tuple[str, ...]:
    """What was changed to compare the outputs: the notes of a result other than a network's own."""
    return tuple(note for note in result.notes if note not in one.titled_notes())


def _moved(before: ResNetSpec, after: ResNetSpec) -> set[str]:
    """The convolutions whose biases were folded into the norms that follow."""
    one, two = _conv_biases(before), _conv_biases(after)
    return set() if one == two else set(two)


def _conv_biases(spec: ResNetSpec) -> dict[str, bool]:
    return {layer.name: layer.bias for layer in plan(spec).layers() if isinstance(layer, Conv)}
