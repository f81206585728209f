"""Restores norms that an exporter folded into convolutions, where others remain.

Exporters fold a norm into the convolution before it. In a pre-activation network some norms follow
an addition and remain, so that the file has both. Here each folded norm comes back as one that
only adds the bias of its convolution, so that all blocks have the same operations again.
"""

from collections import Counter
from dataclasses import replace

import numpy as np

from resnet_duet.graphs.normal_form import DECAY, NormalGraph, NormalNode
from resnet_duet.graphs.operations import AnyWeight, Filled
from resnet_spec.layers import Conv, Norm, Relu, Role

CANDIDATES = 1 << 18  # scales that `identity` tries


def unfolded(graph: NormalGraph) -> NormalGraph | None:
    """The graph with a norm between each convolution with a bias and the ReLU that alone reads it.

    The function is the same: the norm adds the bias, and the convolution no longer does.

    Args:
        graph: in normal form.

    Returns:
        The graph; None if it has no norms, norms of several epsilons, or nothing to restore.
    """
    eps = {node.layer.eps for node in graph.nodes.values() if isinstance(node.layer, Norm)}
    readers = Counter(name for node in graph.nodes.values() for name in node.inputs)
    readers.update(graph.outputs)
    before_relu = {node.inputs[0] for node in graph.nodes.values() if isinstance(node.layer, Relu)}
    folded = {
        name
        for name, node in graph.nodes.items()
        if name in before_relu and readers[name] == 1 and Role.BIAS in node.weights
    }
    if len(eps) != 1 or not folded:
        return None
    nodes: dict[str, NormalNode] = {}
    for name, node in graph.nodes.items():
        if name in folded and isinstance(node.layer, Conv):
            convolution = f"{name} without its bias"
            nodes[convolution] = _without_bias(node, convolution)
            nodes[name] = _norm_of_bias(node, convolution, *eps)
        else:
            nodes[name] = node
    return replace(graph, nodes=nodes)


def _without_bias(node: NormalNode, name: str) -> NormalNode:
    assert isinstance(node.layer, Conv)
    kernel = {Role.KERNEL: node.weights[Role.KERNEL]}
    return replace(node, name=name, layer=replace(node.layer, bias=False), weights=kernel)


def _norm_of_bias(node: NormalNode, convolution: str, eps: float) -> NormalNode:
    """A norm that adds the bias of a convolution and changes nothing else."""
    assert isinstance(node.layer, Conv)
    channels = node.layer.out_channels
    scale, variance = identity(eps)
    bias = node.weights[Role.BIAS]
    weights: dict[Role, AnyWeight] = {
        Role.SCALE: Filled(scale, "C", (channels,)),
        Role.OFFSET: replace(bias, axes=bias.axes.replace("O", "C")),
        Role.MEAN: Filled(0.0, "C", (channels,)),
        Role.VAR: Filled(variance, "C", (channels,)),
    }
    return NormalNode(node.name, Norm("", channels, eps, DECAY), (convolution,), weights, None)


def identity(eps: float) -> tuple[float, float]:
    """The scale and the variance of a norm that changes nothing, both exact in float32.

    The scale is the square root of variance + eps. Rounded to float32 alone, it would differ by up
    to 6e-8; among many pairs near 1, one differs by less than 1e-11.
    """
    scales = 1 + np.arange(CANDIDATES) * float(np.finfo(np.float32).eps)
    variances = (scales**2 - eps).astype(np.float32).astype(np.float64)
    errors = np.abs(scales / np.sqrt(variances + eps) - 1)
    best = int(errors.argmin())
    return float(scales[best]), float(variances[best])
