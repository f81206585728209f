"""Finds which convolutions of a file have biases, and the choices of a spec that say so."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import resnet_spec
from resnet_duet.identify.views import FileView
from resnet_spec import Bias, PlaceBias, ResNetSpec, Role, Shortcut, ShortcutKind
from resnet_spec.layers import Conv, Layer

# Projections are alike, so all of them have a bias or none.
PROJECTIONS = (PlaceBias.AS_BRANCH, PlaceBias.NEVER, PlaceBias.ALWAYS)


def with_biases(
    file: FileView, spec: ResNetSpec, shortcuts: Iterable[Shortcut]
) -> Iterator[ResNetSpec]:
    """The network with these shortcuts and the biases of the file, one rule everywhere first.

    Args:
        file: the arrays.
        spec: a network without biases whose stem and branches the file has.
        shortcuts: the candidates.
    """
    found = list(_of_stem_and_branches(file, spec))
    for projection in PROJECTIONS:
        for bias, stem in found:
            for shortcut in shortcuts:
                if projection is PlaceBias.AS_BRANCH or shortcut.kind is not ShortcutKind.NONE:
                    yield replace(
                        spec,
                        bias=bias,
                        stem=replace(spec.stem, bias=stem),
                        shortcut=replace(shortcut, bias=projection),
                    )


def _of_stem_and_branches(file: FileView, spec: ResNetSpec) -> Iterator[tuple[Bias, PlaceBias]]:
    """The rules that have the biases of the file, the same one for stem and branches first."""
    plans = {bias: resnet_spec.plan(replace(spec, bias=bias)) for bias in Bias}
    view = file.of(plans[Bias.NEVER])  # biases change no names

    def agree(layers: Iterable[Layer]) -> bool:
        convs = (layer for layer in layers if isinstance(layer, Conv))
        return all(view.has_array(conv, Role.BIAS) is conv.bias for conv in convs)

    of_branch = [bias for bias, plan in plans.items() if agree(plan.stages[0].blocks[0].branch)]
    of_stem = [bias for bias, plan in plans.items() if agree(plan.stem)]
    for bias in of_branch:
        if bias in of_stem:
            yield bias, PlaceBias.AS_BRANCH
        elif of_stem:
            yield bias, PlaceBias(of_stem[0])
