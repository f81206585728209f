"""plan -> source code in plain Keras. Counterpart: torch.py.

The code computes the same bits as the network of `resnet_tf.build`, under the same names.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

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
from resnet_duet.codegen.keras_layers import build_layer
from resnet_duet.codegen.signature import BlockSignature
from resnet_duet.codegen.text import TAB, Call, Statement, decimal
from resnet_spec.choices import Padding
from resnet_spec.layers import Conv, Norm
from resnet_spec.structure import Block, Plan

# Keras walks a graph by recursion, and Python stops at 1,000 frames.
DEEP = 600
RECURSION = "\nsys.setrecursionlimit({limit})  # Keras walks the graph by recursion\n"

SYMMETRIC = """\
    if stride > 1 and kernel > 1:  # PyTorch's padding; "same" pads on two sides only
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
def norm(x, name{parameter}):
    return layers.BatchNormalization(epsilon={eps}, momentum={decay}, name=name)(x)

"""
DENSE = """
def dense(x, units, name):
    limit = x.shape[-1] ** -0.5  # PyTorch's default, for the kernel and the bias
    return layers.Dense(
        units,
        kernel_initializer=initializers.RandomUniform(-limit, limit),
        bias_initializer=initializers.RandomUniform(-limit, limit),
        name=name,
    )(x)

"""


def source(plan: Plan, title: str) -> str:
    """A Python file that makes `model`, freshly initialised, for images (N, H, W, C).

    Args:
        plan: the network.
        title: the file's docstring.

    Raises:
        ResNetError: the network has a layer kind that has no source form.
    """
    signature = BlockSignature(plan.blocks(), "x.shape[-1]", plan.spec.norm_eps)
    code = "\n".join((*block(list(plan.blocks()), signature), "", "", *resnet(plan, signature)))
    ops = ", ops" * ("ops." in code)
    imports = f"import keras\nfrom keras import initializers, layers{ops}\n"
    if (depth := sum(1 for _ in plan.layers())) > DEEP:
        imports = f"import sys\n\n{imports}{RECURSION.format(limit=1000 + 2 * depth)}"
    return f'"""{title}"""\n\n{imports}\n{helpers(plan)}\n{code}\n\n\nmodel = resnet()\n'


def helpers(plan: Plan) -> str:
    """`conv`, `norm` and `dense`, with the settings that are the same in the whole network."""
    convs = [layer for layer in plan.layers() if isinstance(layer, Conv)]
    norms = [layer for layer in plan.layers() if isinstance(layer, Norm)]
    common = {"dilation": 1, "groups": 1, "bias": False}
    parameters = {"stride": 1} | {
        name: value
        for name, value in common.items()
        if any(getattr(conv, name) != value for conv in convs)
    }
    settings = ["dilation_rate=dilation"] * ("dilation" in parameters)
    settings += ["groups=groups"] * ("groups" in parameters)
    settings += ["use_bias=bias" if "bias" in parameters else "use_bias=False"]
    same = plan.spec.padding is Padding.SAME
    text = CONV.format(
        parameters=", ".join(f"{name}={value}" for name, value in parameters.items()),
        symmetric="" if same else SYMMETRIC,
        padding='"same"' if same else '"same" if stride == 1 else "valid"',
        settings="".join(f"\n        {setting}," for setting in settings),
    )
    if norms:
        eps = decimal(plan.spec.norm_eps)
        varies = any(norm.eps != plan.spec.norm_eps for norm in norms)  # in projections
        text += NORM.format(
            parameter=f", eps={eps}" * varies,
            eps="eps" if varies else eps,
            decay=decimal(norms[0].decay),
        )
    return text + DENSE * bool(plan.head)


def block(blocks: Sequence[Block], signature: BlockSignature) -> Iterator[str]:
    """`def block`: the same code for every block of the network."""
    pre, branch, post = (
        columns(blocks, chains)
        for chains in zip(*((b.pre, b.branch, b.post) for b in blocks), strict=True)
    )
    forms = list(shortcut_forms(blocks, signature))
    body = [*chain(pre, signature, "h", "x"), *chain(branch, signature, "y", "h" if pre else "x")]
    body += shortcut(blocks, forms, signature)
    if blocks[0].shortcut is not None:
        s = "s" if forms else "x"
        body.append(Statement(1, "y = ", f"layers.Add(name={signature.name('add')})([y, {s}])"))
    body += chain(post, signature, "y", "y")
    yield f"def block({', '.join(('x', 'name', *signature.parameters))}):"
    for statement in (*body[:-1], replace(body[-1], before="return ")):
        yield from statement.lines()


def shortcut(
    blocks: Sequence[Block], forms: Sequence[ShortcutForm], signature: BlockSignature
) -> Iterator[Statement]:
    """The code of a block's shortcut: every form with layers; nothing for the identity alone."""
    for form in forms:
        depth = 2 if form.keyword else 1
        if form.keyword:
            yield Statement(1, "", f"{form.keyword} {form.condition}".rstrip(), ":")
        reads = shortcut_input([form])
        if reads == MIXED:
            first = signature.condition(form.reads_pre, "first")
            yield Statement(depth, "s = ", f"h if {first} else x")
            reads = "s"
        yield from chain(form.columns, signature, "s", reads, depth)
    if forms and any(block.shortcut == () for block in blocks):
        yield Statement(1, "", "else:")
        yield Statement(2, "s = ", "x")


def resnet(plan: Plan, signature: BlockSignature) -> Iterator[str]:
    """`def resnet`: stem, stages, head. A layer's name is its torchvision module path."""
    outside = BlockSignature((), "", plan.spec.norm_eps)
    yield "def resnet():"
    yield f'    image = keras.Input((None, None, {plan.spec.in_channels}), name="image")'
    for statement in chain(single_layers(plan.stem), outside, "x", "image"):
        yield from statement.lines()
    for stage, runs in stage_calls(plan, signature):
        for indices, arguments in runs:
            first, end, depth = indices.start, indices.stop, 1
            name = f'"{stage}.{first}"'
            if len(indices) > 1:
                depth, name = 2, f'f"{stage}.{{i}}"'
                yield f"{TAB}for i in range({f'{first}, ' if first else ''}{end}):"
            yield from Statement(depth, "x = ", Call("block", ("x", name, *arguments))).lines()
    for statement in chain(single_layers(plan.head), outside, "x", "x"):
        yield from statement.lines()
    yield '    return keras.Model(image, x, name="resnet")'


def chain(
    layers: Sequence[LayerColumn], signature: BlockSignature, target: str, x: str, depth: int = 1
) -> Iterator[Statement]:
    """Run x through the layers, one after the other."""
    for layer in layers:
        for code, after in build_layer(layer, signature, x, target):
            yield Statement(depth, f"{target} = ", code, after)
        x = target
