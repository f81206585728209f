"""Conversions that are killed, or whose disk is full: each in a process forked from here.

`interrupted` starts a process that has imported what converts files, and no framework, so that a
fork spends its time on the conversion, and a random moment falls into it.
"""

import os
import pickle
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from support.sandbox import import_all

OLDER = b"an older file"
TRIES = 3  # conversions whose time is measured


@dataclass(frozen=True)
class Aftermath:
    """What one conversion left.

    Attributes:
        status: exit status of its process; see `os.waitstatus_to_exitcode`.
        stderr: what it printed there.
        files: {name: content} of the target's directory.
    """

    status: int
    stderr: str
    files: dict[str, bytes | dict[str, bytes]]


def interrupted(task: str, source: Path, target: Path, **options: Any) -> list[Aftermath]:
    """What a task of this module leaves after each of several runs."""
    code = "from support import interruptions; interruptions.answer()"
    run = subprocess.run(
        [sys.executable, "-c", code],
        input=pickle.dumps((task, source, target, options)),
        cwd=Path(__file__).parents[1],
        capture_output=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr.decode()
    return pickle.loads(run.stdout)


def answer() -> None:
    """Run the task that is given on stdin, and write its results to stdout."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # output of a conversion
    import_all(real_child=False)
    replace_keras()
    task, source, target, options = pickle.loads(sys.stdin.buffer.read())
    with tempfile.TemporaryDirectory() as folder:
        tempfile.tempdir = folder  # a process that is killed leaves its temporary files
        pickle.dump(list(TASKS[task](source, target, **options)), answers)
    answers.flush()


def killed(source: Path, target: Path, times: int, overwrite: bool, unnamed: bool):
    """One complete conversion, then conversions killed by SIGKILL at random moments."""
    if not unnamed:
        del os.O_TMPFILE  # as on a system without unnamed files
        tempfile._O_TMPFILE_WORKS = False
    durations = []
    for _ in range(TRIES):
        start = time.monotonic()
        first = aftermath(source, target, overwrite, lambda child: None)
        durations.append(time.monotonic() - start)
    yield first
    rng = random.Random(f"{target.name} {overwrite} {unnamed}")
    for _ in range(times):
        moment = rng.uniform(0, sorted(durations)[TRIES // 2])

        def kill(child: int, moment: float = moment) -> None:
            time.sleep(moment)
            os.kill(child, signal.SIGKILL)

        yield aftermath(source, target, overwrite, kill)


def limited(source: Path, target: Path, sizes: list[int], overwrite: bool):
    """Conversions that may write files of at most each size, in bytes."""
    for size in sizes:
        bound = (size, resource.RLIM_INFINITY)
        yield aftermath(
            source,
            target,
            overwrite,
            lambda child: None,
            lambda bound=bound: resource.setrlimit(resource.RLIMIT_FSIZE, bound),
        )


def crowded(source: Path, target: Path, sizes: list[int], overwrite: bool):
    """Conversions onto disks of each size, in bytes; the target's directory is such a disk."""
    for size in sizes:
        remount = ["mount", "-o", f"remount,size={size}", str(target.parent)]
        subprocess.run(remount, check=True, capture_output=True)
        yield aftermath(source, target, overwrite, lambda child: None)


TASKS: dict[str, Callable[..., Any]] = {"killed": killed, "limited": limited, "crowded": crowded}


def aftermath(
    source: Path,
    target: Path,
    overwrite: bool,
    disturb: Callable[[int], None],
    prepare: Callable[[], None] = lambda: None,
) -> Aftermath:
    """One conversion, in a directory with an existing target or without."""
    for left in target.parent.iterdir():
        left.unlink()
    if overwrite:
        target.write_bytes(OLDER)
    words = ["convert", str(source), str(target), *["--overwrite"] * overwrite]
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        os.dup2(writing, 2)
        try:
            prepare()
            os._exit(command(words))
        finally:
            os._exit(70)
    os.close(writing)
    disturb(child)
    with os.fdopen(reading, "rb") as pipe:
        stderr = pipe.read().decode()
    _, status = os.waitpid(child, 0)
    files = {left.name: content(left) for left in target.parent.iterdir()}
    return Aftermath(os.waitstatus_to_exitcode(status), stderr, files)


def command(words: list[str]) -> int:
    """Run `resnet-duet` with these arguments, and return its exit status."""
    from resnet_duet.cli import main

    try:
        main(words)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def content(path: Path) -> bytes | dict[str, bytes]:
    """The bytes of a file. A Keras archive contains dates, so its members are compared."""
    if path.name.endswith(".keras") and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    return path.read_bytes()


def replace_keras() -> None:
    """Replace Keras by a stub that saves arrays: TensorFlow's threads do not survive a fork."""
    from resnet_duet.formats import keras_archive

    def write(network: SimpleNamespace, arrays: Any) -> None:
        network.arrays = {name: arrays[name].tobytes() for name in arrays}

    def build(*_choices: Any, initial: str) -> SimpleNamespace:
        network = SimpleNamespace()

        def save(path: Path) -> None:
            with zipfile.ZipFile(path, "w") as archive:
                for name, content in network.arrays.items():
                    archive.writestr(name, content)

        network.save = save
        return network

    keras_archive.KERAS = SimpleNamespace(build=build, write=write)  # type: ignore[attr-defined]
