"""Finds a network's arrays in what training scripts save around them, and lists everything else."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from resnet_duet.errors import FileError
from resnet_duet.formats.towers import tower_prefixes
from resnet_duet.weights.arrays import Arrays

# Keys under which training scripts save the network. If a file has several, the first of this list
# is read, unless a prefix selects another one.
CONTAINERS = (
    *("state_dict", "model", "net", "model_state_dict", "state_dict_ema", "model_ema", "ema"),
    *("teacher", "student"),
)
DEEPEST = 8  # containers within containers; a pickle may contain itself
CONTAINER_END = ":"  # between the key of a container and the names in it, if there are several
SEPARATORS = CONTAINER_END + "."

# Endings of the arrays that training keeps next to the weights, and that no forward pass reads:
# PyTorch's counter of batches, the variables of TensorFlow's optimizers, its counters.
TRAINING_STATE = (
    *(".num_batches_tracked", "/Momentum", "/Adam", "/Adam_1", "/RMSProp", "/RMSProp_1"),
    *("/ExponentialMovingAverage", "global_step", "save_counter", "mean_rgb"),
)


Names = Mapping[str, str]  # {name without prefixes: name in the file}


@dataclass(frozen=True)
class View:
    """A subset of a file's arrays that may be a network.

    Attributes:
        prefix: of its arrays' names in the file.
        arrays: under their names without the prefix.
        others: the file's other arrays, under their names in the file.
        training: names of training state, which no forward pass reads.
        containers: keys of several containers: the one that was read, then the others.
    """

    prefix: str
    arrays: Arrays
    others: Arrays
    training: tuple[str, ...]
    containers: tuple[str, ...]

    @property
    def skipped(self) -> tuple[str, ...]:
        """The names of everything in the file except the view's arrays."""
        return (*self.training, *self.containers[1:], *self.others)


def descend(tree: Any) -> tuple[Mapping[Any, Any], tuple[str, ...]]:
    """The innermost container of the network, and the keys skipped on the way to it.

    If there are several containers, the result has the items of all of them, with the key of the
    container in front of each name: "state_dict_ema:conv1.weight".

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
        skipped += [str(other) for other in tree if other not in inner]
        if len(inner) > 1:
            return _all_containers({key: tree[key] for key in inner}), tuple(skipped)
        tree = tree[inner[0]]
    raise FileError(f"more than {DEEPEST} containers are nested in one another")


def _all_containers(containers: Mapping[str, Mapping[Any, Any]]) -> dict[str, Any]:
    """The items of several containers, with the key of the container in front of each name."""
    return {
        f"{key}{CONTAINER_END}{name}": value
        for key, container in containers.items()
        for name, value in container.items()
    }


def views(arrays: Arrays, prefix: str | None) -> tuple[View, ...]:
    """The subsets of a file's arrays that may be the network.

    Args:
        arrays: of the file.
        prefix: of the names of the network's arrays; None to find it.

    Returns:
        With a prefix, the arrays that have it. Else first all arrays, without the prefix that all
        their names share; then each subset with one prefix that begins like a known network, such
        as the backbone of a detector, or the two encoders of MoCo.

    Raises:
        FileError: no name begins with the prefix.
    """
    names = {name: name for name in arrays if not name.endswith(TRAINING_STATE)}
    if prefix is not None:
        return (_selected(arrays, names, prefix),)
    names, containers = _first_container(names)
    names = _without_common_prefix(names)
    return _view(arrays, names, names, containers), *_towers(arrays, names, containers)


def _towers(arrays: Arrays, names: Names, containers: tuple[str, ...]) -> Iterator[View]:
    """The subsets that begin like a known network; none if this is the whole file."""
    prefixes = tower_prefixes(names)
    if prefixes == ("",):
        return
    for prefix in prefixes:
        nested = tuple(p for p in prefixes if p != prefix and p.startswith(prefix))
        part = {
            new.removeprefix(prefix): old
            for new, old in names.items()
            if new.startswith(prefix) and not (nested and new.startswith(nested))
        }
        yield _view(arrays, names, part, containers)


def _selected(arrays: Arrays, names: Names, prefix: str) -> View:
    """The arrays whose names begin with a prefix, before or after a common prefix is removed."""
    inner, containers = _first_container(names)
    for tower in _towers(arrays, inner, containers):
        if tower.prefix == prefix:
            return tower
    for known, keys in ((names, ()), (inner, containers), (_without_common_prefix(inner), ())):
        found = {new: old for new, old in known.items() if new.startswith(prefix)}
        if found:
            part = {n.removeprefix(prefix).lstrip(SEPARATORS): o for n, o in found.items()}
            return _view(arrays, known, _without_common_prefix(part), keys)
    first = dict.fromkeys(f"{name.partition('.')[0]}." for name in inner if "." in name)
    raise FileError(f"no array has the prefix {prefix!r}; the names begin with:", first)


def _view(arrays: Arrays, names: Names, part: Names, containers: tuple[str, ...]) -> View:
    """The view of some of the names; the others are listed."""
    own = set(part.values())
    others = {old: old for old in names.values() if old not in own}
    training = tuple(name for name in arrays if name.endswith(TRAINING_STATE))
    return View(_prefix_of(part), arrays.subset(part), arrays.subset(others), training, containers)


def _prefix_of(names: Names) -> str:
    """The prefix that was removed from all names."""
    return next((old.removesuffix(new) for new, old in names.items()), "")


def _first_container(names: Names) -> tuple[dict[str, str], tuple[str, ...]]:
    """The names in the first of several containers, and the keys of all of them."""
    keys = dict.fromkeys(name.partition(CONTAINER_END)[0] for name in names)
    found = [key for key in CONTAINERS if key in keys]
    if not found or len(found) < len(keys):
        return dict(names), ()
    first = found[0] + CONTAINER_END
    inner = {n.removeprefix(first): o for n, o in names.items() if n.startswith(first)}
    return inner, tuple(found)


def _without_common_prefix(names: Names) -> dict[str, str]:
    """{new name: old name}: the names without the modules that all of them share.

    They are the wrappers of DataParallel, torch.compile, Lightning and many others.
    """
    stripped = dict(names)
    while stripped:
        prefix, dot, rest = next(iter(stripped)).partition(".")
        prefix += dot
        if "." not in rest or "/" in prefix or not all(n.startswith(prefix) for n in stripped):
            break
        stripped = {name.removeprefix(prefix): old for name, old in stripped.items()}
    return stripped
