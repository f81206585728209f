"""plan -> a network's source in plain PyTorch. Beside it, line by line: keras.py.

The source computes what `resnet_torch.build` builds, to the last bit and under the same names.
"""

from collections.abc import Iterator, Sequence

from resnet_duet.source.text import Call, decimal, statement
from resnet_duet.source.words import (
    MIXED,
    Column,
    Variant,
    Words,
    alone,
    columns,
    reading,
    runs,
    stages,
    variants,
)
from resnet_spec.choices import Padding, StemPool
from resnet_spec.layers import (
    AvgPool,
    Block,
    Conv,
    Dense,
    GlobalAvgPool,
    MaxPool,
    Norm,
    Plan,
    Relu,
    ZeroPadChannels,
)

IMPORTS = """\
import torch.nn.functional as F
from torch import nn
"""

# TensorFlow's padding, for networks that have it.
SAME_PADDING = '''
def same_padding(x, kernel, stride):
    """As TensorFlow pads: as few zeros as will do, the odd one right and below."""
    sides = []
    for size in (x.shape[3], x.shape[2]):  # F.pad asks for the last axis first
        total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        sides += [total // 2, total - total // 2]
    return sides

'''
SAME_CONV = """
class SameConv2d(nn.Conv2d):
    def forward(self, x):
        kernel = self.dilation[0] * (self.kernel_size[0] - 1) + 1
        return super().forward(F.pad(x, same_padding(x, kernel, self.stride[0])))

"""
SAME_POOL = """
class SameMaxPool2d(nn.MaxPool2d):
    def forward(self, x):
        sides = same_padding(x, self.kernel_size, self.stride)
        return super().forward(F.pad(x, sides, value=-float("inf")))

"""

INITIAL = """\
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(
                    module.weight, mode="fan_out", nonlinearity="relu"
                )"""
INITIAL_BIAS = """\
                if module.bias is not None:
                    nn.init.zeros_(module.bias)"""

Adopted = dict[str, list[Column]]  # {child of a module: its layers}


def source(plan: Plan, title: str) -> str:
    """A Python file that makes `model`, freshly initialised, of (N, C, H, W) images.

    Args:
        plan: the network.
        title: what the file says of itself.
    """
    words = Words(plan.blocks(), inputs="inputs")
    code = "\n".join((*block(list(plan.blocks()), words), "", "", *resnet(plan, words)))
    same = [text for text in (SAME_CONV, SAME_POOL) if text.split("(")[0].split()[1] in code]
    helpers = "".join((SAME_PADDING, *same) if same else ())
    imports = IMPORTS if same else IMPORTS.splitlines(keepends=True)[1]
    return f'"""{title}"""\n\n{imports}\n{helpers}\n{code}\n\n\nmodel = ResNet()\n'


def block(blocks: Sequence[Block], words: Words) -> Iterator[str]:
    """`class Block`: one code for every block of the network."""
    pre, branch, tail = (
        adopted(columns(blocks, parts))
        for parts in zip(*((b.pre, b.branch, b.tail) for b in blocks), strict=True)
    )
    beside = list(variants(blocks, words))
    lines = [*members(pre, words), *members(branch, words), *shortcut(blocks, beside, words)]
    lines += members(tail, words)
    yield "class Block(nn.Module):"
    yield f"    def __init__({', '.join(('self', *words.parameters))}):"
    yield "        super().__init__()"
    yield from lines
    yield ""
    yield "    def forward(self, x):"
    yield from chain(pre, "h", "x")
    yield from chain(branch, "y", "h" if pre else "x")
    if beside:
        yield from chain_beside(blocks, beside)
    y = "y" if blocks[0].shortcut is None else "y + s" if beside else "y + x"
    yield f"        return {applied(tail, y)}"


def shortcut(blocks: Sequence[Block], beside: Sequence[Variant], words: Words) -> Iterator[str]:
    """The members of a block's shortcut: every form that it has, or None for the identity."""
    for variant in beside:
        depth = 3 if variant.keyword else 2
        if variant.keyword:
            yield f"        {variant.keyword} {variant.condition}".rstrip() + ":"
        yield from members(adopted(variant.columns), words, depth)
    if beside and any(block.shortcut == () for block in blocks):
        yield "        else:"
        yield "            self.downsample = None"
    if reading(beside) == MIXED:
        mixed = [block.shortcut_reads_pre for block in blocks]
        yield f"        self.reads_pre = {words.condition(mixed, 'first')}"


def chain_beside(blocks: Sequence[Block], beside: Sequence[Variant]) -> Iterator[str]:
    """Run x, or what `pre` made of it, through the shortcut."""
    reads, otherwise = reading(beside), "x"
    if reads == MIXED:
        yield "        s = h if self.reads_pre else x"
        reads = otherwise = "s"
    s = f"self.downsample({reads})"
    if any(block.shortcut == () for block in blocks):
        s = f"{otherwise} if self.downsample is None else {s}"
    yield f"        s = {s}"


def resnet(plan: Plan, words: Words) -> Iterator[str]:
    """`class ResNet`: stem, stages, head; the module paths are torchvision's."""
    nothing = Words((), inputs="")
    stem, head = adopted(alone(plan.stem)), adopted(alone(plan.head))
    yield "class ResNet(nn.Module):"
    yield "    def __init__(self):"
    yield "        super().__init__()"
    yield from members(stem, nothing)
    for stage, calls in stages(plan, words):
        blocks = []
        for first, end, arguments in runs(calls):
            one = Call("Block", tuple(arguments))
            many = f"*[{one} for _ in range({end - first})]"
            blocks.append(one if end - first == 1 else many)
        yield from statement(2, f"self.{stage} = ", Call("nn.Sequential", tuple(blocks)))
    yield from members(head, nothing)
    yield INITIAL
    if any(isinstance(layer, Conv) and layer.bias for layer in plan.layers()):
        yield INITIAL_BIAS
    yield ""
    yield "    def forward(self, x):"
    yield from chain(stem, "x", "x")
    for stage, _ in stages(plan, words):
        yield f"        x = self.{stage}(x)"
    yield f"        return {applied(head, 'x')}"


