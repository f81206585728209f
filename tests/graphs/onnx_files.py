"""What the tests of ONNX graphs share."""

from pathlib import Path

import numpy as np

from resnet_duet.graphs.operations import Foreign, Graph


def foreign(graph: Graph) -> list[str]:
    """The texts of the operations that no kind expresses."""
    return [op.kind.text for op in graph.operations if isinstance(op.kind, Foreign)]


def outputs_of(path: Path, x: np.ndarray) -> np.ndarray:
    """The first output of a file, from onnxruntime.

    Args:
        path: of an ONNX file.
        x: images (N, H, W, C), which are transposed if the file reads (N, C, H, W).
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    image = session.get_inputs()[0]
    feed = x if image.shape[3] == 3 else np.ascontiguousarray(x.transpose(0, 3, 1, 2))
    return session.run(None, {image.name: feed})[0]
