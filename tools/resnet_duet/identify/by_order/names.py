"""Checks an assignment of layers against the hierarchy of the file's names.

Modules are nested: a module with layers of a block has no layers of another one, unless it contains
both. Modules with the same layers have the same meaning. Numbers count in execution order.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from resnet_duet.identify.by_order.layers import FileLayer, Path, digit_runs
from resnet_spec import Plan
from resnet_spec.structure import Chain

OUTSIDE = ""  # the block of the layers in no block


@dataclass(frozen=True)
class Meaning:
    """The layer of the plan that a layer of the file is assigned to.

    Attributes:
        block: name of its block; OUTSIDE for the stem and the head.
        role: its name within the block.
        chain: the chain that it belongs to.
        index: its position in execution order.
    """

    block: str
    role: str
    chain: Chain
    index: int


def meanings(plan: Plan) -> dict[str, Meaning]:
    """{layer name: its meaning}, of all layers of a plan."""
    found = {}
    for index, node in enumerate(plan.walk()):
        block = node.block.name if node.block else OUTSIDE
        role = node.name.removeprefix(f"{block}.") if block else node.name
        found[node.name] = Meaning(block, role, node.chain, index)
    return found


def contradictions(plan: Plan, layers: Mapping[str, FileLayer]) -> Iterator[str]:
    """What in the names contradicts an assignment, one line each.

    Args:
        plan: the network.
        layers: {canonical layer name: layer of the file}, of all layers with arrays.
    """
    known = meanings(plan)
    of = {layer.path: known[name] for name, layer in layers.items()}
    modules = _modules(of)
    yield from _uneven_stem(of)
    yield from _split_blocks(of, modules)
    yield from _inner_heads(of, modules)
    yield from _mixed_chains(of, modules)
    yield from _different_meanings(of, modules)
    yield from _wrong_numbers(of)


Modules = Mapping[Path, list[Path]]  # {path of a module: paths of its layers at any depth}


def _modules(of: Mapping[Path, Meaning]) -> Modules:
    """Every module of the file except the root."""
    modules: dict[Path, list[Path]] = defaultdict(list)
    for path in of:
        for depth in range(1, len(path)):
            modules[path[:depth]].append(path)
    return modules


def _sizes(of: Mapping[Path, Meaning]) -> dict[str, int]:
    """{block: number of its layers}."""
    sizes: dict[str, int] = defaultdict(int)
    for meaning in of.values():
        sizes[meaning.block] += 1
    return sizes


def _uneven_stem(of: Mapping[Path, Meaning]) -> Iterator[str]:
    """Convolutions of one stem at different depths of the hierarchy."""
    paths = [p for p, m in of.items() if m.chain is Chain.STEM and m.role.startswith("conv")]
    deepest = max(paths, key=len)
    if len(deepest) > len(min(paths, key=len)):
        yield f"{'/'.join(deepest)} would belong to the stem"


def _split_blocks(of: Mapping[Path, Meaning], modules: Modules) -> Iterator[str]:
    """Modules that contain some layers of a block, and layers of another block as well."""
    sizes = _sizes(of)
    for module, paths in modules.items():
        counts: dict[str, int] = defaultdict(int)
        for path in paths:
            counts[of[path].block] += 1
        split = [block for block, n in counts.items() if block and n < sizes[block]]
        if split and len(counts) > 1:
            others = ", ".join(block or "stem or head" for block in counts if block != split[0])
            name = "/".join(module)
            yield f"{name} would hold some layers of {split[0]} and layers of {others}"


def _inner_heads(of: Mapping[Path, Meaning], modules: Modules) -> Iterator[str]:
    """A classifier next to the layers of some blocks, but not of all."""
    for module, paths in modules.items():
        meanings = [of[path] for path in paths]
        has_head = any(meaning.chain is Chain.HEAD for meaning in meanings)
        has_block = any(meaning.block for meaning in meanings)
        if has_head and has_block and len(paths) < len(of):
            yield f"{'/'.join(module)} would hold the classifier and only some of the blocks"


def _mixed_chains(of: Mapping[Path, Meaning], modules: Modules) -> Iterator[str]:
    """Modules within a block that contain layers of its shortcut and of its branch."""
    sizes = _sizes(of)
    for module, paths in modules.items():
        blocks = {of[path].block for path in paths}
        shortcuts = {of[path].chain is Chain.SHORTCUT for path in paths}
        (block,) = blocks if len(blocks) == 1 else (OUTSIDE,)
        if block != OUTSIDE and len(paths) < sizes[block] and len(shortcuts) > 1:
            yield f"{'/'.join(module)} would hold layers of the shortcut and of the branch"


def _different_meanings(of: Mapping[Path, Meaning], modules: Modules) -> Iterator[str]:
    """Modules that have layers of the same names, of which not all are equal blocks.

    A shortcut may be elsewhere: variables of TensorFlow lose a part of their scope.
    """
    branch_sizes = _sizes({p: m for p, m in of.items() if m.chain is not Chain.SHORTCUT})
    alike: dict[frozenset[Path], list[Path]] = defaultdict(list)
    for module, paths in modules.items():
        alike[frozenset(path[len(module) :] for path in paths)].append(module)
    for relative, group in alike.items():
        roles = set()
        for module in group:
            blocks = {of[(*module, *path)].block for path in relative}
            (block,) = blocks if len(blocks) == 1 else (OUTSIDE,)
            branch = [p for p in relative if of[(*module, *p)].chain is not Chain.SHORTCUT]
            is_whole = block != OUTSIDE and branch_sizes[block] == len(branch)
            own = {path: of[(*module, *path)].role for path in relative}
            roles.add(tuple(sorted(own.items())) if is_whole else None)
        if len(roles) > 1:
            first, *_, last = sorted("/".join(module) for module in group)
            yield f"{first} and {last} have layers of the same names, and other roles"


def _wrong_numbers(of: Mapping[Path, Meaning]) -> Iterator[str]:
    """Siblings that differ in a number only, and run in another order than their numbers."""
    first: dict[tuple[Path, bool], int] = {}  # {(path, whether in a shortcut): its first index}
    for path, meaning in of.items():
        for depth in range(1, len(path) + 1):
            is_shortcut = depth == len(path) and meaning.chain is Chain.SHORTCUT
            key = (path[:depth], is_shortcut)
            first[key] = min(first.get(key, meaning.index), meaning.index)
    siblings: dict[object, list[tuple[list[int], int, str]]] = defaultdict(list)
    for (path, is_shortcut), index in first.items():
        runs = list(digit_runs(path[-1]))
        pattern = tuple("0" if run.isdecimal() else run for run in runs)
        numbers = [int(run) for run in runs if run.isdecimal()]
        siblings[path[:-1], pattern, is_shortcut].append((numbers, index, "/".join(path)))
    for group in siblings.values():
        for (_, index, name), (_, other_index, other) in pairwise(sorted(group)):
            if index > other_index:
                yield f"{name} would run after {other}"
