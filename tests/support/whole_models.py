"""Files of whole models, right and with another activation, as their own libraries write them."""

import copy
import warnings
from dataclasses import dataclass
from pathlib import Path

import keras
import torch

import resnet_duet
import resnet_spec
import resnet_tf
import resnet_torch
from resnet_spec import ResNetSpec

SPEC = resnet_spec.get("cifar_resnet20_b", depths=(1, 1), widths=(8, 16))
SLOPE = 0.3  # of the LeakyReLU that replaces ReLU


@dataclass(frozen=True)
class Networks:
    """One network with random weights in both frameworks."""

    torch: "resnet_torch.ResNet"
    keras: keras.Model


def networks(spec: ResNetSpec = SPEC) -> Networks:
    """The networks of a spec, in float32."""
    weights = resnet_duet.random_weights(spec, 0, norms="random")
    torch_net, keras_net = resnet_torch.build(spec), resnet_tf.build(spec)
    resnet_torch.write(torch_net, weights)
    resnet_tf.write(keras_net, resnet_duet.convert(weights, spec, "torchvision", "keras"))
    return Networks(torch_net.eval(), keras_net)


def rebuilt(model: keras.Model, change) -> keras.Model:
    """A copy of a Keras model.

    Args:
        model: the model.
        change: layer -> another layer, or None to keep it.
    """

    def copied(layer):
        return change(layer) or type(layer).from_config(layer.get_config())

    copy = keras.models.clone_model(model, clone_function=copied)
    copy.set_weights(model.get_weights())
    return copy


def leaky(layer):
    """LeakyReLU for ReLU."""
    if isinstance(layer, keras.layers.ReLU):
        return keras.layers.LeakyReLU(SLOPE, name=layer.name)
    return None


def renamed(layer):
    """Another name for ReLU: the canonical names of the other layers stay."""
    if isinstance(layer, keras.layers.ReLU):
        return keras.layers.ReLU(name="act_" + layer.name.replace(".", "_"))
    return None


def softmax(layer):
    """A softmax after the classifier."""
    if isinstance(layer, keras.layers.Dense):
        return type(layer).from_config(layer.get_config() | {"activation": "softmax"})
    return None


def leaky_module(net: torch.nn.Module) -> torch.nn.Module:
    """A copy of a module with LeakyReLU for ReLU."""
    changed = copy.deepcopy(net)
    for parent in list(changed.modules()):
        for name, child in parent.named_children():
            if isinstance(child, torch.nn.ReLU):
                setattr(parent, name, torch.nn.LeakyReLU(SLOPE))
    return changed


def save_keras(model: keras.Model, path: Path) -> Path:
    """A .keras, .h5, .onnx file or a SavedModel of a Keras model, written by Keras."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # .h5 is a legacy format
        if path.suffix == ".onnx":
            model(keras.ops.zeros((1, 32, 40, 3)))  # Keras exports only models that were called
            model.export(path, format="onnx", verbose=False)
        elif path.suffix:
            model.save(path)
        else:
            model.export(path, verbose=False)
    return path


def save_torch(net: torch.nn.Module, path: Path, number: int | None = None) -> Path:
    """A .onnx, TorchScript .pt or .pt2 file of a module, written by PyTorch.

    Args:
        net: the module.
        path: of the file.
        number: of images if the program is to take only this number of 32x40 images.
    """
    net = net.eval()
    images = torch.randn(number or 2, 3, 32, 40)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated
        if path.suffix == ".onnx":
            axes = None if number else {"images": {0: "n", 2: "h", 3: "w"}}
            torch.onnx.export(
                net, (images,), path, dynamo=False, input_names=["images"], dynamic_axes=axes
            )
        elif path.suffix == ".pt2":
            auto = torch.export.Dim.AUTO
            shapes = None if number else ({0: auto, 2: auto, 3: auto},)
            torch.export.save(torch.export.export(net, (images,), dynamic_shapes=shapes), path)
        else:
            torch.jit.trace(net, images).save(path)
    return path


class WithSoftmax(torch.nn.Module):
    """A network and a softmax."""

    def __init__(self, net: torch.nn.Module):
        super().__init__()
        self.net = net

    def forward(self, images):
        return torch.softmax(self.net(images), 1)
