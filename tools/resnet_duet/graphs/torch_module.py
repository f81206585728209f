"""Reads the graph of a live PyTorch module."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from resnet_duet.graphs.errors import GraphError
from resnet_duet.graphs.operations import Graph
from resnet_duet.graphs.torch_sizes import Reading, join
from resnet_duet.graphs.torch_trace import BATCH, Recorder, run
from resnet_duet.weights.arrays import Arrays, Entry, named_dtype

if TYPE_CHECKING:
    import torch
    from torch import nn

# Image sizes, (height, width), at which a module is read: even and odd, so that TensorFlow's `same`
# padding can be seen; wide and high; small and large. A module that does not take all of
# them is read at squares, of which it may take one only.
ANY_SIZE = ((64, 96), (65, 97), (320, 224))
SQUARES = ((32, 32), (64, 64), (224, 224))
OTHER_SQUARES = ((28, 28), (96, 96), (128, 128), (256, 256), (299, 299))


def read(module: nn.Module) -> tuple[Graph, Arrays]:
    """The network that a module computes in evaluation, and its arrays.

    A copy of the module without values runs on images without values, so nothing is computed and
    the module is not changed.

    Args:
        module: from images (N, C, H, W), in evaluation or training mode, on any device.

    Returns:
        The graph, and the arrays under the names of the module's state_dict. They are read from
        the module when they are used.

    Raises:
        GraphError: the module does not run, or its code depends on the values of the image.

    Example:
        >>> graph, arrays = read(torchvision.models.resnet18())
    """
    import torch
    from torch._subclasses.fake_tensor import FakeTensorMode

    tensors = _tensors(module)
    mode = FakeTensorMode(allow_non_fake_inputs=True)
    fakes, forward = tensors, module
    if isinstance(module, torch.jit.ScriptModule):
        hooks: Callable[[Recorder], None] = _no_places
    else:
        fakes = {name: mode.from_tensor(tensor) for name, tensor in tensors.items()}
        forward = _copy(module, {id(tensors[name]): fakes[name] for name in tensors})
        hooks = _places(forward)
    names = {id(tensor): name for name, tensor in reversed(fakes.items())}
    constants: dict[str, torch.Tensor] = {}

    def read_at(size: tuple[int, int], channels: int) -> Reading:
        first = next((t for t in tensors.values() if t.is_floating_point()), torch.empty(0))
        with mode:
            image = torch.empty(BATCH, channels, *size, dtype=first.dtype, device=first.device)
        recorder = Recorder(names, image)
        hooks(recorder)
        output = run(getattr(forward, "_orig_mod", forward), image, mode, recorder)
        constants.update(recorder.constants)
        return recorder.finish(output)

    sizes, readings = _readings(read_at, _channels(module, tensors))
    entries = {name: entry_of(tensor) for name, tensor in {**tensors, **constants}.items()}
    text = ", ".join(f"{height}x{width}" for height, width in sizes)
    return join(f"PyTorch module, run at {text}", readings), Arrays(entries)


def _readings(
    read_at: Callable[[tuple[int, int], int], Reading], channels: int
) -> tuple[list[tuple[int, int]], list[Reading]]:
    """The image sizes at which the module runs, and what it computes at each."""
    problems = []
    for sizes in (ANY_SIZE, SQUARES, OTHER_SQUARES):
        found = {}
        for size in sizes:
            try:
                found[size] = read_at(size, channels)
            except Exception as error:  # whatever the module's own code raises
                problems.append((size, error))
        if found and (sizes is not ANY_SIZE or len(found) == len(sizes)):
            return list(found), list(found.values())
    lines = [f"{h}x{w}: {type(error).__name__}: {first_line(error)}" for (h, w), error in problems]
    raise GraphError("the module does not run on images without values:", lines) from problems[0][1]


def _copy(module: nn.Module, memo: dict[int, Any]) -> nn.Module:
    """The module in evaluation, with fake tensors for its own."""
    try:
        net = copy.deepcopy(module, memo)
    except Exception as error:  # whatever the module's own code raises
        raise GraphError(f"the module cannot be copied: {error}") from error
    for part in net.modules():
        part.training = False
        if _is_frozen_norm(part):
            part.forward = _frozen_norm(part)
    return net


def _is_frozen_norm(module: nn.Module) -> bool:
    """Whether this is torchvision's FrozenBatchNorm2d, which computes a norm by hand."""
    kind = type(module)
    return (kind.__module__, kind.__name__) == ("torchvision.ops.misc", "FrozenBatchNorm2d")


