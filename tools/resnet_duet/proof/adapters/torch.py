"""A torch module, ours or anybody's, in evaluation mode. Beside it: keras.py."""

import copy
from typing import Any

import numpy as np

from resnet_duet.frameworks import TORCH, builder
from resnet_duet.port.convert import convert, relayout
from resnet_duet.proof.adapters.naming import CANONICAL, own_name, recognised, running_order
from resnet_duet.proof.network import Known, Names, Network, Tracer, best_of, to_nhwc
from resnet_spec import ResNetSpec


def network(net: Any) -> Network:
    """Copies of the module in float64 and float32; the module itself is not touched."""
    kind = f"{type(net).__module__}.{type(net).__qualname__}"
    if isinstance(net, builder(TORCH.name).ResNet):
        return _ours(net, net.spec)
    return _theirs(net, kind)


def _ours(net: Any, spec: ResNetSpec) -> Network:
    twin = builder(TORCH.name)
    order = running_order(spec)

    def trace_of(copied: Any) -> Tracer:
        def trace(images: np.ndarray) -> dict[str, np.ndarray]:
            outputs = twin.trace(copied, relayout(images, "NHWC", TORCH.axes))
            return {name: to_nhwc(outputs[name], TORCH.axes) for name in order}

        return trace

    def weights() -> dict[str, np.ndarray]:
        wide = {name: array.astype(np.float64) for name, array in twin.read(net).items()}
        return convert(wide, spec, TORCH.dialect, CANONICAL)

    return Network(
        title="the PyTorch network",
        kind="PyTorch, built by resnet_torch",
        trace=trace_of(copy.deepcopy(net).double()),
        rounded=trace_of(copy.deepcopy(net).float()),
        names=Names.CANONICAL,
        channels=spec.in_channels,
        size=None,
        known=Known(spec, weights),
    )


def _theirs(net: Any, kind: str) -> Network:
    arrays = {
        name: tensor.numpy(force=True)
        for name, tensor in net.state_dict().items()
        if tensor.is_floating_point()
    }
    known, names = recognised(arrays, {})
    first = next(net.parameters(), None)
    rounded = _hooked(copy.deepcopy(net).float().eval(), names)
    return Network(
        title=f"the module {kind}",
        kind="PyTorch module",
        trace=best_of(_hooked(copy.deepcopy(net).double().eval(), names), rounded),
        rounded=rounded,
        names=Names.SOME if names else Names.OWN,
        channels=known.spec.in_channels if known else _channels(first),
        size=None,
        known=known,
    )


def _channels(kernel: Any) -> int | None:
    """Channels of the images, if the first parameter is an ungrouped convolution's kernel."""
    return int(kernel.shape[1]) if kernel is not None and kernel.ndim == 4 else None


def _hooked(net: Any, names: dict[str, str]) -> Tracer:
    """The output of every module, by its canonical name where it has one, then the network's."""
    import torch

    like = next((p for p in net.parameters() if p.is_floating_point()), torch.zeros(0))

    def trace(images: np.ndarray) -> dict[str, np.ndarray]:
        outputs: dict[str, np.ndarray] = {}

        def record(name: str) -> Any:
            def hook(module: Any, inputs: Any, output: Any) -> None:
                if isinstance(output, torch.Tensor) and output.ndim in (2, 4):
                    # A copy, since what follows may work in place.
                    outputs[name] = to_nhwc(output.numpy(force=True).copy(), TORCH.axes)

            return hook

        hooks = [
            module.register_forward_hook(record(names.get(name, own_name(name))))
            for name, module in net.named_modules()
            if name
        ]
        try:
            with torch.no_grad():
                given = torch.from_numpy(relayout(images, "NHWC", TORCH.axes).copy())
                output = net(given.to(like))
        finally:
            for hook in hooks:
                hook.remove()
        return outputs | {"output": to_nhwc(output.numpy(force=True), TORCH.axes)}

    return trace
