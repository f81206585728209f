"""One page on a comparison, for people: it needs no network, no script and no other file."""

import platform
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from resnet_duet.errors import FileError, FrameworkError
from resnet_duet.port.files.atomic import whole_file
from resnet_duet.port.label import tool
from resnet_duet.proof.compare import Comparison
from resnet_duet.proof.network import Network

TEMPLATE = Path(__file__).with_name("report.html")
PACKAGES = ("numpy", "torch", "tensorflow", "keras", "onnx", "h5py", "safetensors")


@dataclass(frozen=True)
class Side:
    """One network, as the page tells of it."""

    title: str
    kind: str
    parameters: int | None


def writable_report(path: Path, overwrite: bool) -> None:
    """Raise before a long comparison what writing would raise after it.

    Raises:
        FileError: the name does not end in .html, there is no such folder, or the file exists.
        FrameworkError: what draws the page is not installed.
    """
    for package in ("jinja2", "matplotlib"):
        if find_spec(package) is None:
            raise FrameworkError(
                f"a report needs {package}, which is not installed: pip install"
                " 'resnet-duet[report]'"
            )
    if path.suffix != ".html":
        raise FileError(f"{path}: a report is a page, and its name must end in .html")
    if not path.parent.is_dir():
        raise FileError(f"{path.parent}: there is no such folder")
    if path.is_dir() or (path.exists() and not overwrite):
        raise FileError(f"{path} exists; say --overwrite to replace it")


def write_report(
    path: Path, result: Comparison, sides: tuple[Network, Network], command: str, overwrite: bool
) -> None:
    """Write the page, as a whole or not at all.

    Args:
        path: of the page.
        result: of comparing the two sides.
        sides: the networks.
        command: that makes the page again.
        overwrite: whether an older page may be replaced.

    Raises:
        FileError, FrameworkError: see `writable_report`; or the disk refuses.
    """
    writable_report(path, overwrite)
    page = rendered(result, sides, command)
    try:
        with whole_file(path, overwrite) as stream:
            stream.write(page.encode())
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error}") from None


def rendered(result: Comparison, sides: tuple[Network, Network], command: str) -> str:
    """The page."""
    from jinja2 import Environment, StrictUndefined

    from resnet_duet.proof.plot import DARK, LIGHT, NARROW, WIDE, drawing

    pictures = {
        f"{shape} {shade}": drawing(result, look, size)
        for shape, size in (("wide", WIDE), ("narrow", NARROW))
        for shade, look in (("light", LIGHT), ("dark", DARK))
    }
    template = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return template.from_string(TEMPLATE.read_text()).render(
        result=result,
        sides=[_told(side) for side in sides],
        worst=max(result.rows, key=lambda row: (row.error != row.error, row.error)),
        pictures=pictures,
        environment=list(environment()),
        command=command,
    )


def _told(side: Network) -> Side:
    if side.known is None:
        return Side(side.title, side.kind, None)
    from resnet_spec import plan
    from resnet_spec.measure import total, usual_size

    own = plan(side.known.spec)
    return Side(side.title, side.kind, total(own, usual_size(own)).parameters)


def environment() -> Iterator[tuple[str, str]]:
    """(what, its version) of what computed the page."""
    yield "made by", tool()
    yield "Python", platform.python_version()
    yield "machine", f"{platform.system()} {platform.machine()}"
    for package in PACKAGES:
        try:
            yield package, version(package)
        except PackageNotFoundError:
            continue