def adopted(layers: Sequence[Column]) -> Adopted:
    """Layers by the child they are in: `conv1`, or `downsample` for `downsample.0`."""
    children: Adopted = {}
    for layer in layers:
        children.setdefault(layer.name.partition(".")[0], []).append(layer)
    return children


def members(children: Adopted, words: Words, depth: int = 2) -> Iterator[str]:
    """`self.conv1 = nn.Conv2d(...)`; a child of several layers is a Sequential of them."""
    for child, layers in children.items():
        codes = {layer.name.partition(".")[2]: build_layer(layer, words) for layer in layers}
        alone = codes.get("")
        if alone is None:
            # timm keeps a place for the pool of a ResNet-D shortcut where there is none.
            last = max(map(int, codes))
            places = [codes.get(str(i), "nn.Identity()") for i in range(last + 1)]
            alone = Call("nn.Sequential", tuple(places))
        yield from statement(depth, f"self.{child} = ", alone)


def chain(children: Adopted, target: str, x: str) -> Iterator[str]:
    """Run x through the children, each convolution and what follows it in a line."""
    lines: list[Adopted] = []
    for child, layers in children.items():
        if not lines or isinstance(layers[0].sample, Conv):
            lines.append({})
        lines[-1][child] = layers
    for line in lines:
        yield f"        {target} = {applied(line, x)}"
        x = target


def applied(children: Adopted, x: str) -> str:
    """self.bn1(self.conv1(x))."""
    for child in children:
        x = f"self.{child}({x})"
    return x


def build_layer(layer: Column, words: Words) -> Call:
    """The module that computes this layer."""
    match layer.sample:
        case Conv():
            return conv(layer, words)
        case Norm(eps=eps, decay=decay):
            channels = words.channels(layer.values("channels"))
            settings = [] if eps == 1e-5 else [f"eps={decimal(eps)}"]
            settings += [] if decay == 0.9 else [f"momentum=1 - {decimal(decay)}"]
            return Call("nn.BatchNorm2d", (channels, *settings))
        case Relu():
            return Call("nn.ReLU", ())
        case MaxPool():
            return max_pool(layer, words)
        case AvgPool(zeros_count=zeros_count):
            stride = words.stride(layer.values("stride"))
            if zeros_count:
                pad = Call("nn.ZeroPad2d", ("(0, 1, 0, 1)",))
                return Call("nn.Sequential", (pad, Call("nn.AvgPool2d", ("2", stride))))
            edges = ("ceil_mode=True", "count_include_pad=False")
            return Call("nn.AvgPool2d", ("2", stride, *edges))
        case ZeroPadChannels():
            before = words.channels(layer.values("before"))
            after = words.channels(layer.values("after"))
            return Call("nn.ZeroPad3d", (f"(0, 0, 0, 0, {before}, {after})",))
        case GlobalAvgPool():
            pool = Call("nn.AdaptiveAvgPool2d", ("1",))
            return Call("nn.Sequential", (pool, Call("nn.Flatten", ())))
        case Dense(in_features=in_features, out_features=out_features):
            return Call("nn.Linear", (str(in_features), str(out_features)))


def conv(layer: Column, words: Words) -> Call:
    """(N, C, H, W) -> (N, O, H', W')."""
    one = next(c for c in layer.layers if isinstance(c, Conv))
    inputs = words.inputs(layer.values("in_channels"))
    outputs = words.channels(layer.values("out_channels"))
    stride, dilation = words.stride(layer.values("stride")), "1"
    settings = [] if stride == "1" else [f"stride={stride}"]
    same = one.padding is Padding.SAME and one.kernel > 1 and stride != "1"
    if one.kernel > 1:
        dilation = words.dilation(layer.values("dilation"))
    if one.kernel > 1 and not same:
        padding = str(one.pad) if dilation.isdigit() else dilation  # of a 3x3 kernel
        settings.append(f"padding={padding}")
    settings += [] if dilation == "1" else [f"dilation={dilation}"]
    settings += [] if one.groups == 1 else [f"groups={one.groups}"]
    settings += [] if one.bias else ["bias=False"]
    return Call(
        "SameConv2d" if same else "nn.Conv2d", (inputs, outputs, str(one.kernel), *settings)
    )


def max_pool(layer: Column, words: Words) -> Call:
    """(N, C, H, W) -> (N, C, H', W')."""
    one = next(p for p in layer.layers if isinstance(p, MaxPool))
    size = (str(one.kernel), words.stride(layer.values("stride")))
    match one.border:
        case StemPool.NONE:
            return Call("nn.MaxPool2d", size)
        case StemPool.MINUS_INFINITY:
            return Call("nn.MaxPool2d", (*size, f"padding={one.pad}"))
        case StemPool.ZERO:
            pad = Call("nn.ZeroPad2d", (str(one.pad),))
            return Call("nn.Sequential", (pad, Call("nn.MaxPool2d", size)))
        case StemPool.SAME:
            return Call("SameMaxPool2d", size)
