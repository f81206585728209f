"""keras.applications, ResNet and ResNetV2: `conv2_block1_1_conv`, `conv2_block1_0_bn`."""

from collections.abc import Iterable, Iterator

from resnet_duet.port.dialect import KERAS, Dialect
from resnet_spec import Bias, Plan, ResNetSpec
from resnet_spec.layers import Block, Conv, Layer, Norm

Pairs = Iterator[tuple[str, str]]


def layer_names(plan: Plan) -> dict[str, str]:
    """Stages count from conv2, blocks from block1, a block's convolutions from 1, shortcut 0."""
    names = {"conv1": "conv1_conv", "bn1": "conv1_bn", "norm": "post_bn", "fc": "predictions"}
    for number, stage in enumerate(plan.stages, start=2):
        for position, block in enumerate(stage.blocks, start=1):
            names |= _block(block, f"conv{number}_block{position}")
    return names


def _block(block: Block, prefix: str) -> dict[str, str]:
    return dict(
        [
            *(
                (layer.name, f"{prefix}_preact_bn")
                for layer in block.pre
                if isinstance(layer, Norm)
            ),
            *_numbered(block.branch, prefix, 1),
            *_numbered(block.shortcut or (), prefix, 0),
        ]
    )


def _numbered(layers: Iterable[Layer], prefix: str, first: int) -> Pairs:
    """A convolution and the norm behind it share a number."""
    number = first - 1
    for layer in layers:
        match layer:
            case Conv():
                number += 1
                yield layer.name, f"{prefix}_{number}_conv"
            case Norm():
                yield layer.name, f"{prefix}_{number}_bn"


def builds(spec: ResNetSpec) -> bool:
    """All of them have biases, which no other network of the zoo shares."""
    return spec.bias is not Bias.NEVER


DIALECT = Dialect("keras_applications", KERAS, layer_names, builds)
