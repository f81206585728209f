"""Networks that are no ResNet of this family, recognised by their shapes, and what to do then.

Each row of `KINDS` is one kind of network: a sign, which names the array that shows it, a sentence
for the error, and a next step. The first row whose sign is found gives the error.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby, islice

from resnet_duet.errors import FileError
from resnet_duet.identify.kernels import Kernel, Layers
from resnet_duet.weights.dialect import Shapes

Sign = Callable[[Layers], str | None]

MOST_ARRAYS = 4096  # that are looked at; signs are in every block
SEVERAL = 3  # occurrences that make a sign certain
LARGE = 5  # height of a kernel that is usual at the beginning of a network only
MANY = 64  # channels that no image has
FLATTENED = 4  # smallest number of pixels that a dense layer of VGG reads from each channel
COMPARE = (
    "this family cannot express it; to compare your port of it with the original, run:"
    " resnet-duet verify original.py:model port.py:model"
)
USE_TIMM = "timm has this network in PyTorch; " + COMPARE


@dataclass(frozen=True)
class Kind:
    """A kind of network that is refused.

    Attributes:
        name: of the kind, for people.
        sign: returns the name of an array that shows the kind, or None.
        message: what distinguishes it from this family.
        advice: what to do.
    """

    name: str
    sign: Sign
    message: str
    advice: str


def recognise(shapes: Shapes) -> FileError | None:
    """The error for a network of a known kind outside this family; None for any other file.

    Args:
        shapes: {array name: shape} of the file.
    """
    layers = Layers(dict(islice(shapes.items(), MOST_ARRAYS)))
    for kind in KINDS:
        name = kind.sign(layers)
        if name is not None:
            return FileError(
                f"not a ResNet of this family but {kind.name}: {kind.message}",
                (f"for instance {name} {tuple(shapes[name])}", kind.advice),
            )
    return None


def content(shapes: Shapes) -> str:
    """The layers of a file: "53 convolutions (7x7, 1x1), 53 norms, 1 dense layer"."""
    layers = Layers(shapes)
    sizes = Counter(f"{k.height}x{k.width}" for k in layers.convolutions)
    listed = f" ({', '.join(size for size, _ in sizes.most_common(SEVERAL))})" if sizes else ""
    return (
        f"{len(layers.convolutions):,} convolutions{listed}, {len(layers.norms):,} norms,"
        f" {len(layers.dense):,} dense layers"
    )


def _first(names: Sequence[str], least: int = 1) -> str | None:
    """The first of these names, if there are enough of them."""
    return names[0] if len(names) >= least else None


def _neighbours(kernels: Sequence[Kernel], count: int) -> list[tuple[Kernel, ...]]:
    """Every run of this many consecutive kernels."""
    return list(zip(*(kernels[start:] for start in range(count)), strict=False))


def adapters(layers: Layers) -> str | None:
    """Arrays of LoRA: their names are the only sign, since any kernel may have a low rank."""
    return _first([name for name in layers.shapes if "lora_" in name.lower()])


def three_dimensions(layers: Layers) -> str | None:
    """Kernels over time, height and width."""
    found = [name for name, shape in layers.shapes.items() if len(shape) == 5]
    return None if layers.convolutions else _first(found)


def one_dimension(layers: Layers) -> str | None:
    """Kernels over time alone, and none over images."""
    found = [name for name, shape in layers.shapes.items() if len(shape) == 3]
    return None if layers.convolutions else _first(found, SEVERAL)


def channel_attention_1d(layers: Layers) -> str | None:
    """ECA's gate: one filter along the channels."""
    shapes = layers.shapes.items()
    found = [name for name, shape in shapes if len(shape) == 3 and shape[:2] == (1, 1)]
    return _first(found, SEVERAL)


