"""kuangliu/pytorch-cifar and its many derivatives: `shortcut.0`, `shortcut.1`, `linear`."""

from resnet_duet.weights.conventions import apply_conventions
from resnet_duet.weights.dialect import TORCH, Dialect, canonical_names, unchanged_names
from resnet_spec import Plan, ResNetSpec, StemPool


def layer_names(plan: Plan) -> dict[str, str]:
    """The canonical names, except for projections and the classifier."""
    names = canonical_names(plan) | {"fc": "linear"}
    for block in plan.blocks():
        for layer in block.shortcut or ():
            index = layer.name.removeprefix(f"{block.name}.downsample")
            names[layer.name] = f"{block.name}.shortcut{index}"
    return names


def default_spec(spec: ResNetSpec) -> ResNetSpec:
    """Networks for CIFAR's small images: nothing strides before the second stage."""
    conventions = {"stem.stride": 1, "stem.pool": StemPool.NONE, "stride_in_1x1": False}
    return apply_conventions(spec, conventions, layer_names)


DIALECT = Dialect("kuangliu", TORCH, layer_names, default_spec, unchanged_names)