def _frozen_norm(norm: Any) -> Callable[[torch.Tensor], torch.Tensor]:
    """The same function, as one call of the operator."""
    from torch.nn import functional as F

    def forward(x: torch.Tensor) -> torch.Tensor:
        arrays = (norm.running_mean, norm.running_var, norm.weight, norm.bias)
        return F.batch_norm(x, *arrays, training=False, momentum=0.0, eps=norm.eps)

    return forward


def _no_places(recorder: Recorder) -> None:
    """A TorchScript module has no paths."""


def _places(net: nn.Module) -> Callable[[Recorder], None]:
    """Adds hooks that report to a recorder which module runs."""
    current: list[Recorder] = []

    def begin(path: str) -> Callable[..., None]:
        return lambda module, arguments: current[-1].places.append(path)

    def end(path: str) -> Callable[..., None]:
        def hook(module: nn.Module, arguments: tuple[Any, ...], output: Any) -> None:
            places = current[-1].places
            if places and places[-1] == path:
                places.pop()
            if _returns_input(module, arguments, output):
                text = f"{type(module).__name__}({module.extra_repr()})"
                places.append(path)
                current[-1].record_identity(text, output)
                places.pop()

        return hook

    for path, module in net.named_modules():
        module.register_forward_pre_hook(begin(path))
        module.register_forward_hook(end(path))
    return current.append


def _returns_input(module: nn.Module, arguments: tuple[Any, ...], output: Any) -> bool:
    """Whether a module without weights gives its input back, other than `nn.Identity`.

    An operation in place also returns its input, but changes it: only dropouts are taken.
    """
    kinds = ("Drop", "StochasticDepth")
    named = type(module).__name__.startswith(kinds)
    return named and len(arguments) > 0 and output is arguments[0]


def _channels(module: nn.Module, tensors: Mapping[str, torch.Tensor]) -> int:
    """The channels of the image: those of the first convolution, or of the first kernel."""
    convolutions = (part for part in module.modules() if hasattr(part, "in_channels"))
    kernels = (tensor.shape[1] for tensor in tensors.values() if tensor.ndim == 4)
    found = (*(part.in_channels for part in convolutions), *kernels, 3)
    return next(channels for channels in found if isinstance(channels, int))


def _tensors(module: nn.Module) -> dict[str, torch.Tensor]:
    """{name: tensor} of the state_dict, and of buffers that it leaves out."""
    import torch

    state = module.state_dict(keep_vars=True)
    further = {name: t for name, t in module.named_buffers() if name not in state}
    named = {**state, **further}
    return {name: t for name, t in named.items() if isinstance(t, torch.Tensor)}


def first_line(error: Exception) -> str:
    """The first line of an error's text."""
    return str(error).strip().partition("\n")[0]


def entry_of(tensor: torch.Tensor) -> Entry:
    """The tensor as an array that is read when it is used."""
    import torch

    dtype = named_dtype(str(tensor.dtype).removeprefix("torch."))

    def values() -> np.ndarray:
        if tensor.dtype == torch.bfloat16:
            bits: np.ndarray = tensor.detach().cpu().contiguous().view(torch.int16).numpy()
            return bits.view(dtype)
        return tensor.numpy(force=True)

    return Entry(tuple(tensor.shape), dtype, values)
