"""The configuration of timm's ResNets: the file that `timm.models.push_to_hf_hub` writes.

Source: timm, models/_hub.py (`save_config_for_hf`), models/resnet.py and models/resnetv2.py.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from resnet_spec import ResNetSpec, SpecError, Stem
from resnet_spec.rules import override
from resnet_spec.zoo import ZOO

ANTI_ALIASED = ("resnetaa", "resnetblur")  # how the names of such networks start
SAME_NAMES = (
    "resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "resnext50_32x4d",
    "resnext101_32x8d", "resnext101_64x4d", "wide_resnet50_2", "wide_resnet101_2", "resnet50c",
    "resnet18d", "resnet34d", "resnet50d", "resnet101d", "resnet152d", "resnet200d",
)  # fmt: skip
V2_NAMES = ("18", "34", "50", "101", "152")

_18, _50, _101, _152 = (ZOO[f"resnet{depth}"] for depth in (18, 50, 101, 152))
_50C, _18D, _50D, _200D = (ZOO[f"resnet{name}"] for name in ("50c", "18d", "50d", "200d"))
_TIERED = Stem(channels=(24, 32, 64), kernel=3)
_WIDE_STEM = Stem(channels=(64, 64, 128), kernel=3)
_D: Mapping[str, Any] = {"stem": _50D.stem, "shortcut": _50D.shortcut}
_50S = replace(_50C, stem=_WIDE_STEM)

ARCHITECTURES: Mapping[str, ResNetSpec] = {
    **{name: ZOO[name] for name in SAME_NAMES},
    **{f"resnetv2_{name}": ZOO[f"preresnet{name}"] for name in V2_NAMES},
    **{f"resnetv2_{name}d": replace(ZOO[f"preresnet{name}"], **_D) for name in V2_NAMES},
    "resnetv2_50t": replace(ZOO["preresnet50"], stem=_TIERED, shortcut=_50D.shortcut),
    "resnet10t": replace(_18D, depths=(1, 1, 1, 1), stem=_TIERED),
    "resnet14t": replace(_50D, depths=(1, 1, 1, 1), stem=_TIERED),
    "resnet26": replace(_50, depths=(2, 2, 2, 2)),
    "resnet26d": replace(_50D, depths=(2, 2, 2, 2)),
    "resnet26t": replace(_50D, depths=(2, 2, 2, 2), stem=_TIERED),
    "resnet50t": replace(_50D, stem=_TIERED),
    "resnet101c": replace(_50C, depths=_101.depths),
    "resnet152c": replace(_50C, depths=_152.depths),
    "resnet50s": _50S,
    "resnet101s": replace(_50S, depths=_101.depths),
    "resnet152s": replace(_50S, depths=_152.depths),
    "resnet200": replace(_50, depths=_200D.depths),
    "resnext50d_32x4d": replace(ZOO["resnext50_32x4d"], **_D),
    "resnext101_32x4d": replace(_101, groups=32, width_per_group=4),
    "resnext101_32x16d": replace(_101, groups=32, width_per_group=16),
    "resnext101_32x32d": replace(_101, groups=32, width_per_group=32),
}
IDENTITY_IN_INFERENCE = ("drop_rate", "drop_path_rate", "drop_block_rate", "zero_init_last")
DEFAULT_STRIDE = 32  # without dilation


def spec_of(config: Mapping[str, Any]) -> ResNetSpec | None:
    """The network of a configuration, with 1000 classes; None if its architecture is not known.

    Raises:
        SpecError: a network outside this family, or an argument that is not known.
    """
    name, arguments = config["architecture"], arguments_of(config)
    if name.startswith(ANTI_ALIASED):
        raise SpecError([f"{name} has anti-aliasing filters; this family has none"])
    if name not in ARCHITECTURES:
        return None
    choices: dict[str, object] = {}
    errors = []
    for argument, value in arguments.items():
        if argument == "output_stride":
            choices["output_stride"] = None if value == DEFAULT_STRIDE else value
        elif argument == "in_chans":
            choices["in_channels"] = value
        elif argument not in (*IDENTITY_IN_INFERENCE, "num_classes", "global_pool"):
            errors.append(f"model_args has {argument}={value!r}, which is not supported")
    pool = arguments.get("global_pool", config.get("global_pool", "avg"))
    if pool != "avg" and config.get("num_classes") != 0:  # without a classifier nothing is pooled
        errors.append(f"global_pool is {pool!r}; this family has 'avg'")
    if errors:
        raise SpecError(errors)
    return override(ARCHITECTURES[name], choices)


def arguments_of(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The arguments of `timm.create_model` that the configuration records, other than None."""
    arguments = config.get("model_args", {})
    if not isinstance(arguments, Mapping):
        raise SpecError(["model_args must be an object"])
    return {name: value for name, value in arguments.items() if value is not None}


def classes_of(config: Mapping[str, Any]) -> int | None:
    """Number of classes of the classifier; None if the configuration does not show it."""
    classes = config.get("num_classes")
    return classes if type(classes) is int and classes > 0 else None
