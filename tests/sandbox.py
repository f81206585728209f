"""Reads hostile files where they can do no harm: each in a process of its own, forked from here.

`judged` starts a process that has imported what reads files, and no framework: a fork of it costs a
millisecond, so that thousands of files take seconds.
"""

import hashlib
import os
import pickle
import resource
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO

SECONDS = 30  # of a clock; no file of these tests may take so long, on a busy machine either
BUSY = 1  # second of HDF5's own work on a small file, after which it is in a loop
ADDRESSES = 8 * 2**30  # bytes; so that a file that breaks the bound does not take the machine

# The stated bound of memory, of the largest process that takes part in a conversion, libraries
# included. A file may unpack to a hundred times its size, and an array is there as it was filed, as
# it was unpacked, and as it is laid out anew; an instruction of a pickle takes a byte and makes an
# object of a hundred.
BASE = 256 * 2**20
TIMES = 300

Bits = dict[str, tuple[str, tuple[int, ...], bytes]]


@dataclass(frozen=True)
class Outcome:
    """What became of one file.

    Attributes:
        result: {name: (dtype, shape, bytes)} of the arrays.
        error: the text of a ResNetError; what such a thing must be.
        crash: anything else: another exception's traceback, a signal, a hang.
        memory: bytes of the largest process that took part.
    """

    result: Bits | None
    error: str | None
    crash: str | None
    memory: int


def judged(
    files: Iterable[tuple[str, bytes]], task: str, *options: str, real_child: bool = False
) -> list[Outcome]:
    """What a task makes of each file (name, content), in a folder of its own.

    Args:
        task: "read", or "convert" for the command of this name, with its options; see `TASKS`.
        real_child: whether HDF5 is read by the program that reads it, or by a fork of this one.
    """
    code = f"import sandbox; sandbox.answer({task!r}, {options!r}, {real_child!r})"
    with (
        tempfile.TemporaryFile() as requests,
        subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=Path(__file__).parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=requests,
        ) as process,
    ):
        assert process.stdin and process.stdout
        outcomes = []
        for file in files:
            pickle.dump(file, process.stdin)
            process.stdin.flush()
            outcomes.append(pickle.load(process.stdout))
        process.stdin.close()
        assert process.wait() == 0
        return outcomes


def assert_harmless(outcome: Outcome, name: str, content: bytes) -> None:
    """A result, or one line of error that names the file; in the stated bound of memory."""
    assert outcome.crash is None, outcome.crash
    if outcome.error is not None:
        assert f"/{name}" in outcome.error
        assert outcome.error.isprintable(), outcome.error
    bound = BASE + TIMES * len(content)
    assert outcome.memory <= bound, f"{outcome.memory:,} bytes of memory, more than {bound:,}"


def read(path: Path) -> Bits:
    """The arrays of a file."""
    from resnet_duet.port import files

    return {
        name: (array.dtype.str, array.shape, array.tobytes())
        for name, array in files.read(path).arrays.items()
    }


def convert(path: Path, *options: str) -> Bits:
    """The arrays of what the command `convert` makes of a file."""
    from resnet_duet.cli import main

    target = path.with_name("target.safetensors")
    try:
        main(["--debug", "convert", str(path), str(target), *options], standalone_mode=False)
    except BaseException:
        assert [left.name for left in path.parent.iterdir()] == [path.name]
        raise
    return read(target)


def convert_emptied(path: Path, moment: str, *options: str) -> Bits:
    """The same of a file that somebody empties, "hashed" or "read": while that is done."""
    from resnet_duet.port import digest, porter

    def emptying(function: Callable[..., Any]) -> Callable[..., Any]:
        def emptied(*arguments: Any) -> Any:
            os.truncate(path, 0)
            return function(*arguments)

        return emptied

    own = hashlib.sha256()
    hasher = SimpleNamespace(update=emptying(own.update), hexdigest=own.hexdigest)
    if moment == "hashed":
        digest.hashlib = SimpleNamespace(sha256=lambda: hasher)  # type: ignore[attr-defined]
    else:
        porter.count_nonfinite = emptying(porter.count_nonfinite)
    return convert(path, *options)


