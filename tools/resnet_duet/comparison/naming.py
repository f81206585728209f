"""Networks that users build: what they are, and the canonical names of their layers."""

from collections.abc import Callable, Mapping

import numpy as np

import resnet_spec
from resnet_duet.comparison.subject import IdentifiedNet
from resnet_duet.errors import FileError
from resnet_duet.formats.keras_config import Configs
from resnet_duet.formats.unwrap import views
from resnet_duet.identify.identify import Identity, identify
from resnet_duet.weights.arrays import Arrays
from resnet_duet.weights.convert import convert
from resnet_duet.weights.dialects import DIALECTS
from resnet_spec import ResNetSpec

CANONICAL = "torchvision"


def recognise(
    arrays: Mapping[str, np.ndarray], configs: Configs
) -> tuple[IdentifiedNet | None, dict[str, str]]:
    """Identify a network by its arrays, and name its layers.

    Args:
        arrays: a torch module's state_dict, or a Keras model's variables by path.
        configs: Keras' configurations of its layers; empty for torch.

    Returns:
        The network and {its name of a layer: the canonical name}; None and {} if it is not a
        known ResNet.
    """
    for view, _ in views(Arrays.of(arrays)):
        try:
            identity = identify(view.shapes, None, None, configs)
        except FileError:
            continue
        return _identified_view(view, identity), _names(view, identity)
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
