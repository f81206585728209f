"""A folder that transformers or timm saved: the weights next to a `config.json`."""

from pathlib import Path

CONFIG = "config.json"
WEIGHTS = ("model.safetensors", "pytorch_model.bin")  # the first is preferred, as by the libraries


def weights_in(path: Path) -> Path:
    """The file of the weights, if the path is such a folder; otherwise the path itself."""
    if (path / CONFIG).is_file():
        return next((path / name for name in WEIGHTS if (path / name).is_file()), path)
    return path
