"""A network outside this family is refused as what it is, with a next step."""

import pytest

import resnet_spec
from resnet_duet.errors import DialectError, FileError
from resnet_duet.identify.identify import identify
from resnet_duet.identify.refusals import KINDS, recognise
from resnet_duet.weights.dialects import DIALECTS

BLOCKS = range(4)


def conv(name, outputs, inputs, size, bias=False):
    """The arrays of a convolution in PyTorch."""
    sizes = (size, size) if isinstance(size, int) else size
    return {f"{name}.weight": (outputs, inputs, *sizes)} | (
        {f"{name}.bias": (outputs,)} if bias else {}
    )


def dense(name, outputs, inputs):
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def norm(name, channels):
    words = ("weight", "bias", "running_mean", "running_var")
    return {f"{name}.{word}": (channels,) for word in words}


def bare_norm(name, channels):
    return {f"{name}.{word}": (channels,) for word in ("weight", "bias")}


def bottlenecks(middle, norm=norm, after=lambda block: {}):
    """A stem and bottlenecks with other layers in the middle, or at the end."""
    arrays = conv("conv1", 64, 3, 7) | norm("bn1", 64)
    for n in BLOCKS:
        block = f"layer1.{n}"
        arrays |= conv(f"{block}.conv1", 32, 64, 1) | norm(f"{block}.bn1", 32) | middle(block)
        arrays |= conv(f"{block}.conv3", 64, 32, 1) | norm(f"{block}.bn3", 64) | after(block)
    return arrays | dense("fc", 10, 64)


def plain(block):
    return conv(f"{block}.conv2", 32, 32, 3) | norm(f"{block}.bn2", 32)


def split(block):
    return (
        conv(f"{block}.conv2", 64, 16, 3)
        | norm(f"{block}.bn2", 64)
        | conv(f"{block}.fc1", 16, 32, 1, bias=True)
        | norm(f"{block}.bn_fc", 16)
        | conv(f"{block}.fc2", 64, 16, 1, bias=True)
    )


def selective(block):
    return (
        conv(f"{block}.paths.0", 32, 32, 3)
        | norm(f"{block}.bn20", 32)
        | conv(f"{block}.paths.1", 32, 32, 3)
        | norm(f"{block}.bn21", 32)
        | conv(f"{block}.reduce", 16, 32, 1)
        | norm(f"{block}.bn_reduce", 16)
        | conv(f"{block}.select", 64, 16, 1)
    )


def several(arrays):
    """The arrays of `arrays(n)` for several n."""
    return {name: shape for n in BLOCKS for name, shape in arrays(n).items()}


def se(reduce, expand):
    return lambda block: reduce(f"{block}.se.fc1", 4, 64) | expand(f"{block}.se.fc2", 64, 4)


def gate(name, outputs, inputs):
    return conv(name, outputs, inputs, 1, bias=True)


def keras_names(arrays):
    """The same layers in Keras' names and layout."""
    words = {"running_mean": "moving_mean", "running_var": "moving_variance"}
    result = {}
    for name, shape in arrays.items():
        layer, _, word = name.rpartition(".")
        if word == "weight" and len(shape) > 1:
            word, shape = "kernel", (*shape[2:], shape[1], shape[0])
        result[f"{layer.replace('.', '_')}/{words.get(word, word)}"] = shape
    return result


