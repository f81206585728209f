"""Other people's networks: what they are by their arrays, and canonical names for their layers."""

from collections.abc import Mapping

import numpy as np

import resnet_spec
from resnet_duet.errors import FileError
from resnet_duet.port.arrays import Arrays
from resnet_duet.port.convert import convert
from resnet_duet.port.dialects import DIALECTS
from resnet_duet.port.evidence import Configs
from resnet_duet.port.identify import Identity, identify
from resnet_duet.port.unwrap import views
from resnet_duet.proof.network import Known
from resnet_spec import Plan, ResNetSpec

CANONICAL = "torchvision"


def recognised(
    arrays: Mapping[str, np.ndarray], configs: Configs
) -> tuple[Known | None, dict[str, str]]:
    """What a network is, and {its name of a layer: the canonical one}; None, {} if it is no ResNet.

    Args:
        arrays: a torch module's state_dict, or a Keras model's variables by path.
        configs: Keras' configurations of its layers; empty for torch.
    """
    for part, _ in views(Arrays.of(arrays)):
        try:
            identity = identify(part.shapes, None, None, configs)
        except FileError:
            continue
        return _known(part, identity), _names(part, identity)
    return None, {}


def running_order(spec: ResNetSpec | Plan) -> list[str]:
    """Every layer, each block behind its layers, each stage behind its blocks."""
    plan = resnet_spec.plan(spec)
    names = [layer.name for layer in plan.stem]
    for stage in plan.stages:
        for block in stage.blocks:
            names += [*(layer.name for layer in block.layers()), block.name]
        names.append(stage.name)
    return [*names, *(layer.name for layer in plan.head)]


def own_name(name: str) -> str:
    """A layer's name that no dialect knows, so that it is not taken for a canonical one."""
    return f"({name})"


def _known(arrays: Arrays, identity: Identity) -> Known:
    def weights() -> dict[str, np.ndarray]:
        wide = {name: array.astype(np.float64) for name, array in arrays.items()}
        return convert(wide, identity.spec, identity.dialect, CANONICAL)

    return Known(identity.spec, weights)


def _names(arrays: Arrays, identity: Identity) -> dict[str, str]:
    """Layers by their arrays, blocks and stages by their own names where those are canonical."""
    plan, dialect = resnet_spec.plan(identity.spec), DIALECTS[identity.dialect]
    table, spelling = dialect.table(plan), dialect.spelling(arrays.shapes, plan)
    layers = {
        name.rpartition(dialect.layout.separator)[0]: table[usual].layer.name
        for name, usual in spelling.items()
        if usual in table
    }
    return layers | {name: name for name in plan.outputs()}
