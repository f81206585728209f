"""Many checkpoints at once: finds them by paths and patterns, and names their targets."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from resnet_duet import formats
from resnet_duet.errors import FileError

WILDCARDS = "*?["


def sources(paths: Iterable[Path]) -> Iterator[Path]:
    """The checkpoints of files, directories and patterns, sorted by name within each.

    Raises:
        FileError: a pattern or a directory without checkpoints.
    """
    for path in paths:
        if is_many(path):
            found = sorted(_within(path))
            if not found:
                raise FileError(f"no checkpoints found: {path}")
            yield from found
        else:
            yield path


def is_many(path: Path) -> bool:
    """Whether a path means several files: a directory or a pattern."""
    is_folder = path.is_dir() and not formats.is_saved_model(path)
    return is_folder or (not path.exists() and any(sign in path.name for sign in WILDCARDS))


def target(source: Path, folder: Path, ending: str) -> Path:
    """The file for a converted checkpoint: the name of its source, with another ending."""
    return folder / (source.name.removesuffix(formats.ending(source)) + ending)


def _within(path: Path) -> Iterator[Path]:
    """The checkpoints in a directory, or those that match a pattern."""
    folder, pattern = (path, "*") if path.is_dir() else (path.parent, path.name)
    return (item for item in folder.glob(pattern) if formats.is_readable(item))
