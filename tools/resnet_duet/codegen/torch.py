"""plan -> source code in plain PyTorch. Counterpart: keras.py.

The code computes the same bits as the network of `resnet_torch.build`, under the same names.
"""

from collections.abc import Iterator, Sequence

from resnet_duet.codegen.columns import (
    MIXED,
    LayerColumn,
    ShortcutForm,
    columns,
    shortcut_forms,
    shortcut_input,
    single_layers,
    stage_calls,
)
from resnet_duet.codegen.signature import BlockSignature
from resnet_duet.codegen.text import Call, Statement
from resnet_duet.codegen.torch_layers import build_layer
from resnet_spec.layers import Conv
from resnet_spec.structure import Block, Plan

# For networks with TensorFlow's padding.
SAME_PADDING = '''
def same_padding(x, kernel, stride):
    """TensorFlow's padding: an odd zero goes to the right and bottom."""
    padding = []
    for size in (x.shape[3], x.shape[2]):  # F.pad takes the last axis first
        total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        padding += [total // 2, total - total // 2]
    return padding

'''
SAME_LAYERS = {
    "SameConv2d": """
class SameConv2d(nn.Conv2d):
    def forward(self, x):
        kernel = self.dilation[0] * (self.kernel_size[0] - 1) + 1
        return super().forward(F.pad(x, same_padding(x, kernel, self.stride[0])))

""",
    "SameMaxPool2d": """
class SameMaxPool2d(nn.MaxPool2d):
    def forward(self, x):
        padding = same_padding(x, self.kernel_size, self.stride)
        return super().forward(F.pad(x, padding, value=-float("inf")))

""",
}

INITIAL = """\
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(
                    module.weight, mode="fan_out", nonlinearity="relu"
                )"""
INITIAL_BIAS = """\
                if module.bias is not None:
                    nn.init.zeros_(module.bias)"""

TORCH_EPS = 1e-5  # of nn.BatchNorm2d

Children = dict[str, list[LayerColumn]]  # {child of a module: its layers}


def source(plan: Plan, title: str) -> str:
    """A Python file that makes `model`, freshly initialised, for images (N, C, H, W).

    Args:
        plan: the network.
        title: the file's docstring.

    Raises:
        ResNetError: the network has a layer kind that has no source form.
    """
    signature = BlockSignature(plan.blocks(), "inputs", TORCH_EPS)
    code = "\n".join((*block(list(plan.blocks()), signature), "", "", *resnet(plan, signature)))
    same = "".join(text for name, text in SAME_LAYERS.items() if name in code)
    imports = "import torch.nn.functional as F\n" * bool(same) + "from torch import nn\n"
    helpers = SAME_PADDING + same if same else ""
    return f'"""{title}"""\n\n{imports}\n{helpers}\n{code}\n\n\nmodel = ResNet()\n'


def block(blocks: Sequence[Block], signature: BlockSignature) -> Iterator[str]:
    """`class Block`: the same code for every block of the network."""
    pre, branch, post = (
        by_child(columns(blocks, chains))
        for chains in zip(*((b.pre, b.branch, b.post) for b in blocks), strict=True)
    )
    forms = list(shortcut_forms(blocks, signature))
    lines = [
        *members(pre, signature),
        *members(branch, signature),
        *shortcut(blocks, forms, signature),
        *members(post, signature),
    ]
    yield "class Block(nn.Module):"
    yield f"    def __init__({', '.join(('self', *signature.parameters))}):"
    yield "        super().__init__()"
    yield from lines
    yield ""
    yield "    def forward(self, x):"
    yield from chain(pre, "h", "x")
    yield from chain(branch, "y", "h" if pre else "x")
    if forms:
        yield from shortcut_chain(blocks, forms)
    y = "y" if blocks[0].shortcut is None else "y + s" if forms else "y + x"
    yield f"        return {applied(post, y)}"


