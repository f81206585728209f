"""What a Keras configuration says of a network beyond its arrays: strides, padding, eps, names."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from resnet_duet.port.dialect import Dialect
from resnet_spec import Padding, Plan, Role, StemPool
from resnet_spec.layers import Conv, Layer, MaxPool, Norm, ZeroPadChannels

CLASS = "class_name"
ZERO_BORDER = "maxpool.pad"  # the layer that puts zeros around the stem's pool

Configs = Mapping[str, Mapping[str, Any]]  # {layer name: what Keras' get_config gives}


def configs_of(model_config: str) -> Configs:
    """The layers' configurations in the JSON that a whole-model file of Keras holds."""
    config = json.loads(model_config)["config"]
    layers = config["layers"] if isinstance(config, dict) else config  # Keras 1: a bare list
    named = {
        layer.get("name", layer["config"].get("name")): layer["config"] | {CLASS: layer[CLASS]}
        for layer in layers
    }
    return {name: settled for name, settled in named.items() if isinstance(name, str)}


def configs_of_model(model: Any) -> Configs:
    """The same of a Keras model."""
    return {
        layer.name: layer.get_config() | {CLASS: type(layer).__name__} for layer in model.layers
    }


def contradictions(plan: Plan, dialect: Dialect, configs: Configs) -> Iterator[str]:
    """One sentence for each setting that the plan has otherwise."""
    names, theirs = dialect.layer_names(plan), _their_names(plan, dialect, configs)
    for layer in plan.layers():
        name = theirs.get(names.get(layer.name, ""), "")
        found = configs.get(name, {})
        for key, want in settings(layer).items():
            value = json.loads(json.dumps(found.get(key, want)))  # tuples become lists
            if value != want:
                yield f"{name} has {key} {value}, not {want}"
    if (pool := stem_pool(configs)) not in (None, plan.spec.stem.pool):
        yield f"its stem's pool is {pool}, not {plan.spec.stem.pool}"
    if all(layer.name in names for layer in plan.layers()):  # so it names layers without arrays
        here, there = _own_names(plan), _configured_names(configs)
        yield from (f"there is no layer {name}" for name in sorted(here - there))
        yield from (f"there is a layer {name}" for name in sorted(there - here))
        yield from _disorder(plan, list(configs))


def _their_names(plan: Plan, dialect: Dialect, configs: Configs) -> dict[str, str]:
    """{the dialect's name of a layer: the configuration's}; see `Dialect.spelling`."""
    arrays = {dialect.array_name(name, Role.KERNEL): name for name in configs}
    suffix = dialect.array_name("", Role.KERNEL)
    spelling = dialect.spelling(arrays, plan)
    return {spelling[array].removesuffix(suffix): name for array, name in arrays.items()}


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
            return {"epsilon": layer.eps, "momentum": layer.decay}
        case MaxPool():
            shown = {"pool_size": [layer.kernel] * 2, "strides": [layer.stride] * 2}
            return shown | {"padding": "same" if layer.border is StemPool.SAME else "valid"}
        case ZeroPadChannels():
            return {"padding": [[0, 0], [layer.before, layer.after]]}
        case _:
            return {}


def numbers(configs: Configs, key: str) -> tuple[float, ...]:
    """Every number that the configurations give a setting of this name."""
    found = (config.get(key) for config in configs.values())
    return tuple(dict.fromkeys(n for n in found if isinstance(n, float) and n > 0))


def ends_in_softmax(configs: Configs) -> bool:
    """Whether the network gives probabilities, where those of this project give logits."""
    return any(config.get("activation") == "softmax" for config in configs.values())


def stem_pool(configs: Configs) -> StemPool | None:
    """The border of the pool in the stem, where stock layers show it; None where they do not."""
    classes = [config[CLASS] for config in configs.values()]
    for position, config in enumerate(configs.values()):
        if config[CLASS] == "MaxPooling2D" and config.get("pool_size") not in ([1, 1], (1, 1)):
            if config.get("padding") == "same":
                return StemPool.SAME
            return StemPool.ZERO if classes[position - 1] == "ZeroPadding2D" else None
    return StemPool.NONE if "Conv2D" in classes else None


def _own_names(plan: Plan) -> set[str]:
    """Every layer of our Keras network but its input and the paddings before convolutions."""
    additions = {block.addition for block in plan.blocks() if block.shortcut is not None}
    zeros = {ZERO_BORDER} if plan.spec.stem.pool is StemPool.ZERO else set()
    return {layer.name for layer in plan.layers()} | additions | zeros


def _configured_names(configs: Configs) -> set[str]:
    """The same of a configuration; `pad` and `pad_1` are what `ops.pad` is called there."""
    inputs = {name for name, config in configs.items() if "batch_shape" in config}
    pads = {name for name in configs if name.endswith(".pad") or name.partition("_")[0] == "pad"}
    return set(configs) - inputs - (pads - {ZERO_BORDER})


def _disorder(plan: Plan, order: list[str]) -> Iterator[str]:
    """Where the addition does not stand between branch and tail; Keras lists layers as they run."""
    position = {name: number for number, name in enumerate(order)}
    for block in plan.blocks():
        if addition := position.get(block.addition, 0):
            early = [x.name for x in block.tail if position.get(x.name, addition) < addition]
            late = [x.name for x in block.branch if position.get(x.name, addition) > addition]
            yield from (f"{name} runs before {block.addition}" for name in early)
            yield from (f"{name} runs behind {block.addition}" for name in late)
