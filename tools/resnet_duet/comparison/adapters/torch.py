"""A torch module, of `resnet_torch` or of a user, in evaluation mode. keras.py corresponds."""

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from resnet_duet.comparison.naming import custom_name, identified, recognise
from resnet_duet.comparison.subject import Naming, Subject, Tracer, prefer
from resnet_duet.frameworks import TORCH
from resnet_duet.identify.live import checkpoint_of
from resnet_duet.weights.convert import relayout, to_nhwc

if TYPE_CHECKING:
    import torch


GLOBAL_POOL = "avgpool"  # the canonical name of the global pool


def subject(net: "torch.nn.Module") -> Subject:
    """Copies of a module in float64 and float32. The module itself is not changed."""
    return _from_builder(net) if isinstance(net, TORCH.builder().ResNet) else _from_user(net)


def _from_builder(net: Any) -> Subject:
    def trace_of(copied: Any) -> Tracer:
        return lambda images: TORCH.trace(copied, images)

    return Subject(
        title="the PyTorch network",
        kind="PyTorch, built by resnet_torch",
        trace=trace_of(copy.deepcopy(net).double()),
        float32=trace_of(copy.deepcopy(net).float()),
        naming=Naming.FULL,
        channels=net.spec.in_channels,
        size=None,
        identified=identified(lambda: TORCH.read(net), net.spec, TORCH.dialect),
    )


def _from_user(net: "torch.nn.Module") -> Subject:
    checkpoint, _ = checkpoint_of(net)
    known, names = recognise(checkpoint)
    # A graph names an operation in the forward of a module, such as F.relu, after that module.
    parents = {name for name, module in net.named_modules() if list(module.children())}
    names = {own: name for own, name in names.items() if own == name or own not in parents}
    float32 = _hooked(copy.deepcopy(net).float().eval(), names)
    return Subject(
        title=f"the module {type(net).__module__}.{type(net).__qualname__}",
        kind="PyTorch module",
        trace=prefer(_hooked(copy.deepcopy(net).double().eval(), names), float32),
        float32=float32,
        naming=Naming.PARTIAL if names else Naming.NONE,
        channels=known.spec.in_channels if known else _channels(net),
        size=None,
        identified=known,
    )


def _channels(net: "torch.nn.Module") -> int | None:
    """Channels of the images, if the first parameter is an ungrouped convolution's kernel."""
    first = next(net.parameters(), None)
    return int(first.shape[1]) if first is not None and first.ndim == 4 else None


def _hooked(net: "torch.nn.Module", names: dict[str, str]) -> Tracer:
    """The output of every module, by its canonical name where it has one, then the network's."""
    import torch

    like = next((p for p in net.parameters() if p.is_floating_point()), torch.zeros(0))

    def trace(images: np.ndarray) -> dict[str, np.ndarray]:
        outputs: dict[str, np.ndarray] = {}

        def record(name: str, only_first: bool) -> Callable[[Any, Any, Any], None]:
            def hook(module: Any, inputs: Any, output: Any) -> None:
                if only_first and name in outputs:
                    return  # a shared ReLU has its name in the graph from its first call
                if isinstance(output, torch.Tensor) and output.ndim in (2, 4):
                    if name == GLOBAL_POOL:  # whether or not it keeps the axes of size 1
                        output = output.flatten(1)
                    # A copy, since the next layer may work in place.
                    outputs[name] = to_nhwc(output.numpy(force=True).copy(), TORCH.axes)

            return hook

        # A function in a composite module has the module's name in the graph, not its output.
        known = {
            name: names[name]
            for name, module in net.named_modules()
            if name in names and not any(module.children())
        }
        hooks = [
            module.register_forward_hook(
                record(known.get(name, custom_name(name)), only_first=name in known)
            )
            for name, module in net.named_modules()
            if name
        ]
        try:
            with torch.no_grad():
                batch = torch.from_numpy(relayout(images, "NHWC", TORCH.axes).copy())
                output = net(batch.to(like))
        finally:
            for handle in hooks:
                handle.remove()
        return outputs | {"output": to_nhwc(output.numpy(force=True), TORCH.axes)}

    return trace
