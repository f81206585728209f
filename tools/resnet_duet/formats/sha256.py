"""The SHA-256 of a checkpoint, computed in a thread while other work is done."""

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread

CHUNK = 2**24  # bytes; between two chunks, this thread waits for its turn to run Python code


class BackgroundSha256(Thread):
    """A thread that hashes a file. It starts when it is created."""

    def __init__(self, path: Path):
        super().__init__(daemon=True)
        self.path = path
        self.found = ""
        self.start()

    def run(self) -> None:
        """Hash the file. The code that opens the file reports its errors, so none is raised."""
        with suppress(OSError):
            self.found = sha256(self.path)

    def result(self) -> str:
        """Wait for the hash. Returns hexadecimal digits; "" if the file could not be read."""
        self.join()
        return self.found


def sha256(path: Path) -> str:
    """The SHA-256 of a file, or of a checkpoint's files one after the other, by name."""
    digest, chunk = hashlib.sha256(), memoryview(bytearray(CHUNK))
    for part in sorted(parts(path)):
        with part.open("rb", buffering=0) as stream:
            while size := stream.readinto(chunk):
                digest.update(chunk[:size])
    return digest.hexdigest()


def parts(path: Path) -> Iterator[Path]:
    """The files of a checkpoint: the file itself, those of a directory, or those of a prefix."""
    if path.is_file():
        yield path
    elif path.is_dir():
        yield from (part for part in path.rglob("*") if part.is_file())
    else:
        prefix = f"{path.name}."
        yield from (p for p in path.parent.iterdir() if p.name.startswith(prefix) and p.is_file())
