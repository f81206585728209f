"""The settings of a Keras layer, each of which has to be understood."""

from typing import Any

from resnet_duet.graphs.keras_references import Json
from resnet_duet.graphs.keras_tree import Layer
from resnet_duet.graphs.operations import Pair

HARMLESS = {  # they change neither the function in inference nor the shapes of the arrays
    "name", "trainable", "dtype", "input_dtype", "batch_input_shape", "input_shape", "input_dim",
    "activity_regularizer", "seed", "init", "W_regularizer", "b_regularizer", "W_constraint",
    "b_constraint", "gamma_init", "beta_init", "fused",
}  # fmt: skip
HARMLESS_ENDINGS = ("_initializer", "_regularizer", "_constraint")
FLOATS = ("float16", "bfloat16", "float32", "float64")
POLICIES = (*FLOATS, "mixed_float16", "mixed_bfloat16")


class ForeignError(Exception):
    """A layer computes something that no operation of a `Graph` expresses.

    Attributes:
        text: what it computes, for people.
        instead: what the family has in its place; "" if there is nothing.
    """

    def __init__(self, text: str, instead: str = ""):
        super().__init__(text)
        self.text = text
        self.instead = instead


class Settings:
    """The settings of a layer that have not been read yet.

    A layer's reader takes every setting that it understands, then calls `finish`.
    """

    def __init__(self, layer: Layer):
        self.class_name = layer.class_name
        self.rest: dict[str, Any] = {
            key: value
            for key, value in layer.config.items()
            if key not in HARMLESS and not key.endswith(HARMLESS_ENDINGS)
        }
        policy = policy_name(layer.config.get("dtype"))
        if policy not in POLICIES:
            raise ForeignError(f"{layer.class_name} with dtype {policy}", "a dtype of floats")

    def take(self, key: str, default: Any) -> Any:
        """A setting, or Keras' default for files that do not have it."""
        return self.rest.pop(key, default)

    def only(self, key: str, *values: Any, instead: str = "") -> None:
        """Take a setting which must be one of these values or absent.

        Raises:
            ForeignError: it has another value.
        """
        value = self.rest.pop(key, values[0])
        if not any(value == known and type(value) is type(known) for known in values):
            raise ForeignError(f"{self.class_name} with {key}={plain(value)}", instead)

    def zero(self, key: str, instead: str) -> None:
        """Take a number which must be 0, absent or None."""
        value = self.rest.pop(key, 0)
        if value is not None and (isinstance(value, bool) or number(value) != 0):
            raise ForeignError(f"{self.class_name} with {key}={plain(value)}", instead)

    def flag(self, key: str, default: bool) -> bool:
        """Take a Boolean."""
        value = self.take(key, default)
        if not isinstance(value, bool):
            raise ForeignError(f"{self.class_name} with {key}={plain(value)}")
        return value

    def pair(self, key: str, default: int) -> Pair:
        """Take a size: one positive integer for both axes, or (height, width)."""
        value = self.take(key, default)
        pair = [value, value] if type(value) is int else value
        if isinstance(pair, list | tuple) and len(pair) == 2 and all(map(is_positive, pair)):
            return int(pair[0]), int(pair[1])
        raise ForeignError(f"{self.class_name} with {key}={plain(value)}")

    def positive(self, key: str, default: int) -> int:
        """Take a positive integer."""
        value = self.take(key, default)
        if not is_positive(value):
            raise ForeignError(f"{self.class_name} with {key}={plain(value)}")
        return int(value)

    def finish(self) -> None:
        """Raise ForeignError if a setting has not been taken."""
        for key, value in self.rest.items():
            raise ForeignError(f"{self.class_name} with {key}={plain(value)}")


def is_positive(value: Any) -> bool:
    """Whether a value of the JSON is a positive integer."""
    return type(value) is int and value > 0


def number(value: Any) -> float | None:
    """A number of the JSON; None for anything else. Keras 3 writes NumPy's scalars as objects."""
    if isinstance(value, dict) and value.get("class_name") in ("__numpy__", "__tensor__"):
        config = value.get("config")
        value = config.get("value") if isinstance(config, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)


def plain(value: Any) -> str:
    """A setting for people: the class of an object, a number as Python writes it."""
    if isinstance(value, dict):
        inner: Json = value
        config, name = inner.get("config"), inner.get("class_name", "an object")
        return config if name == "function" and isinstance(config, str) else str(name)
    return str(value)[:60]


def policy_name(value: Any) -> str:
    """The name of a dtype or dtype policy; Keras' default without one."""
    if value is None:
        return "float32"
    if isinstance(value, dict) and value.get("class_name") in ("DTypePolicy", "Policy"):
        config = value.get("config")
        value = config.get("name") if isinstance(config, dict) else None
    return value if isinstance(value, str) else plain(value)
