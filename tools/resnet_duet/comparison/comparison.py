"""The result of a comparison."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from resnet_duet.comparison.display import html_table, shape_text, text_table
from resnet_duet.comparison.layer_errors import LayerError

HEADINGS = ("stage", "last layer", "shape", "worst error", "result")
ONLY_OUTPUT = "Only the outputs were compared."


@dataclass(frozen=True, repr=False)
class Comparison:
    """Two networks, layer by layer. `str()` of it is a table with a row for each stage.

    Attributes:
        titles: of the reference and of the other network.
        layers: every layer, block and stage that was compared, in execution order.
        stages: {stage, "stem" or "head": its entries of `layers`}.
        precision: "float64", or "float32" if a network cannot run in float64.
        sizes: (height, width) of the images.
        seeds: of the images.
        own_functions: whether each network ran itself, as opposed to one that this package built of
            its arrays; see `Subject`.
        notes: what a reader should know about how the networks were run.
    """

    titles: tuple[str, str]
    layers: tuple[LayerError, ...]
    stages: Mapping[str, tuple[LayerError, ...]]
    precision: str
    sizes: tuple[tuple[int, int], ...]
    seeds: tuple[int, ...]
    own_functions: tuple[bool, bool]
    notes: tuple[str, ...]

    @property
    def match(self) -> bool:
        """Whether every layer's error is within its tolerance."""
        return all(layer.match for layer in self.layers)

    @property
    def first_divergence(self) -> LayerError | None:
        """The first layer in execution order whose error exceeds its tolerance."""
        return next((layer for layer in self.layers if not layer.match), None)

    @property
    def worst(self) -> LayerError:
        """The layer with the largest error; NaN is larger than any number."""
        return worst_of(self.layers)

    def by_stage(self) -> Iterator[tuple[str, LayerError, LayerError]]:
        """(stage, its last layer, its worst layer) for stem, stages and head."""
        for stage, layers in self.stages.items():
            yield stage, layers[-1], worst_of(layers)

    @property
    def verdict(self) -> str:
        """Match or mismatch, the layer that diverges first and by how much: one line."""
        first, count = self.first_divergence, len(self.layers)
        if first is None:
            outputs = f"all {count} layer outputs agree" if count > 1 else "the outputs agree"
            tolerance = max(layer.tolerance for layer in self.layers)
            return f"Match: {outputs} within {tolerance:.2g} ({self.precision})."
        limit = "" if first.reason else f" (tolerance {first.tolerance:.2g}, {self.precision})"
        differ = sum(not layer.match for layer in self.layers)
        line = f"MISMATCH: first divergence: {first.layer}, {first.detail}{limit}. "
        line += f"{differ} of {count} layers differ." if count > 1 else ONLY_OUTPUT
        structural = next((layer for layer in self.layers if layer.reason), None)
        if structural and structural is not first:
            line += f" The structures differ from {structural.layer} on: {structural.reason}."
        return line

    def __repr__(self) -> str:
        return f"<Comparison of {self.titles[0]} and {self.titles[1]}: {self.verdict}>"

    def __str__(self) -> str:
        return "\n".join((text_table(HEADINGS, self._rows()), self.verdict, *self.notes))

    def _repr_html_(self) -> str:
        return html_table(self.verdict, HEADINGS, self._rows())

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (stage, last.layer, shape_text(last.shape), _error_cell(worst), _result_cell(worst))
            for stage, last, worst in self.by_stage()
        ]


def worst_of(layers: tuple[LayerError, ...]) -> LayerError:
    """The layer with the largest error; NaN is larger than any number."""
    return max(layers, key=lambda layer: (np.isnan(layer.error), layer.error))


def _error_cell(worst: LayerError) -> str:
    return "-" if worst.reason else f"{worst.error:.1e}"


def _result_cell(worst: LayerError) -> str:
    if worst.match:
        return "match"
    return f"MISMATCH in {worst.layer}" + (f": {worst.reason}" if worst.reason else "")
