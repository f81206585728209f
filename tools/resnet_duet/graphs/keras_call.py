"""One call of a Keras layer, as the functions that translate it to operations see it."""

from dataclasses import dataclass, field
from typing import Any

from resnet_duet.errors import FileError
from resnet_duet.graphs.keras_arrays import LayerPath, Variable, by_word
from resnet_duet.graphs.keras_references import Call, Tensor
from resnet_duet.graphs.keras_settings import ForeignError, Settings
from resnet_duet.graphs.keras_tree import Layer, Shape
from resnet_duet.graphs.operations import Weight


@dataclass(frozen=True)
class Value:
    """The output of an operation.

    Attributes:
        operation: its name; IMAGE for the image.
        shape: (N, H, W, C) or (N, C), None for sizes that are not known; () if nothing is known.
    """

    operation: str
    shape: Shape


@dataclass(frozen=True)
class LayerCall:
    """One call of a layer.

    Attributes:
        layer: the layer.
        path: of the layer.
        call: the arguments.
        inputs: the value of each reference in the arguments.
        variables: of the layer, in the file's order.
        settings: of the layer, or of an operation that has its attributes among its arguments.
    """

    layer: Layer
    path: LayerPath
    call: Call
    inputs: tuple[Value, ...]
    variables: tuple[Variable, ...]
    settings: Settings = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "settings", Settings(self.layer))

    @property
    def shape(self) -> Shape:
        """The shape of the first input."""
        return self.inputs[0].shape

    @property
    def channels(self) -> int | None:
        """The size of the last axis of the first input; None if it is not known."""
        return self.shape[-1] if self.shape else None

    def need_map(self) -> None:
        """Raise ForeignError if the input is not a feature map (N, H, W, C)."""
        if len(self.shape) not in (0, 4):
            raise ForeignError(f"{self.layer.class_name} of an input of {len(self.shape)} axes")

    def need_features(self) -> None:
        """Raise ForeignError if the input is not (N, C)."""
        if len(self.shape) not in (0, 2):
            raise ForeignError(f"{self.layer.class_name} of an input of {len(self.shape)} axes")

    def channels_last(self) -> None:
        """Take the layout. Raises ForeignError: images are (N, C, H, W)."""
        self.settings.only("data_format", "channels_last", None, instead="channels_last")

    def weights(self, axes: dict[str, str]) -> dict[str, Weight]:
        """The layer's variables.

        Args:
            axes: {Keras' name of a variable: its axes}, in Keras' order.
        """
        found = by_word(self.path, self.variables, list(axes))
        for word, variable in found.items():
            if len(variable.shape) != len(axes[word]):
                raise FileError(f"{variable.name} has the shape {variable.shape}")
        return {word: Weight(v.name, axes[word], v.shape) for word, v in found.items()}

    def argument(self, position: int, key: str, default: Any) -> Any:
        """An argument of an operation, by position or by name."""
        if position < len(self.call.args):
            return self.call.args[position]
        return self.call.kwargs.get(key, default)

    def only_arguments(self, positions: int, *keys: str) -> None:
        """Raise ForeignError for arguments other than these."""
        kwargs = {key for key, value in self.call.kwargs.items() if value is not None}
        unknown = sorted(kwargs - {*keys, "name"})
        if unknown:
            raise ForeignError(f"{self.layer.class_name} called with {unknown[0]}")
        if len(self.call.args) > positions:
            raise ForeignError(f"{self.layer.class_name} called with more than {positions} values")

    def layer_arguments(self, trained: bool = False) -> None:
        """Check the call of a layer on one tensor: in inference, without a mask.

        Args:
            trained: whether `training=True` is the default of the layer's class, which a model
                replaces in inference.
        """
        kwargs = dict(self.call.kwargs)
        training = kwargs.pop("training", None)
        if training not in (None, False, trained):
            raise ForeignError(f"{self.layer.class_name} called with training={training}")
        unknown = sorted(key for key, value in kwargs.items() if value is not None)
        if unknown:
            raise ForeignError(f"{self.layer.class_name} called with {unknown[0]}")
        if len(self.call.args) != 1 or not isinstance(self.call.args[0], Tensor):
            raise ForeignError(f"{self.layer.class_name} called with {len(self.inputs)} inputs")
