"""A network in memory as a checkpoint: its graph and its arrays, whatever its names."""

from importlib import import_module
from typing import Any

import numpy as np

from resnet_duet.formats.checkpoint import Checkpoint
from resnet_duet.frameworks import framework_of
from resnet_duet.graphs.errors import GraphError
from resnet_duet.weights.arrays import Arrays

GRAPH_READERS = {"torch": "torch_module", "keras": "keras_model"}  # modules of resnet_duet.graphs


def checkpoint_of(network: Any) -> tuple[Checkpoint, str]:
    """The graph and the arrays of a network, or its arrays alone, and why it has no graph.

    Args:
        network: a torch.nn.Module or a keras.Model.

    Returns:
        The checkpoint, and "" if it has a graph, else the reason why it has none.

    Raises:
        FrameworkError: the network is of no supported framework.
    """
    name = framework_of(network).name
    reader = import_module(f"resnet_duet.graphs.{GRAPH_READERS[name]}")
    try:
        graph, arrays = reader.read(network)
    except GraphError as error:
        return Checkpoint(_arrays(network), None), error.summary
    return Checkpoint(arrays, None, graph=graph), ""


def _arrays(network: Any) -> Arrays:
    """The floating-point arrays under the network's own names."""
    if hasattr(network, "state_dict"):
        state = network.state_dict().items()
        found = {name: tensor.numpy(force=True) for name, tensor in state if tensor.ndim}
    else:
        found = {variable.path: np.asarray(variable) for variable in network.variables}
    return Arrays.of({name: array for name, array in found.items() if array.dtype.kind == "f"})
