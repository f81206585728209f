"""The sha256 of a checkpoint, reckoned while other work is done."""

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from mmap import ACCESS_READ, mmap
from pathlib import Path
from threading import Thread

CHUNK = 2**24  # bytes; between two chunks this thread has to wait for its turn to run Python


class Digest(Thread):
    """A second pair of hands that reads the file and adds it up."""

    def __init__(self, path: Path):
        super().__init__(daemon=True)
        self.path = path
        self.found = ""
        self.start()

    def run(self) -> None:
        with suppress(OSError):  # whoever opens the file says what is wrong with it
            self.found = sha256(self.path)

    def result(self) -> str:
        """The sum in hexadecimal digits, once it is there."""
        self.join()
        return self.found


def sha256(path: Path) -> str:
    """Of a file, or of a checkpoint's files one after the other, by name."""
    digest = hashlib.sha256()
    for part in sorted(parts(path)):
        size = part.stat().st_size
        with part.open("rb") as stream:
            for start in range(0, size, CHUNK):
                length = min(CHUNK, size - start)
                with mmap(stream.fileno(), length, access=ACCESS_READ, offset=start) as chunk:
                    digest.update(chunk)
    return digest.hexdigest()


def parts(path: Path) -> Iterator[Path]:
    """The files of a checkpoint: itself, those of a folder, or those that share a prefix."""
    if path.is_dir():
        yield from (part for part in path.rglob("*") if part.is_file())
    elif path.is_file():
        yield path
    else:
        yield from path.parent.glob(f"{path.name}.*")
