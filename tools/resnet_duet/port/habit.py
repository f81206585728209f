"""An ecosystem's habits: the choices its code always makes alike, as far as arrays allow them."""

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
    slots,
)
from resnet_spec.rules import amend

LayerNames = Callable[[Plan], Mapping[str, str]]
Habits = dict[str, object]  # {choice, with a dot into the stem or the shortcut: value}

# What most code does since torchvision; each ecosystem's own habits stand behind it.
LIKE_TORCHVISION: Habits = {
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
RESNET_D: Habits = {"shortcut.stride_by": ShortcutStride.AVG_POOL}


def adopt(spec: ResNetSpec, habits: Habits, layer_names: LayerNames) -> ResNetSpec:
    """The spec with an ecosystem's habits, but for those that it cannot have.

    Left alone is what the arrays decide: a choice that would give them other names or shapes, or
    make no network. So is a stem without a pool, which is made for small images.
    """
    arrays, before = _arrays(spec, layer_names), None
    while spec != before:  # one habit may have to wait for another: the last block for its shortcut
        before = spec
        for path, value in habits.items():
            other = _with(spec, path, value)
            if other != spec and _arrays(other, layer_names) == arrays:
                spec = other
    return spec


def _with(spec: ResNetSpec, path: str, value: object) -> ResNetSpec:
    if path == "stem.pool" and spec.stem.pool is StemPool.NONE:
        return spec
    try:
        return amend(spec, {path: value})
    except SpecError:
        return spec


def _arrays(spec: ResNetSpec, layer_names: LayerNames) -> set[tuple[object, ...]]:
    plan = resnet_spec.plan(spec)
    names = layer_names(plan)
    return {(names.get(slot.layer.name), slot.role, slot.shape) for slot in slots(plan)}
