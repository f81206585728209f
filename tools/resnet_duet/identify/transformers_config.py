"""The configuration of transformers' ResNet: `transformers.ResNetConfig`.

Source: transformers, models/resnet/configuration_resnet.py and modeling_resnet.py. The code fixes
every choice that the configuration does not have: the stem's 7x7 convolution with stride 2 and its
max-pool, symmetric padding, projections where the shape changes, an epsilon of 1e-5.
"""

from collections.abc import Mapping
from typing import Any

from resnet_spec import BlockKind, ResNetSpec, SpecError, Stem

MODEL_TYPE = "resnet"
DEFAULTS: Mapping[str, Any] = {
    "num_channels": 3,
    "embedding_size": 64,
    "hidden_sizes": [256, 512, 1024, 2048],
    "depths": [3, 4, 6, 3],
    "layer_type": "bottleneck",
    "hidden_act": "relu",
    "downsample_in_first_stage": False,
    "downsample_in_bottleneck": False,
}
BLOCKS = {"basic": BlockKind.BASIC, "bottleneck": BlockKind.BOTTLENECK}


def spec_of(config: Mapping[str, Any]) -> ResNetSpec:
    """The network of a configuration, with 1000 classes.

    Raises:
        SpecError: a network outside this family, or an invalid value.
    """
    chosen = {name: config.get(name, default) for name, default in DEFAULTS.items()}
    errors = list(_outside(config, chosen))
    if errors:
        raise SpecError(errors)
    block = BLOCKS[chosen["layer_type"]]
    sizes = chosen["hidden_sizes"]
    return ResNetSpec(
        block=block,
        depths=chosen["depths"],
        widths=tuple(size // block.expansion for size in sizes),
        stem=Stem(channels=(chosen["embedding_size"],)),
        stride_in_1x1=chosen["downsample_in_bottleneck"] and block is BlockKind.BOTTLENECK,
        in_channels=chosen["num_channels"],
    )


def _outside(config: Mapping[str, Any], chosen: Mapping[str, Any]) -> list[str]:
    """Why the network is outside this family; [] if it is not."""
    errors = []
    if "auto_map" in config:
        errors.append("auto_map names code of its own repository")
    if chosen["layer_type"] not in list(BLOCKS):
        errors.append(f"layer_type is {chosen['layer_type']!r}; this family has {list(BLOCKS)}")
    if chosen["hidden_act"] != "relu":
        errors.append(f"hidden_act is {chosen['hidden_act']!r}; this family has 'relu'")
    if chosen["downsample_in_first_stage"] is not False:
        errors.append("downsample_in_first_stage: in this family the first stage does not stride")
    if not isinstance(chosen["downsample_in_bottleneck"], bool):
        errors.append("downsample_in_bottleneck must be true or false")
    sizes = chosen["hidden_sizes"]
    if not isinstance(sizes, list) or not all(type(size) is int for size in sizes):
        errors.append("hidden_sizes must be a list of integers")
    elif chosen["layer_type"] == "bottleneck" and any(size % 4 for size in sizes):
        errors.append(f"hidden_sizes are {sizes}; those of bottlenecks must be multiples of 4")
    return errors


def classes_of(config: Mapping[str, Any]) -> int | None:
    """Number of classes of the classifier; None if the configuration does not show it."""
    labels = config.get("id2label")
    return len(labels) if isinstance(labels, Mapping) and labels else None
