"""Networks of resnet_tf: torchvision's layer names, Keras' words and layouts."""

from collections.abc import Collection, Mapping

from resnet_duet.weights.dialect import KERAS, Dialect, any_network, canonical_names
from resnet_duet.weights.numbering import unambiguous
from resnet_spec import Plan


def normalize_names(names: Collection[str], plan: Plan) -> Mapping[str, str]:
    """On Keras' PyTorch backend, names have an underscore for each dot: `layer1_0_conv1/kernel`."""
    known = {name.replace(".", "_"): name for name in canonical_names(plan)}
    parts = {name: name.rpartition("/") for name in names}
    return unambiguous(
        {
            name: known.get(layer, layer) + separator + word
            for name, (layer, separator, word) in parts.items()
        }
    )


DIALECT = Dialect("keras", KERAS, canonical_names, any_network, normalize_names)
