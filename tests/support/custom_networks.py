"""Networks as users write them: plain PyTorch, plain Keras, custom layer names."""

import keras
import torch
from keras import layers
from torch import nn


class Cell(nn.Module):
    """A basic block with an option B shortcut."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.a = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.an = nn.BatchNorm2d(outputs)
        self.b = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn = nn.BatchNorm2d(outputs)
        self.skip = nn.Sequential()
        if stride > 1 or inputs != outputs:
            self.skip = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x):
        y = self.bn(self.b(torch.relu(self.an(self.a(x)))))
        return torch.relu(y + self.skip(x))


class CustomTorchNet(nn.Module):
    """cifar_resnet20_b with names that no dialect knows."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(16)
        widths = [16] * 3 + [32] * 3 + [64] * 3
        inputs = [16, *widths[:-1]]
        cells = zip(inputs, widths, strict=True)
        self.cells = nn.ModuleList(Cell(i, o, 2 if i != o else 1) for i, o in cells)
        self.last = nn.Linear(64, 10)

    def forward(self, x):
        x = torch.relu(self.norm(self.first(x)))
        for cell in self.cells:
            x = cell(x)
        return self.last(x.mean((2, 3)))


def custom_torch_net(built):
    """A custom module with the arrays of a cifar_resnet20_b of `resnet_torch`, in order."""
    net = CustomTorchNet().to(next(built.parameters()).dtype).eval()
    names, arrays = list(net.state_dict()), list(built.state_dict().values())
    net.load_state_dict(dict(zip(names, arrays, strict=True)))
    return net


def custom_keras_net(arrays, padding, norm):
    """cifar_resnet20_b as users write it in Keras.

    Args:
        arrays: {canonical layer/word: array} in Keras' layout.
        padding: of the strided convolutions, "same", or "valid" after a ZeroPadding2D.
        norm: settings of BatchNormalization.
    """

    def conv(x, filters, kernel, stride):
        mode = padding if stride > 1 and kernel > 1 else "same"
        if mode == "valid":
            x = layers.ZeroPadding2D(kernel // 2)(x)
        return layers.Conv2D(filters, kernel, stride, mode, use_bias=False)(x)

    def normed(x):
        return layers.BatchNormalization(**norm)(x)

    image = keras.Input((None, None, 3))
    x = layers.ReLU()(normed(conv(image, 16, 3, 1)))
    for filters in (16, 32, 64):
        for block in range(3):
            stride = 2 if block == 0 and filters > 16 else 1
            y = layers.ReLU()(normed(conv(x, filters, 3, stride)))
            y = normed(conv(y, filters, 3, 1))
            if stride > 1:
                x = normed(conv(x, filters, 1, stride))
            x = layers.ReLU()(layers.Add()([y, x]))
    model = keras.Model(image, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))
    fill(model, arrays)
    return model


def fill(model, arrays):
    """Write canonical arrays to the layers of each kind, in the order in which they were built."""
    kinds = {layers.Conv2D: "kernel", layers.BatchNormalization: "gamma", layers.Dense: "kernel"}
    for kind, word in kinds.items():
        own = [layer for layer in model.layers if type(layer) is kind]
        own.sort(key=lambda layer: int(layer.name.rpartition("_")[2] or 0)
                 if layer.name[-1].isdigit() else -1)  # fmt: skip
        names = [n.removesuffix(f"/{word}") for n in arrays if n.endswith(f"/{word}")]
        names = [n for n in names if (n == "fc") == (kind is layers.Dense)]
        for layer, name in zip(own, names, strict=True):
            layer.set_weights([a for n, a in arrays.items() if n.rpartition("/")[0] == name])
