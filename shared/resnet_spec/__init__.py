"""What a residual network is, without a framework: spec, plan, weight table, zoo.

>>> import resnet_spec
>>> spec = resnet_spec.get("resnet50", num_classes=10)
>>> print(resnet_spec.plan(spec))  # doctest: +SKIP
"""

from resnet_spec.choices import (
    Bias,
    BlockKind,
    Ordering,
    Padding,
    Precision,
    ProjectionInput,
    ProjectionNorm,
    ShortcutKind,
    ShortcutStride,
    StemPool,
    StrideBlock,
)
from resnet_spec.errors import ResNetError, SpecError, WeightsError
from resnet_spec.layers import Plan
from resnet_spec.plan import plan
from resnet_spec.slots import Role, Slot, slots
from resnet_spec.spec import ResNetSpec, Shortcut, Stem, precision
from resnet_spec.zoo import get, names

__all__ = [
    "Bias",
    "BlockKind",
    "Ordering",
    "Padding",
    "Plan",
    "Precision",
    "ProjectionInput",
    "ProjectionNorm",
    "ResNetError",
    "ResNetSpec",
    "Role",
    "Shortcut",
    "ShortcutKind",
    "ShortcutStride",
    "Slot",
    "SpecError",
    "Stem",
    "StemPool",
    "StrideBlock",
    "WeightsError",
    "get",
    "names",
    "plan",
    "precision",
    "slots",
]
