"""Reads hostile files where they can do no harm: each in its own process, forked from here.

`judged` starts a process that has imported the code that reads files, and no framework. Its forks
take a millisecond each, so thousands of files take seconds.
"""

import contextlib
import hashlib
import io
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

SECONDS = 30  # of a clock; no file of these tests may take that long, even on a busy machine
BUSY = 1  # second of processor time for a small file, after which HDF5 is in an endless loop
ADDRESSES = 8 * 2**30  # bytes, so that a file that exceeds its limit does not take all memory

# The memory limit of the largest process of a conversion, libraries included. A file may unpack to
# a hundred times its size, and an array is in memory as it was stored, as it was unpacked, and in
# its new layout. An instruction of a pickle takes one byte and creates an object of a hundred.
BASE = 256 * 2**20
TIMES = 300

Bits = dict[str, tuple[str, tuple[int, ...], bytes]]


@dataclass(frozen=True)
class Outcome:
    """The result of one file.

    Attributes:
        result: {name: (dtype, shape, bytes)} of the arrays.
        error: the text of a ResNetError, the only error that is allowed.
        crash: everything else: the traceback of another exception, a signal, a hang.
        memory: bytes of the largest process.
    """

    result: Bits | None
    error: str | None
    crash: str | None
    memory: int


def judged(
    files: Iterable[tuple[str, bytes]], task: str, *options: str, real_child: bool = False
) -> list[Outcome]:
    """The outcome of a task for each file (name, content), in its own directory.

    Args:
        task: "read", or "convert" for the command with these options; see `TASKS`.
        real_child: whether HDF5 is read by the worker itself, or by a fork of this process.
    """
    code = f"from support import sandbox; sandbox.answer({task!r}, {options!r}, {real_child!r})"
    with (
        tempfile.TemporaryFile() as requests,
        subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=Path(__file__).parents[1],
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
    """A result, or a readable error that names the file; within the memory limit."""
    assert outcome.crash is None, outcome.crash
    if outcome.error is not None:
        assert f"/{name}" in outcome.error
        assert_readable(outcome.error)
    bound = BASE + TIMES * len(content)
    assert outcome.memory <= bound, f"{outcome.memory:,} bytes of memory, more than {bound:,}"


def assert_readable(error: str) -> None:
    """A summary and at most 21 lines of details, without control characters."""
    lines = error.split("\n")
    assert all(line.isprintable() for line in lines), error
    assert all(line.startswith("  ") for line in lines[1:]), error
    assert len(lines) <= 22, error


def read(path: Path) -> Bits:
    """The arrays of a file."""
    from resnet_duet import formats

    return {
        name: (array.dtype.str, array.shape, array.tobytes())
        for name, array in formats.read(path).arrays.items()
    }


def convert(path: Path, *options: str) -> Bits:
    """The arrays of the file that the command `convert` writes."""
    from resnet_duet.cli import main

    target = path.with_name("target.safetensors")
    try:
        main(["--debug", "convert", str(path), str(target), *options], standalone_mode=False)
    except BaseException:
        assert [left.name for left in path.parent.iterdir()] == [path.name]
        raise
    return read(target)


def convert_emptied(path: Path, moment: str, *options: str) -> Bits:
    """`convert` for a file that is truncated to nothing while it is "hashed" or "read"."""
    from resnet_duet.files import convert_file
    from resnet_duet.formats import sha256

    def emptying(function: Callable[..., Any]) -> Callable[..., Any]:
        def emptied(*arguments: Any) -> Any:
            os.truncate(path, 0)
            return function(*arguments)

        return emptied

    own = hashlib.sha256()
    hasher = SimpleNamespace(update=emptying(own.update), hexdigest=own.hexdigest)
    if moment == "hashed":
        sha256.hashlib = SimpleNamespace(sha256=lambda: hasher)  # type: ignore[attr-defined]
    else:
        convert_file.count_nonfinite = emptying(convert_file.count_nonfinite)
    return convert(path, *options)


TASKS: dict[str, Callable[..., Bits]] = {
    "read": read,
    "convert": convert,
    "convert_emptied": convert_emptied,
}


def answer(task: str, options: tuple[str, ...], real_child: bool) -> None:
    """Answer each request on stdin by an outcome on stdout."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # output of a task
    import_all(real_child)
    memory = Path("/dev/shm")  # a disk in memory, if there is one
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
    """Import everything that a task needs, so that its fork does not have to."""
    import ml_dtypes  # noqa: F401

    import resnet_duet.cli.descriptions
    import resnet_duet.files.batch
    import resnet_duet.files.convert_file  # noqa: F401
    from resnet_duet import formats
    from resnet_duet.formats import hdf5, hdf5_worker

    for row in formats.FORMATS:
        row.load_module()
    assert hdf5_worker
    if not real_child:
        hdf5.subprocess = SimpleNamespace(  # type: ignore[attr-defined]
            run=run_forked, TimeoutExpired=subprocess.TimeoutExpired
        )


def outcome(task: str, path: Path, options: tuple[str, ...]) -> Outcome:
    """The outcome of one file, as its process reports it or by how that process died."""
    said, status, usage = forked(lambda: verdict(task, path, options), signal.ITIMER_REAL, SECONDS)
    memory = usage.ru_maxrss * 1024
    if status:
        return Outcome(None, None, f"signal {os.WTERMSIG(status)}, status {status}", memory)
    return Outcome(*pickle.loads(said), memory)


def verdict(
    task: str, path: Path, options: tuple[str, ...]
) -> tuple[Bits | None, str | None, str | None]:
    """(result, error, crash); two of them are None."""
    from resnet_spec import ResNetError

    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    try:
        return TASKS[task](path, *options), None, None
    except ResNetError as error:
        return None, str(error), None
    except BaseException:
        return None, None, traceback.format_exc()


def forked(work: Callable[[], Any], timer: int, seconds: float) -> tuple[bytes, int, Any]:
    """(pickled result of the work in a fork, exit status of the fork, its resource usage)."""
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
    """A replacement of `subprocess.run`: the worker as a fork, which starts 100 times faster."""
    from resnet_duet.formats import hdf5_worker

    def work() -> tuple[int, bytes, bytes]:
        with tempfile.TemporaryFile() as output:
            messages, status = io.StringIO(), 0
            answer = io.TextIOWrapper(output)  # a command may have replaced stdout
            with contextlib.redirect_stdout(answer), contextlib.redirect_stderr(messages):
                try:
                    hdf5_worker.main(*command[command.index(hdf5_worker.__file__) + 1 :])
                except SystemExit as end:
                    assert isinstance(end.code, int)
                    status = end.code
            answer.flush()
            output.seek(0)
            return status, output.read(), messages.getvalue().encode()

    said, status, _ = forked(work, signal.ITIMER_PROF, BUSY)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGPROF:
        raise subprocess.TimeoutExpired(command, BUSY)
    if os.WIFSIGNALED(status):
        return SimpleNamespace(returncode=-os.WTERMSIG(status), stdout=b"", stderr=b"")
    assert status == 0, f"HDF5's fork ended with status {status}"
    returncode, stdout, stderr = pickle.loads(said)
    return SimpleNamespace(returncode=returncode, stdout=stdout, stderr=stderr)
