"""PyTorch. Our builder is resnet_torch."""

from resnet_duet.frameworks.framework import Framework

TORCH = Framework(
    name="torch",
    title="PyTorch",
    package="resnet_torch",
    requires=("torch",),
    extra="torch",
    model_package="torch",
    dialect="torchvision",
    axes="NCHW",
)
