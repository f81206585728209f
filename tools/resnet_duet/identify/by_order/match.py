"""`by_order`: the network of a state dict and the place of each array, by order and shapes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import resnet_spec
from resnet_duet.errors import FileError
from resnet_duet.graphs.operations import AnyWeight
from resnet_duet.identify.by_order.layers import (
    FileLayer,
    file_layers,
    in_tree_order,
    is_sorted,
    layouts,
    size_of,
)
from resnet_duet.identify.by_order.listings import Listing, listings
from resnet_duet.identify.by_order.names import contradictions
from resnet_duet.identify.by_order.networks import networks
from resnet_duet.identify.placement import PlacedBy, Placement
from resnet_duet.weights.dialect import Layout, Shapes
from resnet_spec import ArraySpec, Bias, PlaceBias, ResNetSpec, ShortcutStride
from resnet_spec.layers import Conv, Dense, Layer, Norm
from resnet_spec.structure import Chain

ADVICE = (
    "pass --spec NAME, or --rename FILE (`resnet-duet inspect --write-mapping FILE` proposes one),"
    " or convert the module itself with resnet_duet.convert_module"
)
KINDS = (Conv, Norm, Dense)
BIAS_PLACES = (Chain.BRANCH, Chain.STEM, Chain.SHORTCUT)
AS_BRANCH = PlaceBias.AS_BRANCH


@dataclass(frozen=True)
class Fit:
    """One way to assign the layers of a file to a network.

    Attributes:
        spec: the network.
        layers: {canonical layer name: layer of the file}.
        is_exact: whether the file lists layers of all kinds together in the order of the listing.
        against: what in the file's names contradicts it.
    """

    spec: ResNetSpec
    layers: Mapping[str, FileLayer]
    is_exact: bool
    against: tuple[str, ...]

    @property
    def assignment(self) -> frozenset[tuple[str, str]]:
        """(canonical layer name, name of the layer in the file) of all layers."""
        return frozenset((name, layer.name) for name, layer in self.layers.items())

    def placement(self) -> Placement:
        """The place of each array."""
        weights: dict[ArraySpec, AnyWeight] = {
            array: self.layers[array.layer.name].weights[array.role]
            for array in resnet_spec.array_specs(resnet_spec.plan(self.spec))
        }
        return Placement(self.spec, weights, PlacedBy.ORDER)


def by_order(shapes: Shapes, spec: ResNetSpec | str | None) -> Placement | None:
    """The network with these arrays, if their order and shapes leave one assignment.

    Args:
        shapes: {array name: shape} of all arrays, in the file's order.
        spec: the network, if it is known: a spec or a name of the zoo. None to grow networks from
            the kernels.

    Returns:
        The place of each array; None if no network has such arrays.

    Raises:
        FileError: several assignments fit, or the names contradict those that do.
        SpecError: an unknown name of a network.
    """
    fits = all_fits(shapes, spec)
    if not fits:
        return None
    consistent = [fit for fit in fits if not fit.against]
    if not consistent:
        raise FileError(
            "the arrays fit a ResNet by order and shapes, but their names contradict the"
            f" assignment; {ADVICE}",
            fits[0].against,
        )
    candidates = distinct(consistent)
    if len(candidates) > 1:
        candidates = distinct([fit for fit in consistent if fit.is_exact]) or candidates
    if len(candidates) > 1:
        raise FileError(
            f"by order and shapes the arrays fit {len(candidates)} networks; {ADVICE}",
            [_description(fit, candidates[0]) for fit in candidates],
        )
    return candidates[0].placement()


def all_fits(shapes: Shapes, spec: ResNetSpec | str | None) -> list[Fit]:
    """Every way to assign the layers, those of the file's own order first.

    The tree of names is sorted only if the file's order has no meaning, or no assignment in this
    order agrees with the names.
    """
    fits: list[Fit] = []
    for layout in layouts(shapes):
        layers = file_layers(shapes, layout)
        if layers is None:
            continue
        if not is_sorted(shapes):
            fits += _fits(layers, layout, spec, is_tree=False)
        if not any(not fit.against for fit in fits):
            fits += _fits(in_tree_order(layers), layout, spec, is_tree=True)
    return fits


def distinct(fits: Sequence[Fit]) -> list[Fit]:
    """The first of the fits with each assignment: others differ in choices without a trace."""
    return list({fit.assignment: fit for fit in reversed(fits)}.values())[::-1]


def _fits(
    layers: list[FileLayer], layout: Layout, spec: ResNetSpec | str | None, is_tree: bool
) -> Iterator[Fit]:
    """The assignments of layers in this order."""
    dense = [layer for layer in layers if layer.kind is Dense]
    kernels = [layer.size for layer in layers if layer.kind is Conv]
    if len(dense) > 1 or not kernels:
        return
    num_classes = dense[0].size[0] if dense else None
    if isinstance(spec, str):
        spec = resnet_spec.get(spec, in_channels=kernels[0][1], num_classes=num_classes)
    for candidate in networks(kernels, num_classes) if spec is None else (spec,):
        for listing in listings(layout, is_tree):
            fit = _fit(candidate, listing, layers, is_tree)
            if fit and spec in (None, fit.spec):
                yield fit


def _fit(
    spec: ResNetSpec, listing: Listing, layers: Sequence[FileLayer], is_tree: bool
) -> Fit | None:
    """The assignment to a network in one listing, if the layers of each kind fit."""
    planned = _planned(spec, listing)
    assigned = _assigned(planned, layers)
    if assigned is None:
        return None
    if _begins_with_pool(assigned):  # else this choice leaves no trace
        spec = replace(spec, shortcut=replace(spec.shortcut, stride_by=ShortcutStride.AVG_POOL))
        planned = _planned(spec, listing)
        assigned = _assigned(planned, layers)
        assert assigned is not None, "the pool has no arrays"
    by_name = {layer.name: file for layer, file in assigned}
    with_bias = _with_bias(spec, by_name)
    if with_bias is None:
        return None
    is_exact = not is_tree and [_key(layer) for layer in planned] == [
        (layer.kind, layer.size) for layer in layers
    ]
    against = tuple(contradictions(resnet_spec.plan(spec), by_name))
    return Fit(with_bias, by_name, is_exact, against)


def _planned(spec: ResNetSpec, listing: Listing) -> list[Layer]:
    """The layers with arrays, in the order of a listing."""
    return [layer for layer in listing(resnet_spec.plan(spec)) if isinstance(layer, KINDS)]


def _assigned(
    planned: Sequence[Layer], layers: Sequence[FileLayer]
) -> list[tuple[Layer, FileLayer]] | None:
    """The layers of each kind one by one; None if their numbers or sizes differ."""
    if len(planned) != len(layers):
        return None
    assigned: list[tuple[Layer, FileLayer]] = []
    for kind in KINDS:
        own = [layer for layer in planned if isinstance(layer, kind)]
        found = [layer for layer in layers if layer.kind is kind]
        if [size_of(layer) for layer in own] != [layer.size for layer in found]:
            return None
        assigned += zip(own, found, strict=True)
    return assigned


def _begins_with_pool(assigned: Sequence[tuple[Layer, FileLayer]]) -> bool:
    """Whether the projections have number 1 in a PyTorch `Sequential`, after a pool without arrays.

    torchvision and timm number the layers of a shortcut from 0: ResNet-D's convolution has 1.
    """
    numbers = {
        file.path[-1:]
        for layer, file in assigned
        if isinstance(layer, Conv) and ".downsample." in layer.name
    }
    return numbers == {("1",)}


def _key(layer: Layer) -> object:
    return (type(layer), size_of(layer))


def _with_bias(spec: ResNetSpec, layers: Mapping[str, FileLayer]) -> ResNetSpec | None:
    """The spec whose convolutions have a bias where the file has one; None if there is none."""
    if _has_biases(spec, layers):
        return spec
    rules: dict[Chain, list[Bias]] = {chain: list(Bias) for chain in BIAS_PLACES}
    for rule in Bias:
        stem, shortcut = replace(spec.stem, bias=AS_BRANCH), replace(spec.shortcut, bias=AS_BRANCH)
        plan = resnet_spec.plan(replace(spec, bias=rule, stem=stem, shortcut=shortcut))
        for node in plan.walk():
            if isinstance(node.layer, Conv) and node.layer.bias != layers[node.name].has_bias:
                rules[node.chain] = [other for other in rules[node.chain] if other is not rule]
    branch, stem_rules, shortcut_rules = (rules[chain] for chain in BIAS_PLACES)
    if not (branch and stem_rules and shortcut_rules):
        return None
    common = [rule for rule in branch if rule in stem_rules and rule in shortcut_rules]
    bias = (common or branch)[0]
    return replace(
        spec,
        bias=bias,
        stem=replace(spec.stem, bias=_place_bias(stem_rules, bias)),
        shortcut=replace(spec.shortcut, bias=_place_bias(shortcut_rules, bias)),
    )


def _has_biases(spec: ResNetSpec, layers: Mapping[str, FileLayer]) -> bool:
    convolutions = [x for x in resnet_spec.plan(spec).layers() if isinstance(x, Conv)]
    return all(layer.bias == layers[layer.name].has_bias for layer in convolutions)


def _place_bias(rules: Sequence[Bias], branch: Bias) -> PlaceBias:
    """The rule of the branches if the arrays agree with it, else the first that agrees."""
    return AS_BRANCH if branch in rules else PlaceBias(rules[0])


def _description(fit: Fit, first: Fit) -> str:
    """A line about one of several assignments: where it differs from the first."""
    spec = fit.spec
    text = (
        f"{spec.ordering} {spec.block}, {len(spec.stem.channels)} in the stem,"
        f" blocks {'-'.join(map(str, spec.depths))}"
    )
    differing = [
        f"{name} = {layer.name}"
        for name, layer in fit.layers.items()
        if name not in first.layers or first.layers[name].name != layer.name
    ]
    return f"{text}: {', '.join(differing[:3])} ..." if differing else text
