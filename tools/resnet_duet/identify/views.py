"""A file's shapes, looked up by the layers of a plan under the names of a dialect."""

from collections.abc import Mapping
from dataclasses import dataclass

from resnet_duet.weights.dialect import Dialect, Shapes, unchanged_names
from resnet_spec import Plan, Role
from resnet_spec.layers import Layer


@dataclass(frozen=True)
class FileView:
    """A file's shapes under one dialect."""

    shapes: Shapes
    dialect: Dialect

    def has_norms(self) -> bool:
        """Whether the file has a running mean."""
        ending = self.dialect.array_name("", Role.MEAN)
        return any(name.endswith(ending) for name in self.shapes)

    def of(self, plan: Plan) -> "DialectView":
        """The file's shapes and the names of a plan's layers."""
        return DialectView(self.normalized(plan), self.dialect, self.dialect.layer_names(plan))

    def normalized(self, plan: Plan) -> Shapes:
        """{array name as in the dialect's table: shape}, of all arrays of the file."""
        if self.dialect.normalize_names is unchanged_names:
            return self.shapes  # without a copy, since a file may have thousands of arrays
        return self.dialect.normalized_shapes(self.shapes, plan)


@dataclass(frozen=True)
class DialectView:
    """A file's shapes under normalised names, and the dialect's names of one plan's layers."""

    shapes: Shapes
    dialect: Dialect
    names: Mapping[str, str]

    def kernel(self, layer: Layer) -> dict[str, int] | None:
        """{axis letter: size} of the layer's kernel in the file; None if it is not there."""
        array_spec = next(layer.arrays())
        name = self.names.get(layer.name)
        shape = self.shapes.get(self.dialect.array_name(name, Role.KERNEL)) if name else None
        axes = self.dialect.axes(array_spec)
        if shape is None or len(shape) != len(axes) or 0 in shape:
            return None
        return dict(zip(axes, shape, strict=True))

    def has_array(self, layer: Layer, role: Role) -> bool:
        """Whether the file has an array of this role for the layer."""
        name = self.names.get(layer.name)
        return name is not None and self.dialect.array_name(name, role) in self.shapes

    def has(self, layer: Layer) -> bool:
        """Whether the file has all arrays of this layer, with its shapes."""
        array_specs = list(layer.arrays())
        name = self.names.get(layer.name)
        return not array_specs or (
            name is not None
            and all(
                self.shapes.get(self.dialect.array_name(name, array_spec.role))
                == self.dialect.shape(array_spec)
                for array_spec in array_specs
            )
        )
