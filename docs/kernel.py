"""Kernels that have the frameworks imported: every page runs in a fresh fork of one process.

To import both takes seconds, and there are fifty pages. A fork is as good as a new process, since
importing starts no thread; the tests run some of the pages in new ones as well.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

ADDRESS = "BOOK_KERNEL"  # where the warm process listens


def start() -> tuple[subprocess.Popen, tempfile.TemporaryDirectory]:
    """Start the warm process, and let Jupyter's `python3` be forks of it.

    Returns:
        The process, and the folder in which Jupyter finds it.
    """
    temporary = tempfile.TemporaryDirectory()
    folder = Path(temporary.name)
    os.environ |= {ADDRESS: str(folder / "socket"), "JUPYTER_PATH": str(folder)}
    spec = folder / "kernels/python3/kernel.json"
    spec.parent.mkdir(parents=True)
    argv = [sys.executable, __file__, "-f", "{connection_file}"]
    spec.write_text(json.dumps({"argv": argv, "display_name": "Python 3", "language": "python"}))
    door = socket.socket(socket.AF_UNIX)
    door.bind(os.environ[ADDRESS])
    door.listen()  # a caller waits until the imports are done
    with door:
        process = subprocess.Popen(
            [sys.executable, __file__, "--serve", str(door.fileno())], pass_fds=[door.fileno()]
        )
    return process, temporary


def serve(door: socket.socket) -> None:
    """Be the warm process."""
    # What a kernel sets before anything is imported, and Matplotlib reads when it is.
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    from resnet_duet import book

    book.prepare()
    assert threading.active_count() == 1, "a fork would lose a thread"
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no process waits for the forks
    while True:
        caller, _ = door.accept()
        if os.fork() == 0:
            door.close()
            become(**json.loads(caller.makefile().readline()))
            os._exit(0)
        caller.close()


def become(arguments: list[str], folder: str, environment: dict[str, str]) -> None:
    """Be a kernel, until it is shut down."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment | {"JPY_PARENT_PID": str(os.getppid())})
    from ipykernel.kernelapp import launch_new_instance

    launch_new_instance(argv=[*arguments, "--Application.log_level=ERROR"])


def call(arguments: list[str]) -> None:
    """What Jupyter starts for a kernel: ask for a fork, and live as long as it does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Jupyter's, before it asks for the end
    order = {"arguments": arguments, "folder": str(Path.cwd()), "environment": {**os.environ}}
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(os.environ[ADDRESS])
        caller.sendall(json.dumps(order).encode() + b"\n")
        caller.recv(1)  # nothing comes; the fork's end closes the line


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--serve", number]:
            serve(socket.socket(fileno=int(number)))
        case arguments:
            call(arguments)
