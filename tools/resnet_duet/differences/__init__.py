"""The registry of differences between the frameworks: one folder each, listed here by name."""

from difflib import get_close_matches
from importlib import import_module
from pathlib import Path

from resnet_duet.differences.difference import Difference
from resnet_spec import ResNetError

# In the order of the book, by category.
NAMES = (
    "image_layout",
    "image_sides",
    "kernel_layout",
    "kernel_sides",
    "kernel_flip",
    "grouped_kernels",
    "dense_layout",
    "flatten_order",
    "same_convolution",
    "same_pool",
    "pool_border",
    "average_pool_border",
    "norm_eps",
    "lost_statistics",
    "swapped_statistics",
    "norm_order",
    "training_mode",
    "norm_decay",
    "biased_variance",
    "convolution_bias",
    "stride_in_1x1",
    "stride_block",
    "dilation",
    "shortcut_pool",
    "zero_pad_sides",
    "missing_shortcut",
    "projection_input",
    "relu_position",
    "final_norm",
    "softmax",
    "rounded_images",
    "float32_arithmetic",
    "half_precision",
    "initial_distribution",
    "weight_decay",
    "sgd_momentum",
    "nesterov",
    "label_smoothing",
    "loss_reduction",
    "loss_logits",
    "channel_order",
    "image_scale",
    "image_mean",
    "resize",
)

LIST = "`resnet-duet differences` lists them"
FOLDER = Path(__file__).parent

DIFFERENCES: dict[str, Difference] = {
    name: import_module(f"{__name__}.{name}.mistakes").DIFFERENCE for name in NAMES
}


def difference(name: str) -> Difference:
    """Return the difference with this name.

    Args:
        name: one of `NAMES`, as "norm_eps".

    Raises:
        ResNetError: there is no such difference. The message suggests similar names.
    """
    if name not in DIFFERENCES:
        similar = get_close_matches(name, DIFFERENCES, n=3, cutoff=0.5)
        hint = f"did you mean {', '.join(similar)}?" if similar else LIST
        raise ResNetError(f"unknown difference {name!r}; {hint}")
    return DIFFERENCES[name]
