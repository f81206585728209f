"""plan -> a network's source in plain Keras. Beside it, line by line: torch.py.

The source computes what `resnet_tf.build` builds, to the last bit and under the same names.
"""

from collections.abc import Iterator, Sequence

from resnet_duet.source.text import TAB, Call, decimal, statement
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

# Keras walks a graph by recursion, and Python stops at 1,000 frames.
DEEP = 600
RECURSION = """
sys.setrecursionlimit({limit})  # Keras walks the graph by recursion

"""

SYMMETRIC = """\
    if stride > 1 and kernel > 1:  # PyTorch's zeros; "same" has them on two sides
        x = layers.ZeroPadding2D(kernel // 2, name=f"{name}.pad")(x)
"""
CONV = """
def conv(x, filters, kernel, name, {parameters}):
{symmetric}    he_normal = initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal")
    return layers.Conv2D(
        filters,
        kernel,
        strides=stride,
        padding={padding},{settings}
        kernel_initializer=he_normal,
        name=name,
    )(x)

"""
NORM = """
def norm(x, name):
    return layers.BatchNormalization(epsilon={eps}, momentum={decay}, name=name)(x)

"""
DENSE = """
def dense(x, units, name):
    limit = x.shape[-1] ** -0.5  # PyTorch's default, of the kernel and of the bias
    return layers.Dense(
        units,
        kernel_initializer=initializers.RandomUniform(-limit, limit),
        bias_initializer=initializers.RandomUniform(-limit, limit),
        name=name,
    )(x)

"""


def source(plan: Plan, title: str) -> str:
    """A Python file that makes `model`, freshly initialised, of (N, H, W, C) images.

    Args:
        plan: the network.
        title: what the file says of itself.
    """
    words = Words(plan.blocks(), inputs="x.shape[-1]")
    code = "\n".join((*block(list(plan.blocks()), words), "", "", *resnet(plan, words)))
    ops = ", ops" * ("ops." in code)
    imports = f"import keras\nfrom keras import initializers, layers{ops}\n"
    if (depth := sum(1 for _ in plan.layers())) > DEEP:
        imports = f"import sys\n\n{imports}{RECURSION.format(limit=1000 + 2 * depth)}".rstrip("\n")
        imports += "\n"
    return f'"""{title}"""\n\n{imports}\n{helpers(plan)}\n{code}\n\n\nmodel = resnet()\n'


def helpers(plan: Plan) -> str:
    """`conv`, `norm` and `dense`: what is the same in the whole network is written there once."""
    convs = [layer for layer in plan.layers() if isinstance(layer, Conv)]
    norms = [layer for layer in plan.layers() if isinstance(layer, Norm)]
    parameters = {"stride": "1"} | changing(convs)
    settings = ["dilation_rate=dilation"] * ("dilation" in parameters)
    settings += ["groups=groups"] * ("groups" in parameters)
    settings += ["use_bias=bias" if "bias" in parameters else "use_bias=False"]
    same = plan.spec.padding is Padding.SAME
    text = CONV.format(
        parameters=", ".join(f"{name}={usual}" for name, usual in parameters.items()),
        symmetric="" if same else SYMMETRIC,
        padding='"same"' if same else '"same" if stride == 1 else "valid"',
        settings="".join(f"\n        {setting}," for setting in settings),
    )
    if norms:
        text += NORM.format(eps=decimal(norms[0].eps), decay=decimal(norms[0].decay))
    return text + DENSE * bool(plan.head)


def changing(convs: Sequence[Conv]) -> dict[str, str]:
    """The settings that are not in all convolutions what is usual, with the usual."""
    usual = {"dilation": 1, "groups": 1, "bias": False}
    return {
        name: str(value)
        for name, value in usual.items()
        if any(getattr(conv, name) != value for conv in convs)
    }


def block(blocks: Sequence[Block], words: Words) -> Iterator[str]:
    """`def block`: one code for every block of the network."""
    pre, branch, tail = (
        columns(blocks, parts)
        for parts in zip(*((b.pre, b.branch, b.tail) for b in blocks), strict=True)
    )
    beside = list(variants(blocks, words))
    lines = [*chain(pre, words, "h", "x"), *chain(branch, words, "y", "h" if pre else "x")]
    lines += shortcut(blocks, beside, words)
    if blocks[0].shortcut is not None:
        s = "s" if beside else "x"
        lines.append(f"    y = layers.Add(name={words.name('add')})([y, {s}])")
    lines += chain(tail, words, "y", "y")
    last = max(i for i, line in enumerate(lines) if line.startswith("    y = "))
    lines[last] = lines[last].replace("y =", "return", 1)
    yield f"def block({', '.join(('x', 'name', *words.parameters))}):"
    yield from lines


