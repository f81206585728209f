"""Finds a network without its classifier among the arrays of a file that has others as well."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import resnet_spec
from resnet_duet.errors import DialectError
from resnet_duet.identify.infer import inferred
from resnet_duet.identify.rows import array_count
from resnet_duet.identify.views import FileView
from resnet_duet.weights.dialect import Dialect, Shapes, unchanged_names
from resnet_spec import ResNetSpec
from resnet_spec.layers import Dense

SEPARATORS = str.maketrans("/", ".")  # of the modules in a name


@dataclass(frozen=True)
class Body:
    """A network without a classifier, whose arrays are some of a file's.

    Attributes:
        spec: the network.
        dialect: names and layouts of its arrays.
        names: of its arrays in the file.
        others: names of all other arrays of the file.
    """

    spec: ResNetSpec
    dialect: Dialect
    names: tuple[str, ...]
    others: tuple[str, ...]

    @property
    def classifier(self) -> Dense:
        """A classifier of this network for one class."""
        layer = resnet_spec.plan(replace(self.spec, num_classes=1)).head[-1]
        assert isinstance(layer, Dense), "a head ends in the classifier"
        return layer

    @property
    def features(self) -> int:
        """Number of features that a classifier of this network takes."""
        return next(self.classifier.arrays()).shape[1]

    def contains(self, name: str) -> bool:
        """Whether an array is in a module of the body, such as a block or a stage."""
        return not self._inner_modules().isdisjoint(modules_of(name))

    def _inner_modules(self) -> set[str]:
        """The modules that hold some of the body's arrays, but not all of them."""
        counts = Counter(module for name in self.names for module in modules_of(name))
        return {module for module, count in counts.items() if count < len(self.names)}


def modules_of(name: str) -> Iterator[str]:
    """The modules that an array is in: "layer1", "layer1.0", "layer1.0.conv1"."""
    parts = name.translate(SEPARATORS).split(".")
    for end in range(1, len(parts)):
        yield ".".join(parts[:end])


def find_body(shapes: Shapes, dialects: Sequence[Dialect]) -> Body | None:
    """The network without a classifier that has the most arrays of a file; None without any.

    Args:
        shapes: {array name: shape} of the file.
        dialects: those that the file may have.
    """
    found = [body for own in dialects if (body := _largest(shapes, own))]
    return max(found, key=lambda body: len(body.names), default=None)


def _largest(shapes: Shapes, dialect: Dialect) -> Body | None:
    """The network of this dialect that has the most arrays of the file."""
    file = FileView(shapes, dialect)
    specs = dict.fromkeys(replace(spec, num_classes=None) for spec in inferred(file))
    possible = [spec for spec in specs if array_count(spec) <= len(shapes)]
    # In some dialects every name depends on the depths, so no short network has them.
    likely = [spec for spec in possible if _has_beginning(file, spec)] or possible
    for spec in sorted(likely, key=array_count, reverse=True):
        if (body := _body(shapes, spec, dialect)) is not None:
            return body
    return None


def _has_beginning(file: FileView, spec: ResNetSpec) -> bool:
    """Whether the file has the stem and first blocks, without planning the whole network."""
    plan = resnet_spec.plan(replace(spec, depths=(1,) * len(spec.depths)))
    view = file.of(plan)
    # If layers are numbered, the names in later stages depend on the depths.
    stages = plan.stages if file.dialect.normalize_names is unchanged_names else plan.stages[:1]
    blocks = (layer for stage in stages for layer in stage.blocks[0].layers())
    return all(map(view.has, (*plan.stem, *blocks)))


def _body(shapes: Shapes, spec: ResNetSpec, dialect: Dialect) -> Body | None:
    """This network, if the file has all of its arrays."""
    plan = resnet_spec.plan(spec)
    try:
        expected = dialect.shapes(plan)
        normalized = dialect.normalize_names(shapes, plan)
    except DialectError:
        return None
    names = {normalized[name]: name for name in shapes}
    if any(shapes.get(names.get(name, "")) != shape for name, shape in expected.items()):
        return None
    own = {names[name] for name in expected}
    others = tuple(name for name in shapes if name not in own)
    return Body(spec, dialect, tuple(own), others)
