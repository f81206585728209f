"""Whether two networks differ in a way that no known mistake can explain."""

import resnet_spec
from resnet_duet.comparison.display import shape_text
from resnet_duet.comparison.subject import IdentifiedNet
from resnet_duet.identify.rows import zoo_name
from resnet_spec import Plan, ResNetSpec, Role
from resnet_spec.layers import Shape
from resnet_spec.measure import depth
from resnet_spec.structure import Chain


def different_architectures(one: IdentifiedNet | None, two: IdentifiedNet | None) -> str | None:
    """How the architectures of two networks differ.

    They differ if a kernel outside of the shortcuts has another shape, or if only one of the
    networks has it. Every other difference may come from a mistake: a stride, an eps, a bias or
    a norm that is missing, a missing shortcut.

    Args:
        one: the reference; None if it is not identified.
        two: the other network; None if it is not identified.

    Returns:
        "resnet18 vs resnet50; first difference: ..."; None if the architectures are the same, or
        if a network is not identified.
    """
    if one is None or two is None:
        return None
    kernels = [_kernels(resnet_spec.plan(net.spec)) for net in (one, two)]
    names = dict.fromkeys((*kernels[0], *kernels[1]))
    layer = next((n for n in names if kernels[0].get(n) != kernels[1].get(n)), None)
    if layer is None:
        return None
    shapes = [shape_text(own[layer]) if layer in own else "absent" for own in kernels]
    titles = list(dict.fromkeys(_title(net.spec) for net in (one, two)))
    networks = " vs ".join(titles) if len(titles) > 1 else f"two variants of {titles[0]}"
    return f"{networks}; first difference: the kernel of {layer} is {shapes[0]} vs {shapes[1]}"


def _kernels(plan: Plan) -> dict[str, Shape]:
    """{layer outside of the shortcuts: shape of its kernel}, in execution order."""
    return {
        node.name: array.shape
        for node in plan.walk()
        if node.layer is not None and node.chain is not Chain.SHORTCUT
        for array in node.layer.arrays()
        if array.role is Role.KERNEL
    }


def _title(spec: ResNetSpec) -> str:
    """The network's name in the zoo, or its depth."""
    return zoo_name(spec) or f"an unnamed {depth(resnet_spec.plan(spec))}-layer network"
