"""Keras 1's names of layers and settings, under today's names."""

from collections.abc import Mapping
from typing import Any

CLASSES = {"Convolution2D": "Conv2D", "AtrousConvolution2D": "Conv2D"}
SETTINGS = {
    "nb_filter": "filters",
    "subsample": "strides",
    "border_mode": "padding",
    "dim_ordering": "data_format",
    "bias": "use_bias",
    "atrous_rate": "dilation_rate",
    "output_dim": "units",
    "p": "rate",
}
LAYOUTS = {"tf": "channels_last", "th": "channels_first"}


def today(class_name: str, config: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The class and the settings of a layer under the names of Keras 2 and 3.

    Args:
        class_name: of any version of Keras.
        config: the settings of the layer.
    """
    if class_name == "Merge" and config.get("mode") == "sum":
        return "Add", {"name": config.get("name"), "mode": "sum"}
    if class_name == "Activation" or not SETTINGS.keys() & config.keys():
        return CLASSES.get(class_name, class_name), config
    found = {SETTINGS.get(key, key): value for key, value in config.items()}
    if found.get("data_format") in LAYOUTS:
        found["data_format"] = LAYOUTS[found["data_format"]]
    if "nb_row" in found and "nb_col" in found:
        found["kernel_size"] = [found.pop("nb_row"), found.pop("nb_col")]
    return CLASSES.get(class_name, class_name), found
