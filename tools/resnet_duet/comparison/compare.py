"""Compare two networks layer by layer, in float64, on random images that hide no mistake."""

from collections.abc import Sequence

import numpy as np

import resnet_spec
from resnet_duet.comparison.adapters import rebuilt, subject
from resnet_duet.comparison.comparison import Comparison
from resnet_duet.comparison.display import shape_text
from resnet_duet.comparison.inputs import random_inputs
from resnet_duet.comparison.layer_errors import LayerError, Trace, layer_errors
from resnet_duet.comparison.outputs import OUTPUT, adjust_outputs, output
from resnet_duet.comparison.subject import Comparable, Naming, Subject, is_float32
from resnet_duet.formats.trust import Trust
from resnet_spec import Plan, ResNetError
from resnet_spec.structure import HEAD

__all__ = ["FLOAT32_FACTOR", "TOLERANCE", "Comparison", "compare"]

# Float64 rounding noise is 1e-15 to 3e-14 up to 200 layers and 1.1e-11 in preresnet1001. The
# smallest known mistake, an eps of 1.001e-5 instead of 1e-5, makes an error of 5e-8 or more.
TOLERANCE = 1e-10

# A network that cannot run in float64 may differ by this multiple of the other network's own
# float32 rounding error. Two float32 roundings of one function differ by 1 to 2 times that error
# (measured over the families of the zoo), a wrong eps of 1e-3 by 1,000 times.
FLOAT32_FACTOR = 4

FOLDED = "its norms were folded into its convolutions in float32: judged by float32 rounding"


def compare(
    a: Comparable,
    b: Comparable,
    seeds: Sequence[int] = (0,),
    tolerance: float = TOLERANCE,
    trust: Trust = Trust.DATA,
) -> Comparison:
    """Run two networks on the same random images and compare the output of every layer.

    Layers are compared by their canonical names if both networks have them. Otherwise the
    outputs of stages are compared, found by their shapes. The networks' outputs are always
    compared. Both run in float64 if they can. A network that only computes in float32 is compared
    with a tolerance of `FLOAT32_FACTOR` times the other network's float32 rounding error.

    Args:
        a: the reference: a torch module, a Keras model, the path of a checkpoint or of a whole
            model, or a `Function`. A whole model is run by its own library.
        b: the network to compare with it, one of the same.
        seeds: of the images. For each seed there are two images of each size.
        tolerance: the largest relative error of float64 rounding; see `relative_error`.
        trust: `Trust.CODE` to run the program in a .pt2 or TorchScript file.

    Returns:
        The error of every layer. `print` it for a table by stage.

    Raises:
        ResNetError: the networks take different images or return outputs of different shapes; one
            of them fails; or neither runs in float64. A string of code such as "mine.py:net" is
            refused, because this function does not execute files.
        FileError: see `resnet_duet.load`.

    Example:
        >>> print(resnet_duet.compare("resnet50.pth", keras_model))  # doctest: +SKIP
    """
    one, two = subject(a, trust), subject(b, trust)
    images = [x for seed in seeds for x in random_inputs(one, two, seed)]
    raw = [(one.run(x), two.run(x)) for x in images]
    baseline = _float32_baseline(one, two, images, raw)
    adjusted = adjust_outputs(one, two, raw, baseline)
    runs, baseline = adjusted.runs, adjusted.baseline
    check_output_shapes(one, two, runs[0])
    naming = _common_naming(one, two)
    layers = layer_errors(naming, runs, baseline, tolerance, FLOAT32_FACTOR)
    notes = [*one.titled_notes(), *two.titled_notes(), *adjusted.notes]
    if baseline is None and one.folded != two.folded and not all(x.match for x in layers):
        folded, other, side = (one, two, 1) if one.folded else (two, one, 0)
        if other.float32:
            baseline = adjust_outputs(
                one, two, raw, _float32_runs(other, side, images, raw)
            ).baseline
            layers = layer_errors(naming, runs, baseline, tolerance, FLOAT32_FACTOR)
            notes.append(f"{folded.title}: {FOLDED}")
    known = one.identified or two.identified
    stages = _stages(resnet_spec.plan(known.spec), layers) if known else {}
    stages = stages or {"network": layers}
    sizes = tuple(dict.fromkeys((x.shape[1], x.shape[2]) for x in images))
    precision = "float64" if baseline is None else "float32"
    return Comparison(
        titles=(one.title, two.title),
        layers=layers,
        stages=stages,
        precision=precision,
        sizes=sizes,
        seeds=tuple(seeds),
        own_functions=(one.own_function, two.own_function),
        notes=tuple(notes),
    )


def check_output_shapes(one: Subject, two: Subject, run: tuple[Trace, Trace]) -> None:
    """Raise ResNetError unless the outputs of both networks have the same shape."""
    shapes = [shape_text(output(trace).shape) for trace in run]
    if shapes[0] != shapes[1]:
        raise ResNetError(
            f"the outputs cannot be compared: {one.title} returns shape {shapes[0]}, {two.title}"
            f" shape {shapes[1]}"
        )


def _common_naming(one: Subject, two: Subject) -> Naming:
    """The naming that holds for the layers of both."""
    namings = {one.naming, two.naming}
    if Naming.NONE in namings:
        return Naming.NONE
    return Naming.PARTIAL if Naming.PARTIAL in namings else Naming.FULL


def _float32_baseline(
    one: Subject, two: Subject, images: list[np.ndarray], runs: list[tuple[Trace, Trace]]
) -> list[tuple[Trace, Trace]] | None:
    """(float64, float32) traces of one network if the other one computes only in float32.

    Raises:
        ResNetError: neither network runs in both precisions.
    """
    float32 = [all(is_float32(output(run[side])) for run in runs) for side in (0, 1)]
    if not any(float32):
        return None
    side = 0 if float32[1] else 1
    measured = (one, two)[side]
    if all(float32) or measured.float32 is None:
        known = one.identified or two.identified
        if known and all(len(trace) == 1 for trace in runs[0]):
            return _rounding_of_outputs(rebuilt(known), images)
        raise ResNetError(
            f"{one.title} and {two.title}: rounding cannot be distinguished from a mistake, since"
            " neither runs in both float64 and float32; pass a checkpoint, a torch module or a"
            " Keras model as one of them"
        )
    return _float32_runs(measured, side, images, runs)


def _float32_runs(
    measured: Subject, side: int, images: list[np.ndarray], runs: list[tuple[Trace, Trace]]
) -> list[tuple[Trace, Trace]]:
    """(float64, float32) traces of one of the networks, whose float64 traces are known."""
    return [(run[side], measured.run_float32(x)) for x, run in zip(images, runs, strict=True)]


def _rounding_of_outputs(network: Subject, images: list[np.ndarray]) -> list[tuple[Trace, Trace]]:
    """(float64, float32) traces of a network that has the function of both, outputs only."""
    return [
        ({OUTPUT: output(network.run(x))}, {OUTPUT: output(network.run_float32(x))}) for x in images
    ]


def _stages(plan: Plan, layers: tuple[LayerError, ...]) -> dict[str, tuple[LayerError, ...]]:
    """{stage, "stem" or "head": its layers}. Layers that the plan does not have are left out."""
    stage_of = {node.name: node.stage for node in plan.walk()} | {"output": HEAD}
    stage_of |= {name: stage_of[output] for name, output in plan.outputs().items()}
    found: dict[str, list[LayerError]] = {}
    for layer in layers:
        if stage := stage_of.get(layer.layer):
            found.setdefault(stage, []).append(layer)
    return {stage: tuple(members) for stage, members in found.items()}
