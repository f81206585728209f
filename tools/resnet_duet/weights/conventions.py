"""A library's conventions: the choices that its code always makes, where arrays allow them."""

from collections.abc import Callable, Mapping

import resnet_spec
from resnet_spec import (
    Padding,
    Plan,
    ProjectionInput,
    ResNetSpec,
    ShortcutKind,
    ShortcutStride,
    SpecError,
    StemPool,
    StrideBlock,
    array_specs,
)
from resnet_spec.rules import override

LayerNames = Callable[[Plan], Mapping[str, str]]
Conventions = dict[str, object]  # {choice, with a dot for the stem or the shortcut: value}

# The choices of most code since torchvision. A library's own conventions override them.
TORCHVISION_CONVENTIONS: Conventions = {
    "shortcut.kind": ShortcutKind.PROJECTION_ON_CHANGE,
    "shortcut.reads": ProjectionInput.PREACTIVATION,
    "shortcut.stride_by": ShortcutStride.CONV,
    "stride_in_1x1": False,
    "stride_block": StrideBlock.FIRST,
    "stem.pool": StemPool.MINUS_INFINITY,
    "padding": Padding.SYMMETRIC,
    "norm_eps": 1e-5,
    "norm_decay": 0.9,
}
RESNET_D: Conventions = {"shortcut.stride_by": ShortcutStride.AVG_POOL}


def apply_conventions(
    spec: ResNetSpec, conventions: Conventions, layer_names: LayerNames
) -> ResNetSpec:
    """The spec with a library's conventions, but with the same arrays.

    A convention is not applied if it would change the names or shapes of arrays, or make no
    network. A stem without a pool also keeps its choice, since it is made for small images.

    Args:
        spec: a network.
        conventions: of the library.
        layer_names: plan -> {canonical layer name: the library's}.
    """
    arrays = _arrays(spec, layer_names)
    before = None
    while spec != before:  # a convention may become possible after another one is applied
        before = spec
        for path, value in conventions.items():
            other = _with(spec, path, value)
            if other != spec and _arrays(other, layer_names) == arrays:
                spec = other
    return spec


def _with(spec: ResNetSpec, path: str, value: object) -> ResNetSpec:
    if path == "stem.pool" and spec.stem.pool is StemPool.NONE:
        return spec
    try:
        return override(spec, {path: value})
    except SpecError:
        return spec


def _arrays(spec: ResNetSpec, layer_names: LayerNames) -> set[tuple[object, ...]]:
    plan = resnet_spec.plan(spec)
    names = layer_names(plan)
    return {(names.get(array.layer.name), array.role, array.shape) for array in array_specs(plan)}
