"""Mappings of the user: the canonical name of each array of a file.

A mapping is a text file of two columns, the name in the file and torchvision's name, separated by a
tab, a comma or spaces, or a JSON object. `-` instead of torchvision's name skips an array.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from resnet_duet.errors import FileError
from resnet_duet.formats.checkpoint import Checkpoint
from resnet_duet.formats.unwrap import TRAINING_STATE
from resnet_duet.identify.by_order.layers import layouts
from resnet_duet.identify.placement import relaid
from resnet_duet.weights.arrays import Arrays
from resnet_duet.weights.dialect import TORCH, Layout, Shapes

SKIP = "-"
COMMENT = "#"
SEPARATORS = ("\t", ",", None)  # None: any white space
WORDS = tuple(sorted(set(TORCH.words.values())))
CANONICAL_AXES = {4: "OIHW", 2: "OI"}
LARGEST = 2**24  # bytes of a mapping; one of 100,000 names has a tenth of it


@dataclass(frozen=True)
class Line:
    """One line of a mapping.

    Attributes:
        place: where it is, for people: "line 3".
        source: the name in the file.
        target: the canonical name, or SKIP.
    """

    place: str
    source: str
    target: str


Rename = Path | str | Mapping[str, str]


def read_mapping(rename: Rename) -> tuple[Line, ...]:
    """The lines of a mapping.

    Args:
        rename: a file, or {name in the checkpoint: torchvision's name}.

    Raises:
        FileError: the file cannot be read, or lines are incomplete or repeat a name. It lists all
            of them.
    """
    if isinstance(rename, Mapping):
        lines = [Line(f"entry {source!r}", source, target) for source, target in rename.items()]
        _refuse(_repeated(lines), "the mapping")
        return tuple(lines)
    path = Path(rename)
    text = _text(path)
    errors: list[str] = []
    lines = list(_json_lines(path, text) if text.lstrip()[:1] == "{" else _lines(text, errors))
    _refuse([*errors, *_repeated(lines)], str(path))
    return tuple(lines)


def renamed(checkpoint: Checkpoint, rename: Rename) -> Checkpoint:
    """The checkpoint with its arrays under canonical names and in canonical layouts.

    Args:
        checkpoint: the file.
        rename: see `read_mapping`. Every array must be in it; `-` skips one.

    Raises:
        FileError: an array that is not in the mapping, a name that the file does not have, a name
            that no network has, or arrays whose layout cannot be known. It lists all of them.
    """
    lines = read_mapping(rename)
    source = "the mapping" if isinstance(rename, Mapping) else str(rename)
    entries = checkpoint.arrays.entries
    named = {line.source for line in lines}
    errors = [
        f"{line.place}: the checkpoint has no array {line.source}"
        for line in lines
        if line.source not in entries
    ]
    errors += [
        f"{line.place}: {line.target} is not a name of torchvision; its last word must be one of"
        f" {', '.join(WORDS)}"
        for line in lines
        if line.target != SKIP and line.target.rpartition(".")[2] not in WORDS
    ]
    errors += [
        f"{name} is not in the mapping; to skip it, write: {name} {SKIP}"
        for name in entries
        if name not in named and not name.endswith(TRAINING_STATE)
    ]
    _refuse(errors, source)
    targets = {line.target: line.source for line in lines if line.target != SKIP}
    layout = _layout({name: entries[name].shape for name in targets.values()})
    arrays = {}
    for target, name in targets.items():
        axes = CANONICAL_AXES.get(len(entries[name].shape))
        arrays[target] = (
            relaid(entries[name], layout.axes.get(axes, axes), axes) if axes else entries[name]
        )
    used = set(targets.values())
    skipped = tuple(name for name in entries if name not in used)
    return replace(checkpoint, arrays=Arrays(arrays), skipped=(*checkpoint.skipped, *skipped))


def mapping_text(targets: Mapping[str, str], comments: Iterable[str]) -> str:
    """The text of a mapping.

    Args:
        targets: {name in the file: canonical name; "" if it is unknown}.
        comments: lines before the names.
    """
    lines = [f"{COMMENT} {comment}" for comment in comments]
    lines += [f"{source}\t{target}" for source, target in targets.items()]
    return "\n".join((*lines, ""))


def _layout(shapes: Shapes) -> Layout:
    """The framework whose axes the arrays have. Raises FileError: it cannot be known."""
    found = layouts(shapes)
    kernels = [shape for shape in shapes.values() if len(shape) == 4]
    fitting = [
        layout
        for layout in found
        if all(
            shape[axes.index("H")] == shape[axes.index("W")]
            for axes in [layout.axes.get("OIHW", "OIHW")]
            for shape in kernels
        )
    ]
    if len(fitting) != 1:
        raise FileError(
            "the arrays' names and shapes do not determine whether kernels are in PyTorch's layout"
            " (O, I, H, W) or in Keras' (H, W, I, O); name them .../weight or .../kernel"
        )
    return fitting[0]


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise FileError(f"{path} is too large for a mapping")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise FileError(f"{path} cannot be read: it is not text") from error


def _lines(text: str, errors: list[str]) -> Iterator[Line]:
    """The lines of two columns. Errors are added to the list."""
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith(COMMENT):
            continue
        separator = next(mark for mark in SEPARATORS if mark is None or mark in line)
        columns = [column.strip() for column in line.strip().split(separator)]
        if len(columns) == 2 and all(columns):
            yield Line(f"line {number}", *columns)
        elif len(columns) > 2:
            errors.append(f"line {number} has {len(columns)} columns; it must have two")
        else:
            errors.append(
                f"line {number}: {columns[0]} has no target; write torchvision's name, or"
                f" {SKIP} to skip it"
            )


def _json_lines(path: Path, text: str) -> Iterator[Line]:
    """The entries of a JSON object. A key that comes twice gives two lines."""
    try:
        pairs = json.loads(text, object_pairs_hook=list)
    except (ValueError, RecursionError) as error:
        raise FileError(f"{path} is not JSON: {error}") from error
    for source, target in pairs:
        if not isinstance(target, str):
            raise FileError(f"{path}: the target of {source} must be a name in quotes")
        yield Line(f"entry {source!r}", source, target)


def _repeated(lines: Iterable[Line]) -> Iterator[str]:
    """The names that come twice, in either column."""
    lines = list(lines)
    sources = Counter(line.source for line in lines)
    targets = Counter(line.target for line in lines if line.target != SKIP)
    for line in lines:
        if sources[line.source] > 1:
            yield f"{line.place}: {line.source} comes {sources[line.source]} times"
        if targets[line.target] > 1:
            yield f"{line.place}: {line.target} comes {targets[line.target]} times"


def _refuse(errors: Iterable[str], source: str) -> None:
    errors = list(errors)
    if errors:
        count = f"{len(errors)} errors" if len(errors) > 1 else "an error"
        raise FileError(f"{source}: {count} in the mapping", errors)
