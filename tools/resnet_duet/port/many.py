"""Many checkpoints at once: which files are meant, and what their targets are called."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from resnet_duet.errors import FileError
from resnet_duet.port import files

WILD = "*?["


def sources(paths: Iterable[Path]) -> Iterator[Path]:
    """The checkpoints of files, folders and patterns, in order of their names within each.

    Raises:
        FileError: a pattern or a folder has none.
    """
    for path in paths:
        if is_many(path):
            found = sorted(_within(path))
            if not found:
                raise FileError(f"{path}: there is no checkpoint")
            yield from found
        else:
            yield path


def is_many(path: Path) -> bool:
    """Whether a path stands for several files."""
    is_folder = path.is_dir() and not files.is_saved_model(path)
    return is_folder or (not path.exists() and any(sign in path.name for sign in WILD))


def target(source: Path, folder: Path, ending: str) -> Path:
    """Where a checkpoint goes: its own name with another ending."""
    return folder / (source.name.removesuffix(files.ending(source)) + ending)


def _within(path: Path) -> Iterator[Path]:
    folder, pattern = (path, "*") if path.is_dir() else (path.parent, path.name)
    return (item for item in folder.glob(pattern) if files.is_readable(item))
