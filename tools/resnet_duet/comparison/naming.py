"""Networks that users build: what they are, and the canonical names of their layers."""

from collections.abc import Callable, Mapping

import numpy as np

import resnet_spec
from resnet_duet.comparison.subject import IdentifiedNet
from resnet_duet.errors import FileError
from resnet_duet.formats.checkpoint import Checkpoint
from resnet_duet.formats.unwrap import views
from resnet_duet.identify.by_graph.identify_graph import identify_graph
from resnet_duet.identify.identify import Identity, find_identity
from resnet_duet.identify.placement import CANONICAL, relabelled
from resnet_duet.weights.arrays import Arrays
from resnet_duet.weights.convert import convert
from resnet_duet.weights.dialects import DIALECTS
from resnet_spec import ResNetSpec


def recognise(checkpoint: Checkpoint) -> tuple[IdentifiedNet | None, dict[str, str]]:
    """Identify a network by its graph, or else by its arrays, and name its layers.

    Args:
        checkpoint: of a live network or of a file.

    Returns:
        The network and {its name of a layer: the canonical name}; None and {} if it is not a
        known ResNet.
    """
    if checkpoint.graph is not None:
        try:
            found = identify_graph(checkpoint.graph, checkpoint.arrays)
        except FileError:
            found = None  # outside of this family; its arrays may still be a ResNet's
        if found is not None and not found.custom_head:
            placement = found.placement
            arrays = relabelled(checkpoint.arrays, placement)
            names = {own: canonical for canonical, own in found.layers.items()}
            return identified(lambda: arrays, placement.spec, CANONICAL), names
    for view in views(checkpoint.arrays, prefix=None):
        try:
            identity = find_identity(view.arrays.shapes, None, None)
        except FileError:
            continue
        if identity is None:
            continue
        return _identified_view(view.arrays, identity), _names(view.arrays, identity)
    return None, {}


def identified(
    read: Callable[[], Mapping[str, np.ndarray]], spec: ResNetSpec, dialect: str
) -> IdentifiedNet:
    """A network whose arrays are read, widened and converted when they are asked for.

    Args:
        read: returns the arrays.
        spec: the network.
        dialect: of the arrays.
    """

    def weights() -> dict[str, np.ndarray]:
        wide = {name: array.astype(np.float64) for name, array in read().items()}
        return convert(wide, spec, dialect, CANONICAL)

    return IdentifiedNet(spec, weights)


def _identified_view(view: Arrays, identity: Identity) -> IdentifiedNet:
    return identified(lambda: view, identity.spec, identity.dialect)


def custom_name(name: str) -> str:
    """A layer's name that no dialect knows, marked so that it never equals a canonical one."""
    return f"({name})"


def _names(arrays: Arrays, identity: Identity) -> dict[str, str]:
    """Layers by their arrays; blocks and stages by their names if those are canonical."""
    plan, dialect = resnet_spec.plan(identity.spec), DIALECTS[identity.dialect]
    table, normalized = dialect.table(plan), dialect.normalize_names(arrays.shapes, plan)
    layers = {
        name.rpartition(dialect.layout.separator)[0]: table[known].layer.name
        for name, known in normalized.items()
        if known in table
    }
    return layers | {name: name for name in plan.outputs()}
