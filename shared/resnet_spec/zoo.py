"""The model zoo: families of named networks, one row for each network.

A row derives from another row with `replace`. Where the code that people use differs from the
paper, the source of a family names both.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from fnmatch import fnmatchcase

from resnet_spec.choices import (
    Bias,
    BlockKind,
    Ordering,
    Padding,
    ProjectionInput,
    ProjectionNorm,
    ShortcutKind,
    ShortcutStride,
    StemPool,
    StrideBlock,
)
from resnet_spec.errors import SpecError
from resnet_spec.rules import override
from resnet_spec.spec import ResNetSpec, Shortcut, Stem


@dataclass(frozen=True)
class Family:
    """Networks with one source.

    Attributes:
        name: its identifier, such as "resnext".
        title: its name for people.
        source: the paper, or the code if the code defines the networks.
        year: of the source.
        networks: {name: spec}.
    """

    name: str
    title: str
    source: str
    year: int
    networks: Mapping[str, ResNetSpec]


_18 = ResNetSpec(block=BlockKind.BASIC, depths=(2, 2, 2, 2))
_34 = replace(_18, depths=(3, 4, 6, 3))
_50 = ResNetSpec(block=BlockKind.BOTTLENECK, depths=(3, 4, 6, 3))
_101 = replace(_50, depths=(3, 4, 23, 3))
_152 = replace(_50, depths=(3, 8, 36, 3))
_200 = replace(_50, depths=(3, 24, 36, 3))  # as in timm; Paddle's has (3, 12, 48, 3)

_PLAIN = Shortcut(kind=ShortcutKind.NONE)
_OPTION_A = Shortcut(kind=ShortcutKind.ZERO_PAD_BOTH_SIDES)
_OPTION_A_END = Shortcut(kind=ShortcutKind.ZERO_PAD_END)
_OPTION_B = Shortcut()
_OPTION_D = Shortcut(stride_by=ShortcutStride.AVG_POOL)

_DEEP_STEM = Stem(channels=(32, 32, 64), kernel=3)
_CIFAR_STEM = Stem(channels=(16,), kernel=3, stride=1, pool=StemPool.NONE)
_CIFAR = ResNetSpec(
    block=BlockKind.BASIC, depths=(3, 3, 3), widths=(16, 32, 64), stem=_CIFAR_STEM, num_classes=10
)

_KERAS_50 = replace(
    _50,
    stem=Stem(pool=StemPool.ZERO),
    stride_in_1x1=True,
    bias=Bias.ALWAYS,
    norm_eps=1.001e-5,
    norm_decay=0.99,
)
_KERAS_50V2 = replace(
    _KERAS_50,
    ordering=Ordering.FULL_PREACTIVATION,
    shortcut=Shortcut(kind=ShortcutKind.PROJECTION_ON_GROWTH),
    stride_in_1x1=False,
    stride_block=StrideBlock.LAST,
    bias=Bias.WITHOUT_NORM,
)

_KERAS_CIFAR = replace(
    _CIFAR,
    shortcut=Shortcut(norm=ProjectionNorm.NEVER),
    padding=Padding.SAME,
    bias=Bias.ALWAYS,
    norm_eps=1e-3,
    norm_decay=0.99,
)
_KERAS_CIFAR_V2 = replace(
    _KERAS_CIFAR,
    block=BlockKind.BOTTLENECK,
    width_per_group=(64, 128, 128),
    ordering=Ordering.FULL_PREACTIVATION,
    shortcut=Shortcut(reads=ProjectionInput.PREACTIVATION_IN_FIRST),
    stride_in_1x1=True,
)

_RESNET = {
    "resnet18": _18,
    "resnet34": _34,
    "resnet50": _50,
    "resnet101": _101,
    "resnet152": _152,
}

_RESNEXT = {
    "resnext50_32x4d": replace(_50, groups=32, width_per_group=4),
    "resnext101_32x8d": replace(_101, groups=32, width_per_group=8),
    "resnext101_64x4d": replace(_101, groups=64, width_per_group=4),
}

_WIDE = {
    "wide_resnet50_2": replace(_50, width_per_group=128),
    "wide_resnet101_2": replace(_101, width_per_group=128),
}

_V1 = {
    "resnet50_v1": replace(_50, stride_in_1x1=True),
    "resnet101_v1": replace(_101, stride_in_1x1=True),
    "resnet152_v1": replace(_152, stride_in_1x1=True),
}

_KERAS_V1 = {
    "keras_resnet50": _KERAS_50,
    "keras_resnet101": replace(_KERAS_50, depths=_101.depths),
    "keras_resnet152": replace(_KERAS_50, depths=_152.depths),
}

_KERAS_V2 = {
    "keras_resnet50v2": _KERAS_50V2,
    "keras_resnet101v2": replace(_KERAS_50V2, depths=_101.depths),
    "keras_resnet152v2": replace(_KERAS_50V2, depths=_152.depths),
}

_PREACTIVATION = {
    name: replace(base, ordering=Ordering.FULL_PREACTIVATION)
    for name, base in {
        "preresnet18": _18,
        "preresnet34": _34,
        "preresnet50": _50,
        "preresnet101": _101,
        "preresnet152": _152,
        "preresnet200": _200,
        "preresnet110": replace(_CIFAR, depths=(18, 18, 18)),
        "preresnet164": replace(_CIFAR, block=BlockKind.BOTTLENECK, depths=(18, 18, 18)),
        "preresnet1001": replace(_CIFAR, block=BlockKind.BOTTLENECK, depths=(111, 111, 111)),
    }.items()
}

_CIFAR_NETS = {
    f"cifar_resnet{6 * n + 2}{suffix}": replace(_CIFAR, depths=(n, n, n), shortcut=shortcut)
    for suffix, shortcut in {"": _OPTION_A, "_a_end": _OPTION_A_END, "_b": _OPTION_B}.items()
    for n in (3, 5, 7, 9, 18, 200)
}

_PLAIN_NETS = {
    "plain18": replace(_18, shortcut=_PLAIN),
    "plain34": replace(_34, shortcut=_PLAIN),
    **{
        f"cifar_plain{6 * n + 2}": replace(_CIFAR, depths=(n, n, n), shortcut=_PLAIN)
        for n in (3, 5, 7, 9)
    },
}

_BAG_OF_TRICKS = {
    "resnet50c": replace(_50, stem=_DEEP_STEM),
    "resnet18d": replace(_18, stem=_DEEP_STEM, shortcut=_OPTION_D),
    "resnet34d": replace(_34, stem=_DEEP_STEM, shortcut=_OPTION_D),
    "resnet50d": replace(_50, stem=_DEEP_STEM, shortcut=_OPTION_D),
    "resnet101d": replace(_101, stem=_DEEP_STEM, shortcut=_OPTION_D),
    "resnet152d": replace(_152, stem=_DEEP_STEM, shortcut=_OPTION_D),
    "resnet200d": replace(_200, stem=_DEEP_STEM, shortcut=_OPTION_D),
}

_KERAS_CIFAR_NETS = {
    "keras_cifar_resnet20": _KERAS_CIFAR,
    "keras_cifar_resnet56": replace(_KERAS_CIFAR, depths=(9, 9, 9)),
    "keras_cifar_resnet20v2": replace(_KERAS_CIFAR_V2, depths=(2, 2, 2)),
    "keras_cifar_resnet56v2": replace(_KERAS_CIFAR_V2, depths=(6, 6, 6)),
}

# MLPerf Tiny's network is v1 of Keras' CIFAR-10 example with one block per stage.
_MLPERF_TINY = {"mlperf_resnet8": replace(_KERAS_CIFAR, depths=(1, 1, 1))}

_DEEP_RESIDUAL_LEARNING = "He et al., Deep Residual Learning"
_IDENTITY_MAPPINGS = "He et al., Identity Mappings"
_AGGREGATED = "Xie et al., Aggregated Residual Transformations"
_WIDE_RESNETS = "Zagoruyko and Komodakis, Wide Residual Networks"
_CIFAR_EXAMPLE = "keras.io, Trains a ResNet on CIFAR10"
_MLPERF = "Banbury et al., MLPerf Tiny Benchmark"

# The order counts: of networks with the same weights, identification prefers the first.
FAMILIES = (
    Family("resnet", "ResNet v1.5", "torchvision, fb.resnet.torch", 2016, _RESNET),
    Family("resnext", "ResNeXt", _AGGREGATED, 2016, _RESNEXT),
    Family("wide_resnet", "Wide ResNet", _WIDE_RESNETS, 2016, _WIDE),
    Family("resnet_v1", "ResNet v1", _DEEP_RESIDUAL_LEARNING, 2015, _V1),
    Family("keras_resnet", "ResNet v1 in Keras", "keras.applications", 2019, _KERAS_V1),
    Family("keras_resnetv2", "ResNet v2 in Keras", "keras.applications", 2019, _KERAS_V2),
    Family("preresnet", "Pre-activation ResNet", _IDENTITY_MAPPINGS, 2016, _PREACTIVATION),
    Family("cifar_resnet", "CIFAR ResNet", _DEEP_RESIDUAL_LEARNING, 2015, _CIFAR_NETS),
    Family("plain", "Plain network", _DEEP_RESIDUAL_LEARNING, 2015, _PLAIN_NETS),
    Family("resnet_cd", "ResNet-C and ResNet-D", "He et al., Bag of Tricks", 2018, _BAG_OF_TRICKS),
    Family("keras_cifar", "CIFAR ResNet in Keras", _CIFAR_EXAMPLE, 2017, _KERAS_CIFAR_NETS),
    Family("mlperf_tiny", "MLPerf Tiny", _MLPERF, 2021, _MLPERF_TINY),
)

ZOO: dict[str, ResNetSpec] = {
    name: spec for family in FAMILIES for name, spec in family.networks.items()
}


def names(pattern: str = "*") -> list[str]:
    """The names of the zoo that match a pattern.

    Args:
        pattern: a shell-style pattern: `*` matches any text, `?` any character, `[ab]` a or b.

    Returns:
        The names, family by family; an empty list if none matches.

    Example:
        >>> names("resnet*_v1")
        ['resnet50_v1', 'resnet101_v1', 'resnet152_v1']
    """
    return [name for name in ZOO if fnmatchcase(name, pattern)]


def get(name: str, **choices: object) -> ResNetSpec:
    """The spec of a named network.

    Args:
        name: one of `names()`.
        **choices: fields of `ResNetSpec` to override. A mapping for `stem` or `shortcut`
            overrides some of its fields: `stem={"pool": "zero"}`.

    Returns:
        The spec.

    Raises:
        SpecError: the name is unknown (the message has the nearest names), or the choices
            conflict.

    Example:
        >>> get("resnet50", num_classes=10).num_classes
        10
    """
    if name not in ZOO:
        near = get_close_matches(str(name), ZOO, n=3, cutoff=0.5)
        hint = f"did you mean {', '.join(near)}?" if near else "`resnet-duet list` prints all names"
        raise SpecError([f"there is no network named {name!r}; {hint}"])
    return override(ZOO[name], choices)