def attention_pool(layers: Layers) -> str | None:
    """Query, key and value of attention on the features of convolutions."""
    if len(layers.convolutions) <= len(layers.dense):
        return None
    squares = [
        a.name
        for a, b, c in _neighbours(layers.dense, 3)
        if (a.outputs, a.inputs) == (b.outputs, b.inputs) == (c.outputs, c.inputs)
        and a.outputs == a.inputs
    ]
    fused = [
        a.name
        for a, b in _neighbours(layers.dense, 2)
        if a.outputs == 3 * a.inputs and b.inputs == a.inputs
    ]
    return _first([*squares, *fused])


def convnext(layers: Layers) -> str | None:
    """Depthwise convolutions, each before two pointwise layers with a wide middle."""
    found = [
        a.name
        for a, b, c in _neighbours(layers.kernels, 3)
        if a.is_depthwise
        and a.height >= 7
        and b.is_pointwise
        and c.is_pointwise
        and a.outputs == b.inputs == c.outputs
        and b.outputs == c.inputs > a.outputs
    ]
    return _first(found, SEVERAL)


def blur(layers: Layers) -> str | None:
    """Filters of anti-aliasing: depthwise, in few places, without a norm after them."""
    filters = [k for k in layers.convolutions if k.is_depthwise]
    is_blur = 4 * len(filters) < len(layers.convolutions) and not any(k.norm for k in filters)
    return _first([k.name for k in filters]) if is_blur else None


def depthwise(layers: Layers) -> str | None:
    """A filter for each channel."""
    return _first([k.name for k in layers.convolutions if k.is_depthwise], SEVERAL)


def transformer(layers: Layers) -> str | None:
    """More dense layers than convolutions, and norms."""
    is_one = len(layers.dense) > 2 * len(layers.convolutions) and len(layers.norms) >= SEVERAL
    return _first([k.name for k in layers.dense], 2 * SEVERAL) if is_one else None


def no_convolution(layers: Layers) -> str | None:
    """Dense layers only."""
    return None if layers.convolutions else _first([k.name for k in layers.dense])


