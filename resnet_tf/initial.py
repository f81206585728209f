"""Initial weights: He's normal distribution by fan-out. Counterpart: resnet_torch/initial.py."""

import keras


def he_fan_out() -> keras.initializers.Initializer:
    """PyTorch's `kaiming_normal_(mode="fan_out")`. Keras' HeNormal is truncated and by fan-in."""
    return keras.initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal")


def fc_initial(in_features: int) -> keras.initializers.Initializer:
    """PyTorch's default for a Linear: uniform in +-1/sqrt(fan_in), for kernel and bias.

    Args:
        in_features: the layer's fan_in.
    """
    limit = in_features**-0.5
    return keras.initializers.RandomUniform(-limit, limit)
