"""Our own Keras networks: torchvision's layer names, Keras' words and layouts."""

from resnet_spec import Plan

from resnet_duet.port.dialect import KERAS, Dialect


def layer_names(plan: Plan) -> dict[str, str]:
    """The canonical names themselves."""
    return {layer.name: layer.name for layer in plan.layers()}


DIALECT = Dialect("keras", "our Keras networks", KERAS, layer_names)