def regnet(layers: Layers) -> str | None:
    """Groups of a constant width, in a number that grows. ResNeXt has a constant number."""
    grouped = [
        b
        for a, b, c in _neighbours([k for k in layers.convolutions if not _is_gate(k)], 3)
        if a.is_pointwise
        and c.is_pointwise
        and not b.is_pointwise
        and 1 < b.inputs < b.outputs
        and a.outputs == b.outputs == c.inputs == c.outputs
    ]
    widths = {k.inputs for k in grouped}
    numbers = {k.outputs // k.inputs for k in grouped}
    return grouped[0].name if len(grouped) >= SEVERAL and len(numbers) > len(widths) else None


def _is_gate(kernel: Kernel) -> bool:
    """Whether this is probably a layer of a gate: pointwise, with a bias and no norm."""
    return kernel.is_pointwise and kernel.has_bias and not kernel.norm


def selective_kernels(layers: Layers) -> str | None:
    """SKNet: two equal convolutions, and a gate for each of them."""
    found = [
        a.name
        for a, b, c, d in _neighbours(layers.kernels, 4)
        if not a.is_pointwise
        and (a.outputs, a.inputs) == (b.outputs, b.inputs)
        and c.is_pointwise
        and d.is_pointwise
        and c.outputs == d.inputs
        and c.inputs == a.outputs
        and d.outputs == 2 * a.outputs
    ]
    return _first(found, SEVERAL)


def split_attention(layers: Layers) -> str | None:
    """ResNeSt: a convolution in several splits, and a gate with a norm for all of them."""
    found = [
        a.name
        for a, b, c in _neighbours(layers.kernels, 3)
        if not a.is_pointwise
        and b.is_pointwise
        and c.is_pointwise
        and b.outputs == b.norm
        and b.outputs % c.inputs == 0
        and c.outputs == a.outputs
        and not c.norm
        and a.outputs % b.inputs == 0
        and (b.outputs < a.outputs)
    ]
    return _first(found, SEVERAL)


def res2net(layers: Layers) -> str | None:
    """Several small 3x3 convolutions on shares of the channels of a 1x1 convolution."""
    found = []
    grouped = groupby(layers.convolutions, key=lambda k: (k.is_pointwise, k.outputs))
    runs = [list(run) for _, run in grouped]
    for before, run, after in zip(runs, runs[1:], runs[2:], strict=False):
        reduce, expand, width = before[-1], after[0], run[0].outputs
        is_split = reduce.outputs in (width * (len(run) + 1), width * len(run))
        is_between = reduce.is_pointwise and expand.is_pointwise and not run[0].is_pointwise
        if is_split and is_between and len(run) > 1 and expand.inputs == reduce.outputs:
            found.append(run[0].name)
    return _first(found, SEVERAL)


def gates(layers: Layers) -> str | None:
    """Squeeze and excitation: two pointwise layers with a narrow middle and no norm."""
    found = [
        a.name
        for a, b in _neighbours(layers.kernels, 2)
        if a.is_pointwise
        and b.is_pointwise
        and not a.norm
        and not b.norm
        and a.inputs == b.outputs
        and a.outputs == b.inputs < a.inputs
        and a.has_bias == b.has_bias
        and (a.is_dense or a.has_bias)
    ]
    return _first(found, SEVERAL)


def spatial_attention(layers: Layers) -> str | None:
    """CBAM's spatial gate: mean and maximum of the channels give one map."""
    found = [k for k in layers.convolutions if (k.outputs, k.inputs) == (1, 2)]
    return _first([k.name for k in found], SEVERAL)


def scaled_weights(layers: Layers) -> str | None:
    """Weight standardisation with a gain for each output channel."""
    found = [
        name
        for group in layers.groups.values()
        for name, shape in group.items()
        if len(shape) == 4
        and shape[1:] == (1, 1, 1)
        and len(group) > 1
        and any(
            len(other) == 4 and other[0] == shape[0] and other != shape for other in group.values()
        )
    ]
    return _first(found, SEVERAL)


def bit(layers: Layers) -> str | None:
    """BiT: norms without statistics before the convolutions, none after the stem."""
    names = list(layers.without_statistics())
    kernels = layers.convolutions
    starts = bool(kernels) and not kernels[0].norm and not kernels[0].has_bias
    few = len(names) == len(layers.norms) < len(kernels)
    return _first(names, SEVERAL) if starts and few else None


def group_norm(layers: Layers) -> str | None:
    """Norms without a mean and a variance."""
    names = list(layers.without_statistics())
    is_one = len(layers.convolutions) > len(layers.dense) and 2 * len(names) > len(layers.norms)
    return _first(names, SEVERAL) if is_one else None


def densenet(layers: Layers) -> str | None:
    """1x1 convolutions of one width whose inputs grow by the outputs of the 3x3 after each."""
    found = [
        c.name
        for a, b, c in _neighbours(layers.convolutions, 3)
        if a.is_pointwise
        and not b.is_pointwise
        and c.is_pointwise
        and c.outputs == a.outputs == b.inputs
        and c.inputs == a.inputs + b.outputs
    ]
    return _first(found, SEVERAL)


def vgg(layers: Layers) -> str | None:
    """A dense layer on the flattened map of the last convolution, and others after it."""
    for large in [k for k in layers.convolutions if not k.is_pointwise][-1:]:
        if large.height >= LARGE and large.inputs >= MANY:
            return large.name  # a dense layer as timm stores it
    if not layers.convolutions or len(layers.dense) < 2:
        return None
    pixels, rest = divmod(layers.dense[0].inputs, layers.convolutions[-1].outputs)
    return layers.dense[0].name if not rest and pixels >= FLATTENED else None


def inception(layers: Layers) -> str | None:
    """Kernels that are not square."""
    return _first([k.name for k in layers.convolutions if k.height != k.width], SEVERAL)


def grouped_1x1(layers: Layers) -> str | None:
    """1x1 convolutions that read fewer channels than the convolution before them has."""
    pairs = [
        (a, b)
        for a, b in _neighbours(layers.convolutions, 2)
        if not a.is_pointwise and b.is_pointwise
    ]
    found = [b.name for a, b in pairs if b.inputs < a.outputs and a.outputs % b.inputs == 0]
    large = [k for k in layers.convolutions if not k.is_pointwise]
    return _first(found, SEVERAL) if 2 * len(found) > len(large) else None


KINDS = (
    Kind(
        "a LoRA adapter",
        adapters,
        "the file has changes of weights, not the weights",
        "merge the adapter into its network (peft: model.merge_and_unload()) and save that",
    ),
    Kind("a 3-D ResNet for video", three_dimensions, "its kernels have a time axis", COMPARE),
    Kind("a 1-D network", one_dimension, "its kernels have one axis, as for audio", COMPARE),
    Kind(
        "an ECA-ResNet",
        channel_attention_1d,
        "its blocks have gates (efficient channel attention)",
        USE_TIMM,
    ),
    Kind(
        "CLIP's ModifiedResNet",
        attention_pool,
        "attention pools its features, and its stem has three norms and an average-pool",
        "use its PyTorch class, of the packages clip or open_clip; " + COMPARE,
    ),
    Kind(
        "a ConvNeXt",
        convnext,
        "its blocks are depthwise convolutions and dense layers",
        "torchvision and keras.applications both have ConvNeXt; " + COMPARE,
    ),
    Kind(
        "an anti-aliased ResNet",
        blur,
        "it has blur filters before strides (BlurPool)",
        USE_TIMM,
    ),
    Kind(
        "a MobileNet, an EfficientNet or a similar network",
        depthwise,
        "its convolutions are depthwise",
        "torchvision and keras.applications both have MobileNet and EfficientNet; " + COMPARE,
    ),
    Kind(
        "a transformer",
        transformer,
        "most of its layers are dense layers, as in ViT",
        "transformers and keras_hub both have ViT; " + COMPARE,
    ),
    Kind("a network of dense layers", no_convolution, "it has no convolution", COMPARE),
    Kind(
        "a RegNet",
        regnet,
        "its groups have a constant width and its bottlenecks do not expand",
        "torchvision and keras.applications both have RegNet; " + COMPARE,
    ),
    Kind("an SKNet", selective_kernels, "each block chooses between two convolutions", USE_TIMM),
    Kind("a ResNeSt", split_attention, "its blocks have split attention", USE_TIMM),
    Kind(
        "a Res2Net",
        res2net,
        "its blocks split the channels into several small convolutions",
        USE_TIMM,
    ),
    Kind(
        "an SE-ResNet",
        gates,
        "its blocks have gates (squeeze and excitation)",
        USE_TIMM,
    ),
    Kind("a ResNet with CBAM", spatial_attention, "its blocks have spatial attention", COMPARE),
    Kind(
        "a network with standardised weights",
        scaled_weights,
        "its kernels are normalised in each forward pass and scaled by a gain, as in NF-ResNet",
        USE_TIMM,
    ),
    Kind(
        "a BiT ResNet",
        bit,
        "it has GroupNorm and, in the published networks, standardised weights",
        "timm has it in PyTorch (resnetv2_50x1_bit); " + COMPARE,
    ),
    Kind(
        "a ResNet with GroupNorm or LayerNorm",
        group_norm,
        "its norms have no running mean and variance",
        COMPARE,
    ),
    Kind(
        "a DenseNet",
        densenet,
        "each layer reads the outputs of all layers before it",
        "torchvision and keras.applications both have DenseNet; " + COMPARE,
    ),
    Kind(
        "a VGG or an AlexNet",
        vgg,
        "its classifier is several dense layers on all pixels",
        "torchvision and keras.applications both have VGG; " + COMPARE,
    ),
    Kind(
        "an Inception network or a similar one",
        inception,
        "it has kernels that are not square",
        "torchvision and keras.applications both have InceptionV3; " + COMPARE,
    ),
    Kind(
        "a network with grouped 1x1 convolutions",
        grouped_1x1,
        "its 1x1 convolutions read one group of channels each",
        COMPARE,
    ),
)
