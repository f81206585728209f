"""A plain function of images. Only its output can be compared."""

import numpy as np

from resnet_duet.comparison.display import shape_text
from resnet_duet.comparison.subject import Function, Naming, Subject
from resnet_duet.weights.convert import relayout, to_nhwc
from resnet_spec import ResNetError

AXES = ("NHWC", "NCHW")


def subject(function: Function) -> Subject:
    """The function as one of the networks of a comparison.

    Raises:
        ResNetError: its axes are neither NHWC nor NCHW.
    """
    if function.axes not in AXES:
        raise ResNetError(f"axes must be NHWC or NCHW, not {function.axes!r}")

    def trace(images: np.ndarray) -> dict[str, np.ndarray]:
        output = np.asarray(function.call(relayout(images, "NHWC", function.axes)))
        if output.ndim not in (2, 4) or output.dtype.kind not in "fiub":
            raise ResNetError(
                f"{title} must return logits (N, K) or a feature map of 4 axes, and returned"
                f" {output.dtype} of shape {shape_text(output.shape) or '()'}"
            )
        return {"output": to_nhwc(output, function.axes)}

    title = f"the function {getattr(function.call, '__name__', repr(function.call))}"
    kind = f"function of {function.axes} images"
    return Subject(title, kind, trace, None, Naming.NONE, None, function.size, None)
