"""Small PyTorch networks in the styles in which people write them."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F


class LambdaLayer(nn.Module):
    """A function as a module."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class OptionABlock(nn.Module):
    """A basic block whose shortcut drops pixels and adds channels of zeros."""

    def __init__(self, channels, out, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.shortcut = nn.Sequential()
        if stride != 1 or channels != out:
            more = (out - channels) // 2
            self.shortcut = LambdaLayer(
                lambda x: F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, more, more), "constant", 0)
            )

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += self.shortcut(x)
        return F.relu(out)


class OptionANet(nn.Module):
    """A network for CIFAR-10, with option A and a pool as large as the map."""

    def __init__(self, block=OptionABlock):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.layer1 = nn.Sequential(block(8, 8, 1))
        self.layer2 = nn.Sequential(block(8, 16, 2))
        self.linear = nn.Linear(16, 10)

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.layer2(self.layer1(out))
        out = F.avg_pool2d(out, out.size()[3])
        return self.linear(out.view(out.size(0), -1))


class Bottleneck(nn.Module):
    """A bottleneck block with one ReLU in place."""

    def __init__(self, channels, mid, stride=1, downsample=None):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, mid, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(mid)
        self.conv2 = nn.Conv2d(mid, mid, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(mid)
        self.conv3 = nn.Conv2d(mid, mid * 4, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(mid * 4)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = downsample

    def forward(self, x):
        identity = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)


class BottleneckNet(nn.Module):
    """A network for ImageNet with two stages."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = nn.Sequential(Bottleneck(8, 4, 1, projection(8, 16, 1)), Bottleneck(16, 4))
        self.layer2 = nn.Sequential(Bottleneck(16, 8, 2, projection(16, 32, 2)))
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.dropout = nn.Dropout(0.5)
        self.fc = nn.Linear(32, 10)

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer2(self.layer1(x))
        x = torch.flatten(self.avgpool(x), 1)
        return self.fc(self.dropout(x))


class InPlace(nn.Module):
    """A shortcut that reads a tensor which a ReLU in place changes."""

    def __init__(self, shortcut):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.shortcut = shortcut

    def forward(self, x):
        x = self.conv(x)
        kept = self.shortcut(x)
        return F.relu(x, inplace=True) + kept


# The changed tensor itself, an alias of it, and a copy, which does not change.
IN_PLACE = [
    pytest.param(lambda x: x, id="itself"),
    pytest.param(lambda x: x.detach(), id="detach"),
    pytest.param(lambda x: x[:], id="slice"),
    pytest.param(lambda x: x.clone(), id="clone"),
    pytest.param(lambda x: x.to(x.dtype, copy=True), id="to"),
]


def randomised(net, seed=0):
    """The network with random statistics, scales and offsets in its norms."""
    torch.manual_seed(seed)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor in (module.running_mean, module.bias):
                nn.init.normal_(tensor, std=0.3)
            for tensor in (module.running_var, module.weight):
                nn.init.uniform_(tensor, 0.5, 1.5)
    return net


def projection(channels, out, stride):
    """A 1x1 convolution and a norm."""
    return nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out))


class FunctionalNet(nn.Module):
    """A network of functions and parameters."""

    def __init__(self):
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(8, 3, 3, 3))
        self.scale, self.offset = nn.Parameter(torch.rand(8)), nn.Parameter(torch.rand(8))
        self.register_buffer("mean", torch.rand(8))
        self.register_buffer("var", torch.rand(8) + 1)
        self.matrix, self.bias = nn.Parameter(torch.randn(5, 8)), nn.Parameter(torch.rand(5))

    def forward(self, x):
        x = F.conv2d(x, self.kernel, stride=2, padding=1)
        norm = (self.mean, self.var, self.scale, self.offset)
        x = torch.relu(F.batch_norm(x, *norm, training=False, eps=1e-3))
        x = torch.add(x, F.max_pool2d(x, 3, 1, 1)).contiguous()
        x = F.dropout(x.mean([2, 3]), 0.3, self.training)
        return F.linear(x, self.matrix, self.bias).to(x.dtype)