def shortcut(blocks: Sequence[Block], beside: Sequence[Variant], words: Words) -> Iterator[str]:
    """The graph of a block's shortcut: every form that it has, or none for the identity."""
    for variant in beside:
        depth = 2 if variant.keyword else 1
        if variant.keyword:
            yield f"    {variant.keyword} {variant.condition}".rstrip() + ":"
        reads = reading([variant])
        if reads == MIXED:
            first = words.condition(variant.reads_pre, "first")
            yield f"{TAB * depth}s = h if {first} else x"
            reads = "s"
        yield from chain(variant.columns, words, "s", reads, depth)
    if beside and any(block.shortcut == () for block in blocks):
        yield "    else:"
        yield "        s = x"


def resnet(plan: Plan, words: Words) -> Iterator[str]:
    """`def resnet`: stem, stages, head; a layer's name is its torchvision module path."""
    nothing = Words((), inputs="")
    yield "def resnet():"
    yield f'    image = keras.Input((None, None, {plan.spec.in_channels}), name="image")'
    yield from chain(alone(plan.stem), nothing, "x", "image")
    for stage, calls in stages(plan, words):
        for first, end, arguments in runs(calls):
            if end - first == 1:
                one = Call("block", ("x", f'"{stage}.{first}"', *arguments))
                yield from statement(1, "x = ", one)
            else:
                yield f"    for i in range({f'{first}, ' if first else ''}{end}):"
                one = Call("block", ("x", f'f"{stage}.{{i}}"', *arguments))
                yield from statement(2, "x = ", one)
    yield from chain(alone(plan.head), nothing, "x", "x")
    yield '    return keras.Model(image, x, name="resnet")'


def chain(
    layers: Sequence[Column], words: Words, target: str, x: str, depth: int = 1
) -> Iterator[str]:
    """Run x through the layers, one after the other."""
    for layer in layers:
        for code, arguments in build_layer(layer, words, x, target):
            yield from statement(depth, f"{target} = ", code, arguments)
        x = target


def build_layer(layer: Column, words: Words, x: str, y: str) -> Iterator[tuple[Call, str]]:
    """The calls that append this layer behind x; what they make is called y."""
    name = words.name(layer.name)
    match layer.sample:
        case Conv():
            yield conv(layer, words, x), ""
        case Norm():
            yield Call("norm", (x, name)), ""
        case Relu():
            yield Call("layers.ReLU", (f"name={name}",)), f"({x})"
        case MaxPool():
            yield from max_pool(layer, words, x, y)
        case AvgPool(zeros_count=zeros_count):
            stride, same = words.stride(layer.values("stride")), ['padding="same"']
            if zeros_count:
                sides = "((0, 1), (0, 1))"
                yield Call("layers.ZeroPadding2D", (sides, f"name={padding(name)}")), f"({x})"
                x, same = y, []
            settings = ("2", stride, *same, f"name={name}")
            yield Call("layers.AveragePooling2D", settings), f"({x})"
        case ZeroPadChannels():
            before = words.channels(layer.values("before"))
            after = words.channels(layer.values("after"))
            # Told that images are NCHW, the layer pads the last two axes, W and C.
            channels, nchw = f"((0, 0), ({before}, {after}))", 'data_format="channels_first"'
            yield Call("layers.ZeroPadding2D", (channels, nchw, f"name={name}")), f"({x})"
        case GlobalAvgPool():
            yield Call("layers.GlobalAveragePooling2D", (f"name={name}",)), f"({x})"
        case Dense(out_features=out_features):
            yield Call("dense", (x, str(out_features), name)), ""


def conv(layer: Column, words: Words, x: str) -> Call:
    """(N, H, W, C) -> (N, H', W', O)."""
    one = next(c for c in layer.layers if isinstance(c, Conv))
    filters = words.channels(layer.values("out_channels"))
    stride, dilation = words.stride(layer.values("stride")), "1"
    settings = [] if stride == "1" else [f"stride={stride}"]
    if one.kernel > 1:
        dilation = words.dilation(layer.values("dilation"))
    settings += [] if dilation == "1" else [f"dilation={dilation}"]
    settings += [] if one.groups == 1 else [f"groups={one.groups}"]
    settings += ["bias=True"] if one.bias else []
    return Call("conv", (x, filters, str(one.kernel), words.name(layer.name), *settings))


def max_pool(layer: Column, words: Words, x: str, y: str) -> Iterator[tuple[Call, str]]:
    """(N, H, W, C) -> (N, H', W', C)."""
    one = next(p for p in layer.layers if isinstance(p, MaxPool))
    name, p = words.name(layer.name), one.pad
    settings = [str(one.kernel), words.stride(layer.values("stride"))]
    match one.border:
        case StemPool.NONE:
            pass
        case StemPool.MINUS_INFINITY:
            sides = f"[[0, 0], [{p}, {p}], [{p}, {p}], [0, 0]]"
            yield Call("ops.pad", (x, sides, 'constant_values=-float("inf")')), ""
            x = y
        case StemPool.ZERO:
            yield Call("layers.ZeroPadding2D", (str(p), f"name={padding(name)}")), f"({x})"
            x = y
        case StemPool.SAME:
            settings.append('padding="same"')
    yield Call("layers.MaxPooling2D", (*settings, f"name={name}")), f"({x})"


def padding(name: str) -> str:
    """The name of the zeros before a layer."""
    return f'{name[:-1]}.pad"'
