"""Every difference: one small file each, and a row here."""

from difflib import get_close_matches

from resnet_duet.differences import (
    average_pool_border,
    biased_variance,
    channel_order,
    convolution_bias,
    dense_layout,
    dilation,
    final_norm,
    flatten_order,
    float32_arithmetic,
    grouped_kernels,
    half_precision,
    image_layout,
    image_mean,
    image_scale,
    image_sides,
    initial_distribution,
    kernel_flip,
    kernel_layout,
    kernel_sides,
    label_smoothing,
    loss_logits,
    loss_reduction,
    lost_statistics,
    missing_shortcut,
    nesterov,
    norm_decay,
    norm_eps,
    norm_order,
    pool_border,
    projection_input,
    relu_position,
    resize,
    rounded_images,
    same_convolution,
    same_pool,
    sgd_momentum,
    shortcut_pool,
    softmax,
    stride_block,
    stride_in_1x1,
    swapped_statistics,
    training_mode,
    weight_decay,
    zero_pad_sides,
)
from resnet_duet.experiments.difference import Difference
from resnet_spec import ResNetError

# In the order in which they are told.
MODULES = (
    image_layout,
    image_sides,
    kernel_layout,
    kernel_sides,
    kernel_flip,
    grouped_kernels,
    dense_layout,
    flatten_order,
    same_convolution,
    same_pool,
    pool_border,
    average_pool_border,
    norm_eps,
    lost_statistics,
    swapped_statistics,
    norm_order,
    training_mode,
    norm_decay,
    biased_variance,
    convolution_bias,
    stride_in_1x1,
    stride_block,
    dilation,
    shortcut_pool,
    zero_pad_sides,
    missing_shortcut,
    projection_input,
    relu_position,
    final_norm,
    softmax,
    rounded_images,
    float32_arithmetic,
    half_precision,
    initial_distribution,
    weight_decay,
    sgd_momentum,
    nesterov,
    label_smoothing,
    loss_reduction,
    loss_logits,
    channel_order,
    image_scale,
    image_mean,
    resize,
)

DIFFERENCES: dict[str, Difference] = {
    module.DIFFERENCE.name: module.DIFFERENCE for module in MODULES
}


def difference(name: str) -> Difference:
    """The difference of this name. Raises ResNetError: there is none; the nearest ones are told."""
    if name not in DIFFERENCES:
        near = get_close_matches(name, DIFFERENCES, n=3, cutoff=0.5)
        hint = f"did you mean {', '.join(near)}?" if near else "resnet-duet differences lists them"
        raise ResNetError(f"there is no difference {name!r}; {hint}")
    return DIFFERENCES[name]
