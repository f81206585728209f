"""kuangliu/pytorch-cifar and its many children: `shortcut.0`, `shortcut.1`, `linear`."""

from resnet_duet.port.dialect import TORCH, Dialect, as_written, canonical_names
from resnet_duet.port.habit import adopt
from resnet_spec import Plan, ResNetSpec, StemPool


def layer_names(plan: Plan) -> dict[str, str]:
    """The canonical names but for the projections and the classifier."""
    names = canonical_names(plan) | {"fc": "linear"}
    for block in plan.blocks():
        for layer in block.shortcut or ():
            place = layer.name.removeprefix(f"{block.name}.downsample")
            names[layer.name] = f"{block.name}.shortcut{place}"
    return names


def usual(spec: ResNetSpec) -> ResNetSpec:
    """Networks for CIFAR's small images: nothing strides before the second stage."""
    habits = {"stem.stride": 1, "stem.pool": StemPool.NONE, "stride_in_1x1": False}
    return adopt(spec, habits, layer_names)


DIALECT = Dialect("kuangliu", TORCH, layer_names, usual, as_written)
