"""Finds a network's arrays in what training scripts save around them, and lists everything else."""

from collections.abc import Iterator, Mapping
from typing import Any

from resnet_duet.errors import FileError
from resnet_duet.weights.arrays import Arrays

# Keys under which training scripts save the network; if a file has several, the first is taken.
CONTAINERS = ("state_dict", "model", "net", "model_state_dict", "state_dict_ema", "teacher")
DEEPEST = 8  # containers within containers; a pickle may contain itself

# Prefixes of all names: DataParallel, torch.compile, Lightning, detectors, MoCo.
PREFIXES = ("module.", "_orig_mod.", "model.", "backbone.", "bottom_up.", "encoder.", "encoder_q.")

# Endings of the arrays that training keeps next to the weights, and that no forward pass reads:
# PyTorch's counter of batches, the variables of TensorFlow's optimizers, its counters.
TRAINING_STATE = (
    *(".num_batches_tracked", "/Momentum", "/Adam", "/Adam_1", "/RMSProp", "/RMSProp_1"),
    *("/ExponentialMovingAverage", "global_step", "save_counter", "mean_rgb"),
)


def descend(tree: Any) -> tuple[Mapping[Any, Any], tuple[str, ...]]:
    """The innermost container of the network, and the keys skipped on the way to it.

    Raises:
        FileError: the tree is not a mapping, or has too many containers within containers.
    """
    if not isinstance(tree, Mapping):
        raise FileError(f"the file holds a {type(tree).__name__}, not a state_dict")
    skipped: list[str] = []
    for _ in range(DEEPEST):
        inner = [key for key in CONTAINERS if isinstance(tree.get(key), Mapping)]
        if not inner:
            return tree, tuple(skipped)
        skipped += [str(other) for other in tree if other != inner[0]]
        tree = tree[inner[0]]
    raise FileError(f"more than {DEEPEST} containers are nested in one another")


def views(arrays: Arrays) -> Iterator[tuple[Arrays, tuple[str, ...]]]:
    """The subsets of a file's arrays that may be the network: (arrays, names skipped).

    First all arrays, without the prefixes that all their names share. Then, for each known prefix,
    the arrays whose names begin with it: the backbone of a detector, the query encoder of MoCo.
    """
    training = tuple(name for name in arrays if name.endswith(TRAINING_STATE))
    names = _without_prefixes({name: name for name in arrays if not name.endswith(TRAINING_STATE)})
    yield arrays.subset(names), training
    for prefix in PREFIXES:
        part = {new: old for new, old in names.items() if new.startswith(prefix)}
        if part and len(part) < len(names):
            others = tuple(old for new, old in names.items() if new not in part)
            yield arrays.subset(_without_prefixes(part)), (*training, *others)


def _without_prefixes(names: Mapping[str, str]) -> dict[str, str]:
    """{new name: old name}: the names without the known prefixes that all of them share."""
    stripped = dict(names)
    while prefix := next((p for p in PREFIXES if all(n.startswith(p) for n in stripped)), ""):
        if not stripped:
            break
        stripped = {name.removeprefix(prefix): old for name, old in stripped.items()}
    return stripped
