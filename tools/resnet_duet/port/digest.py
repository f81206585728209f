"""The sha256 of a checkpoint, reckoned while other work is done."""

import hashlib
from collections.abc import Iterator
from contextlib import suppress
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
    digest, chunk = hashlib.sha256(), memoryview(bytearray(CHUNK))
    for part in sorted(parts(path)):
        with part.open("rb", buffering=0) as stream:
            while size := stream.readinto(chunk):
                digest.update(chunk[:size])
    return digest.hexdigest()


def parts(path: Path) -> Iterator[Path]:
    """The files of a checkpoint: itself, those of a folder, or those that share a prefix."""
    if path.is_dir():
        yield from (part for part in path.rglob("*") if part.is_file())
    elif path.is_file():
        yield path
    else:
        yield from path.parent.glob(f"{path.name}.*")
