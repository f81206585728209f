"""What a Keras configuration shows beyond the arrays: strides, padding, eps, names, order."""

import json
from collections.abc import Iterator

from resnet_duet.formats.keras_config import CLASS, Configs
from resnet_duet.weights.dialect import Dialect
from resnet_spec import Plan, Role, StemPool

ZERO_PADDING = "maxpool.pad"  # the layer that pads the input of the stem's pool with zeros


def contradictions(plan: Plan, dialect: Dialect, configs: Configs) -> Iterator[str]:
    """One sentence for each setting in which the configuration differs from the plan.

    Args:
        plan: the network.
        dialect: the dialect of the configuration's layer names.
        configs: {layer name: configuration}.
    """
    names, config_names = dialect.layer_names(plan), _config_names(plan, dialect, configs)
    for layer in plan.layers():
        name = config_names.get(names.get(layer.name, ""), "")
        found = configs.get(name, {})
        for key, expected in layer.keras_config().items():
            value = json.loads(json.dumps(found.get(key, expected)))  # tuples become lists
            if value != expected:
                yield f"{name} has {key} {value}, not {expected}"
    if (pool := stem_pool(configs)) not in (None, plan.spec.stem.pool):
        yield f"the stem's pool is {pool}, not {plan.spec.stem.pool}"
    if all(layer.name in names for layer in plan.layers()):  # it names layers without arrays too
        renamed = {own: configs[name] for own, name in config_names.items()}
        own = {config_names.get(names[layer.name], "") for layer in plan.layers()}
        planned, configured = _planned_names(plan), _configured_names(plan, renamed, own)
        yield from (f"the layer {name} is missing" for name in sorted(planned - configured))
        yield from (f"the layer {name} is unexpected" for name in sorted(configured - planned))
        yield from _wrong_order(plan, list(renamed))


def _config_names(plan: Plan, dialect: Dialect, configs: Configs) -> dict[str, str]:
    """{the dialect's name of a layer: the configuration's}; see `Dialect.normalize_names`."""
    arrays = {dialect.array_name(name, Role.KERNEL): name for name in configs}
    suffix = dialect.array_name("", Role.KERNEL)
    normalized = dialect.normalize_names(arrays, plan)
    return {normalized[array].removesuffix(suffix): name for array, name in arrays.items()}


def values_of(configs: Configs, key: str) -> tuple[float, ...]:
    """All positive values that the configurations give a setting, each once."""
    found = (config.get(key) for config in configs.values())
    return tuple(dict.fromkeys(n for n in found if isinstance(n, float) and n > 0))


def ends_in_softmax(configs: Configs) -> bool:
    """Whether the network returns probabilities; those of this project return logits."""
    return any(config.get("activation") == "softmax" for config in configs.values())


def stem_pool(configs: Configs) -> StemPool | None:
    """The pool of the stem by its padding; None if the configuration does not show it."""
    classes = [config[CLASS] for config in configs.values()]
    for position, config in enumerate(configs.values()):
        if config[CLASS] == "MaxPooling2D" and config.get("pool_size") not in ([1, 1], (1, 1)):
            if config.get("padding") == "same":
                return StemPool.SAME
            return StemPool.ZERO if classes[position - 1] == "ZeroPadding2D" else None
    return StemPool.NONE if "Conv2D" in classes else None


def _planned_names(plan: Plan) -> set[str]:
    """Every layer of the Keras network except its input and the paddings before convolutions."""
    additions = {block.addition for block in plan.blocks() if block.shortcut is not None}
    zeros = {ZERO_PADDING} if plan.spec.stem.pool is StemPool.ZERO else set()
    return {layer.name for layer in plan.layers()} | additions | zeros


def _configured_names(plan: Plan, configs: Configs, own: set[str]) -> set[str]:
    """Every layer of the configuration, with the same exceptions.

    A Keras layer is a part of a planned layer if its name starts with that layer's: `conv1.pad`
    pads for `conv1`. A padding that is an operation is called `pad`, `pad_1`, ...

    Args:
        plan: the network.
        configs: by planned names, where a layer is planned.
        own: the configuration's names of the planned layers.
    """
    layers = {layer.name for layer in plan.layers()} | own
    inputs = {name for name, config in configs.items() if "batch_shape" in config}
    pads = {name for name in configs if name.partition("_")[0] == "pad"}
    inner = {name for name in configs if not layers.isdisjoint(_prefixes(name))} - {ZERO_PADDING}
    return set(configs) - inputs - pads - inner


def _prefixes(name: str) -> list[str]:
    """The names in which a layer may be: `a.b.c` may be in `a` or in `a.b`."""
    parts = name.split(".")
    return [".".join(parts[:i]) for i in range(1, len(parts))]


def _wrong_order(plan: Plan, order: list[str]) -> Iterator[str]:
    """Layers on the wrong side of a block's addition. Keras lists layers in execution order."""
    position = {name: number for number, name in enumerate(order)}
    for block in plan.blocks():
        if addition := position.get(block.addition, 0):
            early = [x.name for x in block.post if position.get(x.name, addition) < addition]
            late = [x.name for x in block.branch if position.get(x.name, addition) > addition]
            yield from (f"{name} runs before {block.addition}" for name in early)
            yield from (f"{name} runs after {block.addition}" for name in late)
