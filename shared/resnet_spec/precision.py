"""The precisions that every builder supports, checked in one place."""

from typing import Literal

from resnet_spec.choices import Precision
from resnet_spec.errors import SpecError

Dtype = Literal["float16", "float32", "float64"]  # the values of `Precision`, for type checkers


def precision(dtype: str) -> str:
    """The name of a precision, checked.

    Args:
        dtype: "float16", "float32" or "float64".

    Raises:
        SpecError: any other text. It lists the three.
    """
    try:
        return Precision(dtype).value
    except ValueError as error:
        raise SpecError([f"dtype must be one of {', '.join(Precision)}, not {dtype!r}"]) from error