NETWORKS = {
    "a LoRA adapter": {"layer1.0.conv1.lora_A.weight": (8, 64, 1, 1)},
    "a 3-D ResNet for video": several(lambda n: {f"conv{n}.weight": (8, 8, 3, 3, 3)}),
    "a 1-D network": several(lambda n: {f"conv{n}.weight": (8, 8, 9)}),
    "an ECA-ResNet": bottlenecks(plain, after=lambda b: {f"{b}.eca.conv.weight": (1, 1, 3)}),
    "CLIP's ModifiedResNet": bottlenecks(plain)
    | {"attnpool.positional_embedding": (50, 64)}
    | {n: s for p in "kqvc" for n, s in dense(f"attnpool.{p}_proj", 64, 64).items()},
    "a ConvNeXt": several(
        lambda n: (
            conv(f"{n}.dw", 8, 1, 7, bias=True)
            | bare_norm(f"{n}.norm", 8)
            | dense(f"{n}.fc1", 32, 8)
            | dense(f"{n}.fc2", 8, 32)
        )
    ),
    "an anti-aliased ResNet": bottlenecks(plain) | {"layer2.0.filt": (64, 1, 3, 3)},
    "a MobileNet, an EfficientNet or a similar network": several(
        lambda n: conv(f"{n}.dw", 8, 1, 3) | norm(f"{n}.bn1", 8) | conv(f"{n}.pw", 8, 8, 1)
    ),
    "a transformer": conv("patch", 8, 3, 16)
    | several(
        lambda n: (
            bare_norm(f"{n}.norm", 8)
            | dense(f"{n}.qkv", 24, 8)
            | dense(f"{n}.fc1", 32, 8)
            | dense(f"{n}.fc2", 8, 32)
        )
    ),
    "a network of dense layers": several(lambda n: dense(f"fc{n}", 8, 8)),
    "a RegNet": several(
        lambda n: (
            conv(f"{n}.conv1", 16 << n, 16, 1)
            | norm(f"{n}.bn1", 16 << n)
            | conv(f"{n}.conv2", 16 << n, 8, 3)
            | norm(f"{n}.bn2", 16 << n)
            | conv(f"{n}.conv3", 16 << n, 16 << n, 1)
            | norm(f"{n}.bn3", 16 << n)
        )
    ),
    "an SKNet": bottlenecks(selective),
    "a ResNeSt": bottlenecks(split),
    "a Res2Net": bottlenecks(
        lambda b: {n: s for i in range(3) for n, s in conv(f"{b}.convs.{i}", 8, 8, 3).items()}
    ),
    "an SE-ResNet": bottlenecks(plain, after=se(gate, gate)),
    "a ResNet with CBAM": bottlenecks(plain, after=lambda b: conv(f"{b}.spatial", 1, 2, 7)),
    "a network with standardised weights": several(
        lambda n: conv(f"conv{n}", 8, 8, 3, bias=True) | {f"conv{n}.gain": (8, 1, 1, 1)}
    ),
    "a BiT ResNet": conv("stem", 64, 3, 7)
    | several(
        lambda n: (
            conv(f"{n}.downsample", 64, 64, 1)
            | bare_norm(f"{n}.norm1", 64)
            | conv(f"{n}.conv1", 64, 64, 3)
        )
    ),
    "a ResNet with GroupNorm or LayerNorm": bottlenecks(
        lambda b: conv(f"{b}.conv2", 32, 32, 3) | bare_norm(f"{b}.bn2", 32), norm=bare_norm
    ),
    "a DenseNet": several(
        lambda n: (
            norm(f"{n}.norm1", 16 + 8 * n)
            | conv(f"{n}.conv1", 32, 16 + 8 * n, 1)
            | norm(f"{n}.norm2", 32)
            | conv(f"{n}.conv2", 8, 32, 3)
        )
    ),
    "a VGG or an AlexNet": several(lambda n: conv(f"features.{n}", 8, 8, 3, bias=True))
    | dense("classifier.0", 16, 8 * 49)
    | dense("classifier.3", 10, 16),
    "an Inception network or a similar one": several(lambda n: conv(f"{n}.a", 8, 8, (1, 7)))
    | several(lambda n: conv(f"{n}.b", 8, 8, (7, 1))),
    "a network with grouped 1x1 convolutions": several(
        lambda n: (
            conv(f"{n}.conv1", 64, 32, 1)
            | conv(f"{n}.conv2", 64, 16, 3)
            | conv(f"{n}.conv3", 128, 16, 1)
        )
    ),
}


def test_every_row_of_the_table_has_an_example():
    assert list(NETWORKS) == [kind.name for kind in KINDS]


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_of_another_family_is_named_with_a_next_step(name):
    shapes = NETWORKS[name]
    with pytest.raises(FileError) as caught:
        identify(shapes, None, None)
    kind = next(kind for kind in KINDS if kind.name == name)
    example, advice = caught.value.details
    assert caught.value.summary == f"not a ResNet of this family but {name}: {kind.message}"
    assert example.removeprefix("for instance ").split(" ")[0] in shapes
    assert advice == kind.advice


@pytest.mark.parametrize("dense_layers", [dense, gate], ids=["dense", "1x1"])
def test_gates_of_both_kinds_are_recognised_in_both_frameworks(dense_layers):
    shapes = bottlenecks(plain, after=se(dense_layers, dense_layers))
    for own in (shapes, keras_names(shapes)):
        assert "an SE-ResNet" in recognise(own).summary


@pytest.mark.slow
def test_no_network_of_the_zoo_is_taken_for_another_kind():
    for name in resnet_spec.names():
        spec = resnet_spec.get(name)
        plan = resnet_spec.plan(spec)
        if sum(spec.depths) > 60:
            continue
        for own in DIALECTS.values():
            try:
                shapes = own.shapes(plan)
            except DialectError:
                continue
            for file in (shapes, dict(sorted(shapes.items()))):
                assert recognise(file) is None, (name, own.name)


@pytest.mark.parametrize("name", ["resnet18", "resnet50", "preresnet50"])
def test_a_resnet_with_one_array_missing_is_still_compared_with_the_nearest(name):
    shapes = DIALECTS["torchvision"].shapes(resnet_spec.plan(resnet_spec.get(name)))
    shapes.pop("layer1.0.conv2.weight")
    with pytest.raises(FileError, match=r"the nearest is .*1 missing"):
        identify(shapes, None, None)
