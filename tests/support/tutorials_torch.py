"""PyTorch networks of tutorials at their published depths, with any number of channels.

All are in float64, with random weights and statistics.
"""

from torch import nn
from torch.nn import functional as F

from support.tutorial_modules import BiasBlock, ProjectionBlock, Tutorial, ready

DEPTHS = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
}
FULL = 64  # channels of the stem in the published networks
CLASSES = 7


class PlainBlock(nn.Module):
    """torchvision's block: a basic one, or a bottleneck with groups in its first 1x1 as well.

    Args:
        inputs, width: channels of the block's input and of its stage.
        expansion: 1 for a basic block, 4 for a bottleneck.
        stride: of the block.
        mid: channels between the convolutions of a bottleneck.
        groups: of the first 1x1 and of the 3x3.
    """

    def __init__(self, inputs, width, expansion, stride, mid, groups):
        super().__init__()
        outputs = width * expansion
        shapes = [(inputs, outputs, 3, stride, 1), (outputs, outputs, 3, 1, 1)]
        if expansion > 1:
            shapes = [
                (inputs, mid, 1, 1, groups),
                (mid, mid, 3, stride, groups),
                (mid, outputs, 1, 1, 1),
            ]
        for number, (a, b, size, own_stride, own_groups) in enumerate(shapes, start=1):
            convolution = nn.Conv2d(
                a, b, size, own_stride, size // 2, groups=own_groups, bias=False
            )
            self.add_module(f"conv{number}", convolution)
            self.add_module(f"bn{number}", nn.BatchNorm2d(b))
        self.count = len(shapes)
        self.downsample = None
        if stride > 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x):
        y = x
        for number in range(1, self.count + 1):
            convolution, norm = (getattr(self, f"{name}{number}") for name in ("conv", "bn"))
            y = norm(convolution(y))
            y = F.relu(y) if number < self.count else y
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


def stages(depth, channels, expansion, block):
    """Four stages of blocks; `block(inputs, width, stride)` makes one."""
    inputs, found = channels, []
    for number, length in enumerate(DEPTHS[depth]):
        width, blocks = channels * 2**number, []
        for position in range(length):
            blocks.append(block(inputs, width, 2 if number and not position else 1))
            inputs = width * expansion
        found.append(blocks)
    return found


def expansion_of(depth):
    """The expansion of the blocks of a network of this depth."""
    return 4 if depth > 34 else 1


def biased(depth, channels=FULL):
    """T0: convolutions with biases, `shortcut.0`, no classifier."""
    own = expansion_of(depth)
    blocks = stages(depth, channels, own, lambda i, w, s: BiasBlock(i, w, own, s))
    return ready(Tutorial(blocks, stem_bias=False, classes=None, channels=channels))


def standard(depth, channels=FULL, classes=CLASSES, groups=1, width_per_group=64):
    """T1 and T4: torchvision's names; ResNeXt has groups in the first 1x1 as well."""
    own = expansion_of(depth)

    def block(inputs, width, stride):
        mid = width * width_per_group // 64 * groups
        return PlainBlock(inputs, width, own, stride, mid, groups)

    blocks = stages(depth, channels, own, block)
    return ready(Tutorial(blocks, stem_bias=False, classes=classes, channels=channels))


def projected(depth, channels=FULL):
    """T3: biases everywhere, projections `conv3` without a norm."""
    blocks = stages(depth, channels, 1, ProjectionBlock)
    return ready(Tutorial(blocks, stem_bias=True, classes=CLASSES, channels=channels))


def numbered(depth, channels=FULL):
    """T3 as one `Sequential`: 0.0, 0.1, 1.0.conv1 ... 7.weight."""
    stem = nn.Sequential(
        nn.Conv2d(3, channels, 7, 2, 3),
        nn.BatchNorm2d(channels),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, 1),
    )
    body = [nn.Sequential(*blocks) for blocks in stages(depth, channels, 1, ProjectionBlock)]
    head = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8 * channels, CLASSES))
    return ready(nn.Sequential(stem, *body, *head))