TASKS: dict[str, Callable[..., Bits]] = {
    "read": read,
    "convert": convert,
    "convert_emptied": convert_emptied,
}


def answer(task: str, options: tuple[str, ...], real_child: bool) -> None:
    """Answer each request on stdin by an outcome on stdout."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a task prints
    import_all(real_child)
    memory = Path("/dev/shm")  # where there is no disk to wait for
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        tempfile.tempdir = folder  # a process that is killed leaves its temporary files
        while (request := following(sys.stdin.buffer)) is not None:
            path = Path(folder) / "own" / request[0]
            path.parent.mkdir()
            path.write_bytes(request[1])
            request = None  # it would count as memory of what is forked
            pickle.dump(outcome(task, path, options), answers)
            answers.flush()
            for left in path.parent.iterdir():
                left.unlink()
            path.parent.rmdir()


def following(stream: BinaryIO) -> Any:
    """The next request, or None."""
    try:
        return pickle.load(stream)
    except EOFError:
        return None


def import_all(real_child: bool) -> None:
    """Whatever a task imports, so that its fork need not."""
    import ml_dtypes  # noqa: F401

    import resnet_duet.cli.lines
    import resnet_duet.port.many
    import resnet_duet.port.porter  # noqa: F401
    from resnet_duet.port import files
    from resnet_duet.port.files import h5_child, hdf5

    for row in files.FORMATS:
        files._module(row)
    assert h5_child
    if not real_child:
        hdf5.subprocess = SimpleNamespace(  # type: ignore[attr-defined]
            run=run_forked, TimeoutExpired=subprocess.TimeoutExpired
        )


def outcome(task: str, path: Path, options: tuple[str, ...]) -> Outcome:
    """One file's, told by the process that met it or by how that died."""
    said, status, usage = forked(lambda: verdict(task, path, options), signal.ITIMER_REAL, SECONDS)
    memory = usage.ru_maxrss * 1024
    if status:
        return Outcome(None, None, f"signal {os.WTERMSIG(status)}, status {status}", memory)
    return Outcome(*pickle.loads(said), memory)


def verdict(
    task: str, path: Path, options: tuple[str, ...]
) -> tuple[Bits | None, str | None, str | None]:
    """(result, error, crash), of which two are None."""
    from resnet_spec import ResNetError

    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    try:
        return TASKS[task](path, *options), None, None
    except ResNetError as error:
        return None, str(error), None
    except BaseException:
        return None, None, traceback.format_exc()


def forked(work: Callable[[], Any], timer: int, seconds: float) -> tuple[bytes, int, Any]:
    """(what a process of its own makes of the work, how it ended, what it took)."""
    with tempfile.TemporaryFile() as said:
        if (child := os.fork()) == 0:
            signal.setitimer(timer, seconds)  # its signal kills
            try:
                pickle.dump(work(), said)
                said.flush()
                os._exit(0)
            finally:
                os._exit(1)
        _, status, usage = os.wait4(child, 0)
        said.seek(0)
        return said.read(), status, usage


def run_forked(command: list[str], **_options: Any) -> SimpleNamespace:
    """In place of `subprocess.run`: HDF5's child as a fork, which starts a hundred times faster."""
    from resnet_duet.port.files import h5_child

    def work() -> tuple[int, bytes, bytes]:
        with tempfile.TemporaryFile() as output:
            os.dup2(output.fileno(), 1)
            try:
                h5_child.main(*command[command.index(h5_child.__file__) + 1 :])
            except SystemExit as end:
                return 1, b"", str(end.code).encode()
            sys.stdout.flush()
            output.seek(0)
            return 0, output.read(), b""

    said, status, _ = forked(work, signal.ITIMER_PROF, BUSY)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGPROF:
        raise subprocess.TimeoutExpired(command, BUSY)
    if os.WIFSIGNALED(status):
        return SimpleNamespace(returncode=-os.WTERMSIG(status), stdout=b"", stderr=b"")
    assert status == 0, f"HDF5's fork ended with status {status}"
    returncode, stdout, stderr = pickle.loads(said)
    return SimpleNamespace(returncode=returncode, stdout=stdout, stderr=stderr)
