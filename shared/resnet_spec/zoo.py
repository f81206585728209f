"""The named networks: one row each, families by `replace`.

Sources: *Deep Residual Learning* (He 2015), *Identity Mappings* (He 2016), *Aggregated Residual
Transformations* (Xie 2016), *Wide Residual Networks* (Zagoruyko 2016), *Bag of Tricks* (He 2018);
where code and paper part, the code named beside the row.
"""

from dataclasses import replace
from difflib import get_close_matches

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
from resnet_spec.rules import amend
from resnet_spec.spec import ResNetSpec, Shortcut, Stem

_18 = ResNetSpec(block=BlockKind.BASIC, depths=(2, 2, 2, 2))
_34 = replace(_18, depths=(3, 4, 6, 3))
_50 = ResNetSpec(block=BlockKind.BOTTLENECK, depths=(3, 4, 6, 3))
_101 = replace(_50, depths=(3, 4, 23, 3))
_152 = replace(_50, depths=(3, 8, 36, 3))
_200 = replace(_50, depths=(3, 24, 36, 3))  # timm's; other zoos spread the 66 blocks otherwise

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

_KERAS_CIFAR = replace(  # keras.io's example "Trains a ResNet on the CIFAR10 dataset", v1
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

_TORCHVISION = {
    "resnet18": _18,
    "resnet34": _34,
    "resnet50": _50,
    "resnet101": _101,
    "resnet152": _152,
    "resnext50_32x4d": replace(_50, groups=32, width_per_group=4),
    "resnext101_32x8d": replace(_101, groups=32, width_per_group=8),
    "resnext101_64x4d": replace(_101, groups=64, width_per_group=4),
    "wide_resnet50_2": replace(_50, width_per_group=128),
    "wide_resnet101_2": replace(_101, width_per_group=128),
}

_V1 = {
    "resnet50_v1": replace(_50, stride_in_1x1=True),
    "resnet101_v1": replace(_101, stride_in_1x1=True),
    "resnet152_v1": replace(_152, stride_in_1x1=True),
}

_KERAS_APPLICATIONS = {
    "keras_resnet50": _KERAS_50,
    "keras_resnet101": replace(_KERAS_50, depths=_101.depths),
    "keras_resnet152": replace(_KERAS_50, depths=_152.depths),
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
    # MLPerf Tiny's image classification network is the example's v1, with a block for each stage.
    "mlperf_resnet8": replace(_KERAS_CIFAR, depths=(1, 1, 1)),
}

ZOO: dict[str, ResNetSpec] = {
    **_TORCHVISION,
    **_V1,
    **_KERAS_APPLICATIONS,
    **_PREACTIVATION,
    **_CIFAR_NETS,
    **_PLAIN_NETS,
    **_BAG_OF_TRICKS,
    **_KERAS_CIFAR_NETS,
}


def names() -> list[str]:
    """The networks `get` knows."""
    return list(ZOO)


def get(name: str, **choices: object) -> ResNetSpec:
    """The named network, with some choices made otherwise: `get("resnet50", num_classes=10)`.

    A mapping for `stem` or `shortcut` amends the network's own: `stem={"pool": "zero"}`.

    Raises:
        SpecError: an unknown name (the nearest ones are told), or choices that make no network.
    """
    if name not in ZOO:
        near = get_close_matches(str(name), ZOO, n=3, cutoff=0.5)
        hint = f"did you mean {', '.join(near)}?" if near else "resnet-duet list shows them all"
        raise SpecError([f"there is no network named {name!r}; {hint}"])
    return amend(ZOO[name], choices)
