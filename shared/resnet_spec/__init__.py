"""What a residual network is, without a framework: spec, plan, array table, zoo.

Example:
    >>> import resnet_spec
    >>> spec = resnet_spec.get("resnet50", num_classes=10)
    >>> print(resnet_spec.summary(resnet_spec.plan(spec)))  # doctest: +SKIP
"""

from resnet_spec.choices import (
    Bias,
    BlockKind,
    NormKind,
    Ordering,
    Padding,
    PlaceBias,
    PoolPadding,
    Precision,
    ProjectionInput,
    ProjectionNorm,
    ShortcutKind,
    ShortcutStride,
    StemPool,
    StrideBlock,
)
from resnet_spec.errors import ResNetError, SpecError, WeightsError
from resnet_spec.layers import ArraySpec, Role
from resnet_spec.plan import plan
from resnet_spec.precision import Dtype
from resnet_spec.spec import ResNetSpec, Shortcut, Stem
from resnet_spec.structure import Plan, array_specs
from resnet_spec.tables import summary
from resnet_spec.zoo import get, names

__all__ = [
    "ArraySpec",
    "Bias",
    "BlockKind",
    "Dtype",
    "NormKind",
    "Ordering",
    "Padding",
    "PlaceBias",
    "Plan",
    "PoolPadding",
    "Precision",
    "ProjectionInput",
    "ProjectionNorm",
    "ResNetError",
    "ResNetSpec",
    "Role",
    "Shortcut",
    "ShortcutKind",
    "ShortcutStride",
    "SpecError",
    "Stem",
    "StemPool",
    "StrideBlock",
    "WeightsError",
    "array_specs",
    "get",
    "names",
    "plan",
    "summary",
]
