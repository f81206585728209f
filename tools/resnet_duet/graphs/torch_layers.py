"""PyTorch's operators with weights, as kinds of operations.

The functions have the parameters of PyTorch's operators (`torch.ops.aten`) and their defaults. An
operator called with other arguments is `Foreign`.
"""

from collections.abc import Sequence
from decimal import Decimal

from resnet_duet.graphs.operations import (
    AnyWeight,
    BatchNorm,
    Convolution,
    Filled,
    FullyConnected,
    Pads,
    Pair,
)
from resnet_duet.graphs.torch_values import Made, Map, Stored, UnknownCallError, Value
from resnet_spec.layers import Role

Sizes = Sequence[int] | int


def feature_map(value: object, rank: int) -> Map:
    """The value, which must be the output of an operation with this number of axes."""
    if not isinstance(value, Map):
        raise UnknownCallError("an operation on arrays instead of a feature map")
    if len(value.shape) != rank:
        raise UnknownCallError(
            f"an operation on a tensor with {len(value.shape)} axes instead of {rank}"
        )
    return value


def pair(sizes: object) -> Pair:
    """(height, width) of an argument that may be one number for both."""
    match sizes:
        case bool():
            pass
        case int(both) | [int(both)]:
            return both, both
        case [int(height), int(width)]:
            return height, width
    raise UnknownCallError(f"an operation with the size {sizes}")


def symmetric(sizes: object) -> Pads:
    """The pads of an argument `padding`, which adds the same number before and after."""
    height, width = pair(sizes)
    return Pads(height, height, width, width)


def array(value: object, axes: str) -> "AnyWeight":
    """The array of the file that an argument is."""
    if not isinstance(value, Stored):
        raise UnknownCallError("a layer whose weights are computed")
    return value.weight(axes)


def kernel(value: object, axes: str) -> "Stored":
    """The kernel, which must be an array of the file."""
    array(value, axes)
    assert isinstance(value, Stored)
    return value


def conv2d(
    input: Value,
    weight: Value,
    bias: Value | None = None,
    stride: Sizes = 1,
    padding: Sizes | str = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Made:
    """`conv2d`, with numbers or "valid" or "same" as padding."""
    kept = kernel(weight, "OIHW").weight("OIHW")
    dilations = pair(dilation)
    match padding:
        case "valid":
            pads = Pads(0, 0, 0, 0)
        case "same":
            pads = _same_without_stride(kept.shape[2:], pair(stride), dilations)
        case _:
            pads = symmetric(padding)
    offset = None if bias is None else kernel(bias, "O").weight("O")
    kind = Convolution(kept, offset, pair(stride), dilations, groups, pads)
    return Made(kind, (feature_map(input, 4),))


def _same_without_stride(sizes: Sequence[int], strides: Pair, dilations: Pair) -> Pads:
    """PyTorch's padding="same": it needs stride 1, and puts an odd zero after the pixels."""
    if strides != (1, 1):
        raise UnknownCallError('a convolution with a stride and padding="same"')
    height, width = (d * (n - 1) for n, d in zip(sizes, dilations, strict=True))
    return Pads(height // 2, height - height // 2, width // 2, width - width // 2)


def convolution(
    input: Value,
    weight: Value,
    bias: Value | None,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    transposed: bool,
    output_padding: Sizes,
    groups: int,
    **switches: bool,
) -> Made:
    """`convolution` and `_convolution`, whose further arguments choose among implementations."""
    if transposed:
        raise UnknownCallError("transposed convolution", "a convolution")
    known = {"benchmark", "deterministic", "cudnn_enabled", "allow_tf32"}
    if set(switches) - known or pair(output_padding) != (0, 0):
        raise UnknownCallError("a convolution with output_padding")
    return conv2d(input, weight, bias, stride, padding, dilation, groups)


def batch_norm(
    input: Value,
    weight: Value | None,
    bias: Value | None,
    running_mean: Value | None,
    running_var: Value | None,
    training: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool = True,
) -> Made:
    """`batch_norm` and `native_batch_norm`."""
    image = feature_map(input, 4)
    if training or running_mean is None or running_var is None:
        raise UnknownCallError("BatchNorm with the statistics of the batch", "running statistics")
    shape = (image.shape[1],)
    weights: dict[Role, AnyWeight] = {
        Role.SCALE: Filled(1, "C", shape) if weight is None else array(weight, "C"),
        Role.OFFSET: Filled(0, "C", shape) if bias is None else array(bias, "C"),
        Role.MEAN: array(running_mean, "C"),
        Role.VAR: array(running_var, "C"),
    }
    decay = float(1 - Decimal(str(momentum))) if momentum else None  # 0: momentum=None, or frozen
    return Made(BatchNorm(weights, eps, decay), (image,))


def inference_batch_norm(
    input: Value,
    weight: Value | None,
    bias: Value | None,
    running_mean: Value,
    running_var: Value,
    momentum: float,
    eps: float,
) -> Made:
    """`_native_batch_norm_legit_no_training`."""
    return batch_norm(input, weight, bias, running_mean, running_var, False, momentum, eps)


def cudnn_batch_norm(
    input: Value,
    weight: Value,
    bias: Value | None,
    running_mean: Value | None,
    running_var: Value | None,
    training: bool,
    exponential_average_factor: float,
    epsilon: float,
) -> Made:
    """`cudnn_batch_norm` and `miopen_batch_norm`."""
    momentum, eps = exponential_average_factor, epsilon
    return batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps)


def linear(input: Value, weight: Value, bias: Value | None = None) -> Made:
    """`linear`: the matrix has the axes (O, I)."""
    matrix = kernel(weight, "OI").weight("OI")
    offset = None if bias is None else kernel(bias, "O").weight("O")
    return Made(FullyConnected(matrix, offset), (feature_map(input, 2),))


def addmm(self: Value, mat1: Value, mat2: Value, beta: float = 1, alpha: float = 1) -> Made:
    """`addmm(bias, x, matrix)`: the matrix has the axes (I, O)."""
    if (beta, alpha) != (1, 1):
        raise UnknownCallError(f"addmm with beta={beta} and alpha={alpha}")
    product = mm(mat1, mat2)
    assert isinstance(product.kind, FullyConnected)
    return Made(FullyConnected(product.kind.kernel, kernel(self, "O").weight("O")), product.inputs)


def mm(self: Value, mat2: Value) -> Made:
    """`mm(x, matrix)`: the matrix has the axes (I, O)."""
    matrix = kernel(mat2, "IO").weight("IO")
    return Made(FullyConnected(matrix, None), (feature_map(self, 2),))
