"""Records what a PyTorch module calls, by running it on images without values.

PyTorch's FakeTensors have shapes and no values, so nothing is computed, and code that depends on
values is refused instead of followed on one of its ways.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from resnet_duet.graphs.torch_program import Program
from resnet_duet.graphs.torch_sizes import Reading
from resnet_duet.graphs.torch_values import Call, Reference, Stored
from resnet_duet.weights.arrays import Shape

if TYPE_CHECKING:
    import torch
    from torch._subclasses.fake_tensor import FakeTensorMode

BATCH = 2  # images; with one, `squeeze` would also drop the batch axis


class Recorder:
    """The program of one run.

    Attributes:
        constants: {name: tensor} of the tensors that the code uses and that have no name.
    """

    def __init__(self, names: Mapping[int, str], image: torch.Tensor):
        self.constants: dict[str, torch.Tensor] = {}
        self.places: list[str] = []  # paths of the modules that run now
        self._names = names
        self._kept: list[torch.Tensor] = [image]  # so that each tensor's id remains its own
        self._program = Program(id(image), tuple(image.shape))

    def record(self, operator: str, arguments: Mapping[str, Any], result: Any) -> None:
        """Add a call and its result."""
        outputs = tuple((self._keep(t), tuple(t.shape)) for t in _tensors(result))
        if outputs:
            place = self.places[-1] if self.places else ""
            described = {name: self._describe(value) for name, value in arguments.items()}
            self._program.add(Call(operator, described, outputs, place))

    def finish(self, output: object) -> Reading:
        """The operations that the output of the module needs."""
        from torch.utils import _pytree

        tensors = _tensors(_pytree.tree_leaves(output))
        return self._program.finish([self._key(tensor) for tensor in tensors])

    def record_identity(self, reason: str, output: torch.Tensor) -> None:
        """Add a module that returns its input."""
        self.record("identity", {"self": output, "reason": reason}, output)

    def _keep(self, tensor: torch.Tensor) -> int:
        self._kept.append(tensor)
        return id(tensor)

    def _describe(self, value: Any) -> Any:
        import torch

        match value:
            case torch.Tensor():
                return Reference(self._key(value))
            case list() | tuple():
                return [self._describe(item) for item in value]
        return value

    def _key(self, tensor: torch.Tensor) -> Hashable:
        """The key of a tensor; an unknown one is an array."""
        key = id(tensor)
        if key not in self._program:
            name = self._names.get(key)
            if name is None:
                name = f"constant_{len(self.constants)}"
                self.constants[name] = tensor
            shape: Shape = tuple(tensor.shape)
            self._program.define(self._keep(tensor), Stored(name, shape, shape))
        return key


def run(
    forward: Callable[[Any], Any], image: torch.Tensor, mode: FakeTensorMode, recorder: Recorder
) -> Any:
    """Run the module on an image without values, and record what it calls."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes

    class Recording(TorchDispatchMode):  # type: ignore[no-untyped-call]
        def __torch_dispatch__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            if func is torch.ops.aten.equal.default and not _has_fakes(args):
                with _disable_current_modes():  # TorchScript compares its constants
                    return func(*args)
            result = func(*args, **(kwargs or {}))
            if func._schema.is_mutable and not _tensors(result):  # such as _foreach_mul_
                for tensor in _tensors([*args, *(kwargs or {}).values()]):
                    recorder.record(func._schema.name + "_", {"self": tensor}, tensor)
                return result
            if func.namespace == "aten":
                names = [argument.name for argument in func._schema.arguments]
                arguments = dict(zip(names, args, strict=False)) | (kwargs or {})
                operator = func._schema.name.partition("::")[2]
                if operator in ("_to_copy", "clone") and _same_type(args[0], result):
                    operator, arguments = "clone", {"self": args[0]}
                recorder.record(operator, arguments, result)
            elif _tensors(result):
                recorder.record(func._schema.name, {"self": list(args)}, result)
            return result

    with _quiet(), torch.no_grad(), mode, Recording():  # type: ignore[no-untyped-call]
        return forward(image)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without PyTorch's log of a call that fails: the error itself is reported."""
    logger = logging.getLogger("torch._subclasses.fake_tensor")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


def _has_fakes(args: Any) -> bool:
    from torch._subclasses.fake_tensor import FakeTensor

    return any(isinstance(tensor, FakeTensor) for tensor in _tensors(args))


def _tensors(value: Any) -> list[torch.Tensor]:
    import torch

    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, list | tuple):
        return [tensor for item in value for tensor in _tensors(item)]
    return []


def _same_type(before: torch.Tensor, after: torch.Tensor) -> bool:
    return before.dtype == after.dtype
