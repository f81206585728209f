"""Takes a network's arrays out of what training scripts wrap around them, keeping accounts."""

from collections.abc import Iterator, Mapping
from typing import Any

from resnet_duet.errors import FileError
from resnet_duet.port.arrays import Arrays

# Keys under which a training script keeps the network; where there are several, the first is taken.
CONTAINERS = ("state_dict", "model", "net", "model_state_dict", "state_dict_ema", "teacher")
DEEPEST = 8  # containers within containers; a pickle may contain itself

# What stands before every name: DataParallel, torch.compile, Lightning, detectors, MoCo.
PREFIXES = ("module.", "_orig_mod.", "model.", "backbone.", "bottom_up.", "encoder.", "encoder_q.")

# What training keeps beside the weights, and no forward pass reads: PyTorch's counter of batches,
# the slots of TensorFlow's optimizers, its counters.
BESIDES = (
    *(".num_batches_tracked", "/Momentum", "/Adam", "/Adam_1", "/RMSProp", "/RMSProp_1"),
    *("/ExponentialMovingAverage", "global_step", "save_counter", "mean_rgb"),
)


def descend(tree: Any) -> tuple[Mapping[Any, Any], tuple[str, ...]]:
    """The innermost container of the network, and the keys left out on the way down.

    Raises:
        FileError: it is no container at all, or there is no end to it.
    """
    if not isinstance(tree, Mapping):
        raise FileError(f"it holds a {type(tree).__name__} and no state_dict")
    left_out: list[str] = []
    for _ in range(DEEPEST):
        inner = [key for key in CONTAINERS if isinstance(tree.get(key), Mapping)]
        if not inner:
            return tree, tuple(left_out)
        left_out += [str(other) for other in tree if other != inner[0]]
        tree = tree[inner[0]]
    raise FileError(f"more than {DEEPEST} containers stand one in another")


def views(arrays: Arrays) -> Iterator[tuple[Arrays, tuple[str, ...]]]:
    """What may be the network: (its arrays without the wrapper, the names left out).

    First all arrays, without what all their names begin with; then the part whose names begin
    with a known prefix: the backbone of a detector, the query encoder of MoCo.
    """
    besides = tuple(name for name in arrays if name.endswith(BESIDES))
    names = _stripped({name: name for name in arrays if name not in besides})
    yield arrays.subset(names), besides
    for prefix in PREFIXES:
        part = {new: old for new, old in names.items() if new.startswith(prefix)}
        if part and len(part) < len(names):
            others = tuple(old for new, old in names.items() if new not in part)
            yield arrays.subset(_stripped(part)), (*besides, *others)


def _stripped(names: Mapping[str, str]) -> dict[str, str]:
    """The names without the prefixes that all of them share: {new: old}."""
    stripped = dict(names)
    while prefix := next((p for p in PREFIXES if all(n.startswith(p) for n in stripped)), ""):
        if not stripped:
            break
        stripped = {name.removeprefix(prefix): old for name, old in stripped.items()}
    return stripped
