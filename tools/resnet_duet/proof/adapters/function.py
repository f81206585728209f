"""A bare function of images: nothing of it is seen but its output."""

import numpy as np

from resnet_duet.port.convert import relayout
from resnet_duet.proof.network import Function, Names, Network, to_nhwc
from resnet_spec import ResNetError

AXES = ("NHWC", "NCHW")


def network(function: Function) -> Network:
    """Raises ResNetError: its axes are neither NHWC nor NCHW."""
    if function.axes not in AXES:
        raise ResNetError(f"axes must be NHWC or NCHW, not {function.axes!r}")

    def trace(images: np.ndarray) -> dict[str, np.ndarray]:
        output = np.asarray(function.call(relayout(images, "NHWC", function.axes)))
        if output.ndim not in (2, 4) or output.dtype.kind not in "fiub":
            shape = "x".join(map(str, output.shape))
            raise ResNetError(f"{title} gave {output.dtype} of shape {shape or '()'}, not logits")
        return {"output": to_nhwc(output, function.axes)}

    title = f"the function {getattr(function.call, '__name__', repr(function.call))}"
    kind = f"function of {function.axes} images"
    return Network(title, kind, trace, None, Names.OWN, None, function.size, None)
