"""An HTML page about a comparison. It needs no script and no other file."""

import platform
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from resnet_duet.comparison.comparison import Comparison
from resnet_duet.comparison.subject import Subject
from resnet_duet.errors import FileError, FrameworkError
from resnet_duet.formats.atomic import atomic_write
from resnet_duet.metadata import tool
from resnet_spec import plan
from resnet_spec.measure import default_image_size, total

TEMPLATE = Path(__file__).with_name("report.html")
PACKAGES = ("numpy", "torch", "tensorflow", "keras", "onnx", "h5py", "safetensors")


@dataclass(frozen=True)
class Network:
    """One of the two networks as the page describes it.

    Attributes:
        title: its name.
        kind: what it is, such as "PyTorch module".
        parameters: learned values; None if unknown.
    """

    title: str
    kind: str
    parameters: int | None


def check_report_path(path: Path) -> None:
    """Raise, before a long comparison, the errors that `write_report` would raise after it.

    Args:
        path: of the page.

    Raises:
        FileError: the name does not end in .html, its folder does not exist, or it is a folder.
        FrameworkError: jinja2 or matplotlib is not installed.
    """
    for package in ("jinja2", "matplotlib"):
        if find_spec(package) is None:
            raise FrameworkError(
                f"a report needs {package}, which is not installed: pip install"
                " 'resnet-duet[report]'"
            )
    if path.suffix != ".html":
        raise FileError(f"{path}: the name of a report must end in .html")
    if not path.parent.is_dir():
        raise FileError(f"{path.parent} does not exist: make the folder first")
    if path.is_dir():
        raise FileError(f"{path} is a folder")


def write_report(
    path: Path, result: Comparison, subjects: tuple[Subject, Subject], command: str
) -> None:
    """Write the page. An older file is replaced; an error leaves it as it was.

    Args:
        path: of the page.
        result: of comparing the two networks.
        subjects: the networks.
        command: the command line that reproduces the page.

    Raises:
        FileError: see `check_report_path`; or the file cannot be written.
        FrameworkError: see `check_report_path`.
    """
    check_report_path(path)
    page = report_html(result, subjects, command)
    try:
        with atomic_write(path, overwrite=True) as stream:
            stream.write(page.encode())
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error}") from error


def report_html(result: Comparison, subjects: tuple[Subject, Subject], command: str) -> str:
    """The page as text. The arguments are those of `write_report`."""
    from jinja2 import Environment, StrictUndefined

    from resnet_duet.comparison.plot import DARK, LIGHT, NARROW, WIDE, figure_svg

    figures = {
        f"{shape} {shade}": figure_svg(result, palette, size)
        for shape, size in (("wide", WIDE), ("narrow", NARROW))
        for shade, palette in (("light", LIGHT), ("dark", DARK))
    }
    template = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return template.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        result=result,
        networks=[_described(subject) for subject in subjects],
        figures=figures,
        environment=list(environment()),
        command=command,
    )


def _described(subject: Subject) -> Network:
    if subject.identified is None:
        return Network(subject.title, subject.kind, None)
    own = plan(subject.identified.spec)
    return Network(subject.title, subject.kind, total(own, default_image_size(own)).parameters)


def environment() -> Iterator[tuple[str, str]]:
    """(name, version) of the software that computed the page."""
    yield "generator", tool()
    yield "Python", platform.python_version()
    yield "machine", f"{platform.system()} {platform.machine()}"
    for package in PACKAGES:
        try:
            yield package, version(package)
        except PackageNotFoundError:
            continue
