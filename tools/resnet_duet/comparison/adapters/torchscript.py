"""A TorchScript file, run by PyTorch in float64 where it can be. Needs trust."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from resnet_duet.comparison.adapters.programs import CannotRunError
from resnet_duet.comparison.subject import Naming, Subject, Tracer, prefer
from resnet_duet.errors import FileError, FrameworkError
from resnet_duet.formats.damage import first_line
from resnet_duet.frameworks import TORCH
from resnet_duet.weights.convert import relayout, to_nhwc
from resnet_spec import ResNetError


def subject(path: Path | str, _layers: Mapping[str, str]) -> Subject:
    """The program of a file, in inference mode.

    Raises:
        CannotRunError: PyTorch is not installed, or cannot open the file.
        FileError: the program takes other arguments than one batch of images.
    """
    module = _loaded(str(path))
    arguments = [
        item.name for item in module.forward.schema.arguments[1:] if not item.has_default_value()
    ]
    if len(arguments) != 1:
        raise FileError(
            f"{path}: the program takes {len(arguments)} arguments; a network to compare takes one,"
            " a batch of images"
        )
    first = next((p for p in module.parameters() if p.ndim == 4), None)
    float32 = called(module.float())
    return Subject(
        title=str(path),
        kind="TorchScript, run by PyTorch",
        trace=prefer(called(_loaded(str(path)).double()), float32),
        float32=float32,
        naming=Naming.NONE,
        channels=None if first is None else int(first.shape[1]),
        size=None,
        identified=None,
    )


def called(module: Any) -> Tracer:
    """The output of a program for NCHW images.

    Args:
        module: the program; its parameters have the precision in which it runs.
    """
    import torch

    like = next((p for p in module.parameters() if p.is_floating_point()), torch.zeros(0))

    def trace(images: np.ndarray) -> dict[str, np.ndarray]:
        batch = torch.from_numpy(relayout(images, "NHWC", TORCH.axes).copy()).to(like)
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            output = module(batch)
        if isinstance(output, tuple | list) and len(output) == 1:
            (output,) = output
        if not isinstance(output, torch.Tensor):
            raise ResNetError(f"the program returns a {type(output).__name__}, not one tensor")
        return {"output": to_nhwc(output.numpy(force=True), TORCH.axes)}

    return trace


def _loaded(path: str) -> Any:
    """The program in inference mode, with the precision that it was saved in."""
    try:
        TORCH.builder()
    except FrameworkError as error:
        raise CannotRunError(error.summary) from error
    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # TorchScript is deprecated
            return torch.jit.load(path, map_location="cpu").eval()
    except (RuntimeError, ValueError) as error:
        message = f"PyTorch {torch.__version__} cannot open it: {first_line(error)}"
        raise CannotRunError(message) from error
