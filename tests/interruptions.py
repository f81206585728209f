"""Conversions that are killed, or that meet a full disk: each in a process forked from here.

`interrupted` starts a process that has imported what converts files, and no framework, so that a
fork of it spends its time on the conversion and a random moment is a moment of that.
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

from sandbox import import_all

OLDER = b"an older file"
TRIES = 3  # conversions of which the time is taken


@dataclass(frozen=True)
class Aftermath:
    """What one conversion left behind.

    Attributes:
        status: of its process: 0, or by what it ended; see `os.waitstatus_to_exitcode`.
        said: what it said of an error.
        files: {name: content} of the target's folder.
    """

    status: int
    said: str
    files: dict[str, bytes | dict[str, bytes]]


def interrupted(task: str, source: Path, target: Path, **options: Any) -> list[Aftermath]:
    """What a task of this module's leaves behind, again and again."""
    code = "import interruptions; interruptions.answer()"
    run = subprocess.run(
        [sys.executable, "-c", code],
        input=pickle.dumps((task, source, target, options)),
        cwd=Path(__file__).parent,
        capture_output=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr.decode()
    return pickle.loads(run.stdout)


def answer() -> None:
    """Do the task on stdin."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a conversion prints
    import_all(real_child=False)
    stand_in_for_keras()
    task, source, target, options = pickle.loads(sys.stdin.buffer.read())
    with tempfile.TemporaryDirectory() as folder:
        tempfile.tempdir = folder  # a process that is killed leaves its temporary files
        pickle.dump(list(TASKS[task](source, target, **options)), answers)
    answers.flush()


def killed(source: Path, target: Path, times: int, overwrite: bool, nameless: bool):
    """kill -9 at random moments of a conversion, an uninterrupted one before them."""
    if not nameless:
        del os.O_TMPFILE  # as on a system that has no such thing
    durations = []
    for _ in range(TRIES):
        start = time.monotonic()
        first = aftermath(source, target, overwrite, lambda child: None)
        durations.append(time.monotonic() - start)
    yield first
    rng = random.Random(f"{target.name} {overwrite} {nameless}")
    for _ in range(times):
        moment = rng.uniform(0, sorted(durations)[TRIES // 2])

        def kill(child: int, moment: float = moment) -> None:
            time.sleep(moment)
            os.kill(child, signal.SIGKILL)

        yield aftermath(source, target, overwrite, kill)


def limited(source: Path, target: Path, sizes: list[int], overwrite: bool):
    """Conversions that may write no file of more than so many bytes."""
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
    """Conversions onto a disk of so many bytes, which the target's folder is."""
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
    """One conversion, in a folder that holds an older target or none."""
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
        said = pipe.read().decode()
    _, status = os.waitpid(child, 0)
    files = {left.name: content(left) for left in target.parent.iterdir()}
    return Aftermath(os.waitstatus_to_exitcode(status), said, files)


def command(words: list[str]) -> int:
    """The exit status of `resnet-duet`."""
    from resnet_duet.cli import main

    try:
        main(words)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def content(path: Path) -> bytes | dict[str, bytes]:
    """The bytes of a file; of Keras' archive, those of its members, which are dated."""
    if path.name.endswith(".keras") and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    return path.read_bytes()


def stand_in_for_keras() -> None:
    """A network that saves its arrays: TensorFlow's threads do not survive a fork."""
    from resnet_duet.port.files import keras_archive

    def write(network: SimpleNamespace, arrays: Any) -> None:
        network.arrays = {name: arrays[name].tobytes() for name in arrays}

    def build(*_choices: Any) -> SimpleNamespace:
        network = SimpleNamespace()

        def save(path: Path) -> None:
            with zipfile.ZipFile(path, "w") as archive:
                for name, numbers in network.arrays.items():
                    archive.writestr(name, numbers)

        network.save = save
        return network

    keras_archive.builder = lambda _name: SimpleNamespace(  # type: ignore[attr-defined]
        build=build, write=write
    )
