"""Weights that went through a format of fewer digits."""

from collections.abc import Iterator

import numpy as np

from resnet_duet.experiments.difference import Difference, Exercise, Group, Hidden, Mistake, World
from resnet_duet.experiments.nets import at_even_size
from resnet_duet.experiments.use import Use, reweighted
from resnet_duet.port.arrays import named_dtype
from resnet_spec import Slot

PRECISIONS = ("float16", "bfloat16", "float32")  # of files


def mistakes(world: World) -> Iterator[Mistake]:
    if not isinstance(world, Use):
        return
    for dtype in PRECISIONS:
        if dtype != world.dtype:
            mend = f'convert(arrays, spec, "torchvision", "keras"), with no astype("{dtype}")'
            yield Mistake(f"weights went through {dtype}", through(world, dtype), mend)


def through(world: Use, dtype: str) -> Use:
    """The world with its weights rounded to a precision and widened again."""

    def change(_slot: Slot, array: np.ndarray) -> np.ndarray:
        return array.astype(named_dtype(dtype)).astype(array.dtype)

    return reweighted(world, change)


def short_numbers() -> Use:
    """Weights that every format can hold: few digits, and neither huge nor tiny."""
    return through(through(at_even_size("resnet18"), "bfloat16"), "float16")


DIFFERENCE = Difference(
    name="half_precision",
    group=Group.NUMERICS,
    title="weights that were stored in float16 or bfloat16 on their way",
    about=(
        "Files are kept small by halving their numbers: float16 has eleven digits in binary,"
        " bfloat16 eight, float32 twenty-four. Loading such a file into a float32 network widens"
        " the numbers again, and what was cut off does not come back: the array is float32, says"
        " its dtype, and holds float16. torchvision's own files of Wide ResNet were float16 once."
        " The error grows with the depth of the network, changes few classes, and cannot be told"
        " from a wrong eps by its size. A running variance below 3e-8 becomes 0 in float16, one of"
        " 70,000 infinite. A conversion should keep the precision it finds and say so when it is"
        " asked for another."
    ),
    torch="torch.save(net.state_dict(), path)  # in the precision of the network",
    keras="model.save_weights(path)  # in the precision of the model",
    wrong="torch.save(net.half().state_dict(), path)",
    wrong_in="torch",
    mistakes=mistakes,
    shown=lambda: at_even_size("resnet18"),
    hidden=(Hidden("the weights are numbers of these formats already", short_numbers),),
    check=(
        "Look at the numbers, not at the dtype: round each array to float16 and to bfloat16 and"
        " back, and see whether anything changes. Weights that were random in float64 show it as"
        " outputs that differ; a fresh norm's zeros and ones, and all short numbers, survive any"
        " format."
    ),
    exercise=Exercise(
        task=(
            "Write a function that gets a float32 array and names the formats of `float16` and"
            " `bfloat16` that hold every number of it, so that it convicts a file that was half its"
            " size once. Try it on random numbers before and after either format, and on `[0, 1,"
            " 0.5]`. What do the variances 1e-8 and 70,000 become in each format?"
        ),
        solution="""\
import numpy as np
import torch

HALVES = {"float16": torch.float16, "bfloat16": torch.bfloat16}


def through(array, dtype):
    return torch.from_numpy(array).to(dtype).to(torch.float32).numpy()


def holders(array):
    return [name for name, dtype in HALVES.items() if np.array_equal(through(array, dtype), array)]


whole = np.random.default_rng(0).standard_normal(1000).astype(np.float32)
assert holders(whole) == []
assert holders(through(whole, torch.float16)) == ["float16"]
# Eight digits fit into eleven, as long as no number is huge or tiny; short numbers prove nothing.
assert holders(through(whole, torch.bfloat16)) == ["float16", "bfloat16"]
assert holders(np.float32([0, 1, 0.5])) == ["float16", "bfloat16"]

# bfloat16 has the exponents of float32 and few digits; float16 has digits and a short reach.
extreme = np.float32([1e-8, 70_000])
assert through(extreme, torch.float16).tolist() == [0, np.inf]
print("in bfloat16:", through(extreme, torch.bfloat16).tolist())
""",
    ),
)
