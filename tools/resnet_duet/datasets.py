"""Small data sets that need no download."""

from dataclasses import dataclass

import numpy as np

from resnet_duet.errors import FrameworkError

HELD_OUT = 360  # of the 1,797 digits


@dataclass(frozen=True)
class Digits:
    """scikit-learn's handwritten digits: 8x8 grey images from UCI's optical recognition set.

    Attributes:
        train_images, test_images: float32 (N, H, W, 1), in 0..1.
        train_labels, test_labels: int64 (N,).
    """

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray


def load_digits() -> Digits:
    """The digits, shuffled and split in the same way every time.

    Returns:
        1,437 images to train on and 360 to test on.

    Raises:
        FrameworkError: scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits as load_bundled
    except ModuleNotFoundError as error:
        raise FrameworkError(
            "the digits are part of scikit-learn, which is not installed:"
            " pip install 'resnet-duet[demo]'"
        ) from error
    bunch = load_bundled()
    order = np.random.default_rng(0).permutation(len(bunch.target))
    images = (bunch.images[order] / 16).astype(np.float32)[..., np.newaxis]
    labels = bunch.target[order].astype(np.int64)
    cut = len(labels) - HELD_OUT
    return Digits(images[:cut], labels[:cut], images[cut:], labels[cut:])
