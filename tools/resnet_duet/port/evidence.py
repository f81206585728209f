"""What a Keras configuration says of a network beyond its arrays: strides, padding, eps, names."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from resnet_duet.port.dialect import Dialect
from resnet_spec import Padding, Plan
from resnet_spec.layers import Conv, Layer, MaxPool, Norm, ZeroPadChannels

Configs = Mapping[str, Mapping[str, Any]]  # {layer name: what Keras' get_config gives}


def configs_of(model_config: str) -> Configs:
    """The layers' configurations in the JSON that a whole-model file of Keras holds."""
    config = json.loads(model_config)["config"]
    layers = config["layers"] if isinstance(config, dict) else config  # Keras 1: a bare list
    named = {layer.get("name", layer["config"].get("name")): layer["config"] for layer in layers}
    return {name: settled for name, settled in named.items() if name is not None}


def contradictions(plan: Plan, dialect: Dialect, configs: Configs) -> Iterator[str]:
    """One sentence for each setting that the plan has otherwise."""
    names = dialect.layer_names(plan)
    for layer in plan.layers():
        found = configs.get(names.get(layer.name, ""), {})
        for key, want in settings(layer).items():
            value = json.loads(json.dumps(found.get(key, want)))  # tuples become lists
            if value != want:
                yield f"{names[layer.name]} has {key} {value}, not {want}"
    if all(layer.name in names for layer in plan.layers()):  # so it names layers without arrays
        here, there = _block_layers(plan), _named_in_blocks(plan, configs)
        yield from (f"there is no layer {name}" for name in sorted(here - there))
        yield from (f"there is a layer {name}" for name in sorted(there - here))


def settings(layer: Layer) -> dict[str, object]:
    """What Keras' configuration of this layer must say, where its arrays do not show it."""
    match layer:
        case Conv():
            shown: dict[str, object] = {
                "strides": [layer.stride] * 2,
                "dilation_rate": [layer.dilation] * 2,
            }
            if layer.stride > 1 and layer.kernel > 1:  # elsewhere both rules pad alike
                shown["padding"] = "same" if layer.padding is Padding.SAME else "valid"
            return shown
        case Norm():
            return {"epsilon": layer.eps}
        case MaxPool():
            return {"pool_size": [layer.kernel] * 2, "strides": [layer.stride] * 2}
        case ZeroPadChannels():
            return {"padding": [[0, 0], [layer.before, layer.after]]}
        case _:
            return {}


def _block_layers(plan: Plan) -> set[str]:
    """Every layer within a block, and the block's addition."""
    layers = {layer.name for block in plan.blocks() for layer in block.layers()}
    return layers | {block.addition for block in plan.blocks() if block.shortcut is not None}


def _named_in_blocks(plan: Plan, configs: Configs) -> set[str]:
    """The configured layers that stand within a block, without the explicit paddings."""
    stages = tuple(f"{stage.name}." for stage in plan.stages)
    return {n for n in configs if n.startswith(stages) and not n.endswith(".pad")}
