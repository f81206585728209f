"""Small PyTorch networks as people write them after tutorials, in float64 with random norms."""

import torch
from torch import nn

from support.networks import randomise_statistics


class BiasBlock(nn.Module):
    """A basic block, or a bottleneck, whose convolutions have biases."""

    def __init__(self, inputs, width, expansion, stride):
        super().__init__()
        outputs = width * expansion
        if expansion == 1:
            self.conv1 = nn.Conv2d(inputs, width, 3, stride, 1)
            self.bn1 = nn.BatchNorm2d(width)
            self.conv2 = nn.Conv2d(width, width, 3, 1, 1)
            self.bn2 = nn.BatchNorm2d(width)
        else:
            self.conv1 = nn.Conv2d(inputs, width, 1)
            self.bn1 = nn.BatchNorm2d(width)
            self.conv2 = nn.Conv2d(width, width, 3, stride, 1)
            self.bn2 = nn.BatchNorm2d(width)
            self.conv3 = nn.Conv2d(width, outputs, 1)
            self.bn3 = nn.BatchNorm2d(outputs)
        self.shortcut = None
        if inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs)
            )

    def forward(self, x):
        y = torch.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        if hasattr(self, "conv3"):
            y = self.bn3(self.conv3(torch.relu(y)))
        return torch.relu(y + (x if self.shortcut is None else self.shortcut(x)))


class ProjectionBlock(nn.Module):
    """A basic block whose projection, `conv3`, has a bias and no norm; convolutions come first."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1)
        self.conv3 = nn.Conv2d(inputs, outputs, 1, stride) if stride > 1 else None
        self.bn1 = nn.BatchNorm2d(outputs)
        self.bn2 = nn.BatchNorm2d(outputs)

    def forward(self, x):
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(y + (x if self.conv3 is None else self.conv3(x)))


class GroupedBlock(nn.Module):
    """A bottleneck whose first 1x1 convolution has groups as well."""

    def __init__(self, inputs, width, groups, stride):
        super().__init__()
        outputs = 4 * width
        mid = 2 * width
        self.conv1 = nn.Conv2d(inputs, mid, 1, groups=groups, bias=False)
        self.bn1 = nn.BatchNorm2d(mid)
        self.conv2 = nn.Conv2d(mid, mid, 3, stride, 1, groups=groups, bias=False)
        self.bn2 = nn.BatchNorm2d(mid)
        self.conv3 = nn.Conv2d(mid, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride > 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x):
        y = torch.relu(self.bn1(self.conv1(x)))
        y = self.bn3(self.conv3(torch.relu(self.bn2(self.conv2(y)))))
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


class Tutorial(nn.Module):
    """A stem, stages of blocks, and a classifier if `classes` is not None."""

    def __init__(self, stages, stem_bias, classes, channels=8):
        super().__init__()
        self.conv1 = nn.Conv2d(3, channels, 7, 2, 3, bias=stem_bias)
        self.bn1 = nn.BatchNorm2d(channels)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        for number, blocks in enumerate(stages, start=1):
            self.add_module(f"layer{number}", nn.Sequential(*blocks))
        self.stages = len(stages)
        if classes is not None:
            outputs = [m for m in self.modules() if isinstance(m, nn.BatchNorm2d)][-1].num_features
            self.fc = nn.Linear(outputs, classes)

    def forward(self, x):
        x = self.maxpool(torch.relu(self.bn1(self.conv1(x))))
        for number in range(1, self.stages + 1):
            x = self.get_submodule(f"layer{number}")(x)
        return self.fc(x.mean((2, 3))) if hasattr(self, "fc") else x


def biased(expansion):
    """Convolutions with biases, a stem without, `shortcut.0`, no classifier."""
    inputs, stages = 8, []
    for width, depth, stride in ((8, 2, 1), (16, 2, 2), (32, 1, 2)):
        blocks = []
        for position in range(depth):
            blocks.append(BiasBlock(inputs, width, expansion, 1 if position else stride))
            inputs = width * expansion
        stages.append(blocks)
    return ready(Tutorial(stages, stem_bias=False, classes=None))


def projected_stages():
    """The stages of `projected` and `numbered`."""
    return (
        [ProjectionBlock(8, 8, 1), ProjectionBlock(8, 8, 1)],
        [ProjectionBlock(8, 16, 2), ProjectionBlock(16, 16, 1)],
        [ProjectionBlock(16, 32, 2), ProjectionBlock(32, 32, 1)],
    )


def projected():
    """Projections `conv3` with a bias and without a norm."""
    return ready(Tutorial(projected_stages(), stem_bias=True, classes=5))


def numbered():
    """The same network as one `Sequential`: 0.0, 0.1, 1.0.conv1 ... 5.weight."""
    stem = nn.Sequential(
        nn.Conv2d(3, 8, 7, 2, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(3, 2, 1)
    )
    stages = [nn.Sequential(*blocks) for blocks in projected_stages()]
    head = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 5))
    return ready(nn.Sequential(stem, *stages, *head))


def grouped():
    """ResNeXt whose first 1x1 convolutions have groups as well."""
    stages = (
        [GroupedBlock(8, 8, 4, 1), GroupedBlock(32, 8, 4, 1)],
        [GroupedBlock(32, 16, 4, 2), GroupedBlock(64, 16, 4, 1)],
    )
    return ready(Tutorial(stages, stem_bias=False, classes=5))


def ready(net):
    """The network in float64, in inference, with random weights and statistics."""
    torch.manual_seed(0)
    net = net.double().eval()
    randomise_statistics(net)
    return net


TUTORIALS = {
    "biased basic": lambda: biased(1),
    "biased bottleneck": lambda: biased(4),
    "projection without norm": projected,
    "positions in a Sequential": numbered,
    "grouped 1x1": grouped,
}
