"""A program of `torch.export` (.pt2), run by PyTorch in float64 where it can be. Needs trust."""

import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resnet_duet.comparison.adapters.batches import channels_and_size, in_batches
from resnet_duet.comparison.adapters.programs import CannotRunError, one_of
from resnet_duet.comparison.adapters.torchscript import called
from resnet_duet.comparison.outputs import SOFTMAX_REMOVED
from resnet_duet.comparison.subject import Naming, Subject, prefer
from resnet_duet.errors import FrameworkError
from resnet_duet.formats.damage import first_line
from resnet_duet.frameworks import TORCH

if TYPE_CHECKING:
    from torch.export import ExportedProgram

# What PyTorch raises on a file of another version, or of another kind.
ERRORS = (
    *(AssertionError, AttributeError, ImportError, KeyError, OSError, RuntimeError),
    *(TypeError, ValueError, pickle.UnpicklingError),
)


def subject(path: Path | str, _layers: Mapping[str, str]) -> Subject:
    """The program of a file.

    Raises:
        CannotRunError: PyTorch is not installed, or cannot open the file.
        FileError: the program takes or returns something other than one batch of images.
    """
    program = _loaded(str(path))
    signature = program.graph_signature
    image = one_of(list(map(str, signature.user_inputs)), path, "input")
    one_of(list(map(str, signature.user_outputs)), path, "output")
    tensor = next(node for node in program.graph.nodes if node.name == image).meta["val"]
    sizes = [size if isinstance(size, int) else None for size in tensor.shape]
    module, removed = without_softmax(program.module())
    wide, _ = without_softmax(program.module())
    float32 = in_batches(called(module), sizes[0])
    float64 = in_batches(called(wide.double()), sizes[0])
    channels, size = channels_and_size(sizes, TORCH.axes)
    return Subject(
        title=str(path),
        kind="exported program, run by PyTorch",
        trace=prefer(float64, float32),
        float32=float32,
        naming=Naming.NONE,
        channels=channels,
        size=size,
        identified=None,
        notes=(SOFTMAX_REMOVED,) if removed else (),
    )


def without_softmax(module: Any) -> tuple[Any, bool]:
    """The program without a softmax at its end, and whether it had one.

    Args:
        module: of a program; it is changed.
    """
    import torch

    output = next(node for node in module.graph.nodes if node.op == "output")
    last = output.all_input_nodes[0]
    aten = torch.ops.aten
    if last.target not in (aten.softmax.int, aten._softmax.default):
        return module, False
    last.replace_all_uses_with(last.args[0])
    module.graph.erase_node(last)
    module.recompile()
    return module, True


def _loaded(path: str) -> "ExportedProgram":
    try:
        TORCH.builder()
    except FrameworkError as error:
        raise CannotRunError(error.summary) from error
    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.export.load(path)
    except ERRORS as error:
        message = f"PyTorch {torch.__version__} cannot open it: {first_line(error)}"
        raise CannotRunError(message) from error