def shortcut(
    blocks: Sequence[Block], forms: Sequence[ShortcutForm], signature: BlockSignature
) -> Iterator[str]:
    """The members of a block's shortcut: every form with layers, or None for the identity."""
    for form in forms:
        depth = 3 if form.keyword else 2
        if form.keyword:
            yield f"        {form.keyword} {form.condition}".rstrip() + ":"
        yield from members(by_child(form.columns), signature, depth)
    if forms and any(block.shortcut == () for block in blocks):
        yield "        else:"
        yield "            self.downsample = None"
    if shortcut_input(forms) == MIXED:
        mixed = [block.shortcut_reads_pre for block in blocks]
        yield f"        self.reads_pre = {signature.condition(mixed, 'first')}"


def shortcut_chain(blocks: Sequence[Block], forms: Sequence[ShortcutForm]) -> Iterator[str]:
    """Run x, or the output of `pre`, through the shortcut."""
    reads, otherwise = shortcut_input(forms), "x"
    if reads == MIXED:
        yield "        s = h if self.reads_pre else x"
        reads = otherwise = "s"
    s = f"self.downsample({reads})"
    if any(block.shortcut == () for block in blocks):
        s = f"{otherwise} if self.downsample is None else {s}"
    yield f"        s = {s}"


def resnet(plan: Plan, signature: BlockSignature) -> Iterator[str]:
    """`class ResNet`: stem, stages, head. The module paths are torchvision's."""
    outside = BlockSignature((), "", TORCH_EPS)
    stem, head = by_child(single_layers(plan.stem)), by_child(single_layers(plan.head))
    yield "class ResNet(nn.Module):"
    yield "    def __init__(self):"
    yield "        super().__init__()"
    yield from members(stem, outside)
    for stage, runs in stage_calls(plan, signature):
        blocks = []
        for indices, arguments in runs:
            call = Call("Block", tuple(arguments))
            many = f"*[{call} for _ in range({len(indices)})]"
            blocks.append(call if len(indices) == 1 else many)
        yield from Statement(2, f"self.{stage} = ", Call("nn.Sequential", tuple(blocks))).lines()
    yield from members(head, outside)
    yield INITIAL
    if any(isinstance(layer, Conv) and layer.bias for layer in plan.layers()):
        yield INITIAL_BIAS
    yield ""
    yield "    def forward(self, x):"
    yield from chain(stem, "x", "x")
    for name in (stage.name for stage in plan.stages):
        yield f"        x = self.{name}(x)"
    yield f"        return {applied(head, 'x')}"


def by_child(layers: Sequence[LayerColumn]) -> Children:
    """Layers by the child that contains them: `conv1`, or `downsample` for `downsample.0`."""
    children: Children = {}
    for layer in layers:
        children.setdefault(layer.name.partition(".")[0], []).append(layer)
    return children


def members(children: Children, signature: BlockSignature, depth: int = 2) -> Iterator[str]:
    """`self.conv1 = nn.Conv2d(...)`. A child with several layers is a Sequential."""
    for child, layers in children.items():
        codes = {layer.name.partition(".")[2]: build_layer(layer, signature) for layer in layers}
        code = codes.get("")
        if code is None:
            # timm has an Identity in place of the pool in a ResNet-D shortcut without stride.
            last = max(map(int, codes))
            entries = [codes.get(str(i), "nn.Identity()") for i in range(last + 1)]
            code = Call("nn.Sequential", tuple(entries))
        yield from Statement(depth, f"self.{child} = ", code).lines()


def chain(children: Children, target: str, x: str) -> Iterator[str]:
    """Run x through the children, one line for each convolution and the layers after it."""
    lines: list[Children] = []
    for child, layers in children.items():
        if not lines or isinstance(layers[0].sample, Conv):
            lines.append({})
        lines[-1][child] = layers
    for line in lines:
        yield f"        {target} = {applied(line, x)}"
        x = target


def applied(children: Children, x: str) -> str:
    """self.bn1(self.conv1(x))."""
    for child in children:
        x = f"self.{child}({x})"
    return x
