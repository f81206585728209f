"""The order of a classifier kernel's axes."""

from collections.abc import Iterator
from dataclasses import replace

from resnet_duet.experiments.difference import Difference, Group, Hidden, Mistake, World
from resnet_duet.experiments.layouts import transpose, with_reshaped
from resnet_duet.experiments.nets import EVEN, at_even_size, small
from resnet_duet.experiments.use import Use, use

IN_TORCH, IN_KERAS = "OI", "IO"


def mistakes(world: World) -> Iterator[Mistake]:
    if not isinstance(world, Use) or world.spec.num_classes is None:
        return
    for source, target in ((IN_TORCH, IN_KERAS), (IN_KERAS, IN_TORCH)):
        what = f"the classifier's kernel is reshaped from {source} to {target}, not transposed"
        wrong = with_reshaped(world, IN_TORCH, source, target)
        yield Mistake(what, wrong, transpose("kernel", source, target))


def one_class() -> Use:
    """A network with a single output."""
    return use(replace(small("resnet18"), num_classes=1), 0, EVEN)


DIFFERENCE = Difference(
    name="dense_layout",
    group=Group.LAYOUT,
    title="the classifier's kernel: (outputs, inputs) in PyTorch, (inputs, outputs) in Keras",
    about=(
        "nn.Linear keeps its kernel as (outputs, inputs) and computes x W^T + b; Dense keeps"
        " (inputs, outputs) and computes x W + b. Carrying it over is a transpose. If it is"
        " forgotten, shapes do not fit, and somebody who reshapes to make them fit gets a kernel in"
        " which every class is made of pieces of all others. Features are right then and every"
        " prediction is a guess, so the mistake is looked for in the last place first, and found."
        " Where a head has as many outputs as inputs nothing needs to be reshaped: it is enough to"
        " forget the transpose."
    ),
    torch="fc.weight  # (outputs, inputs)",
    keras="layer.kernel.assign(kernel.T)",
    wrong="layer.kernel.assign(kernel.reshape(layer.kernel.shape))",
    mistakes=mistakes,
    shown=lambda: at_even_size("resnet18"),
    hidden=(Hidden("there is one output, and a row is a column in memory", one_class),),
)
