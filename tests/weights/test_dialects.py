"""Dialects: names, layouts, and the network that an ecosystem's own code builds of the arrays."""

from dataclasses import replace

import pytest

import resnet_spec
from resnet_duet.errors import DialectError
from resnet_duet.testing.specs import specs
from resnet_duet.weights.dialects import DIALECTS
from resnet_spec import (
    BlockKind,
    Ordering,
    Padding,
    ShortcutKind,
    ShortcutStride,
    StemPool,
    StrideBlock,
)
from support.dialects import can_name, check_examples, shapes_of
from support.networks import thin

# Excerpts of published checkpoints: {(dialect, network): {array: shape}}
PUBLISHED = {
    ("torchvision", "resnet50"): {
        "conv1.weight": (64, 3, 7, 7),
        "bn1.running_var": (64,),
        "layer1.0.downsample.0.weight": (256, 64, 1, 1),
        "layer4.2.bn3.bias": (2048,),
        "fc.weight": (1000, 2048),
    },
    ("keras", "resnet50"): {
        "layer1.0.downsample.0/kernel": (1, 1, 64, 256),
        "fc/kernel": (2048, 1000),
    },
    ("keras_applications", "keras_resnet50"): {
        "conv1_conv/bias": (64,),
        "conv1_bn/moving_variance": (64,),
        "conv2_block1_0_conv/kernel": (1, 1, 64, 256),
        "conv2_block1_0_bn/gamma": (256,),
        "conv5_block3_3_bn/beta": (2048,),
        "predictions/kernel": (2048, 1000),
    },
    ("keras_applications", "keras_resnet50v2"): {
        "conv2_block1_preact_bn/gamma": (64,),
        "conv2_block1_0_conv/bias": (256,),
        "conv5_block3_2_bn/gamma": (512,),
        "post_bn/moving_mean": (2048,),
    },
    ("keras_hub", "resnet50"): {
        "conv1_conv/kernel": (7, 7, 3, 64),
        "conv1_bn/gamma": (64,),
        "stack0_block0_0_conv/kernel": (1, 1, 64, 256),
        "stack3_block2_3_bn/moving_variance": (2048,),
        "predictions/bias": (1000,),
    },
    ("keras_hub", "preresnet18"): {
        "stack0_block0_pre_activation_bn/gamma": (64,),
        "stack1_block0_0_conv/kernel": (1, 1, 64, 128),
        "post_bn/beta": (512,),
    },
    ("keras_hub", "resnet50d"): {
        "conv1_conv/kernel": (3, 3, 3, 32),
        "conv3_conv/kernel": (3, 3, 32, 64),
        "conv3_bn/gamma": (64,),
        "stack1_block0_0_conv/kernel": (1, 1, 256, 512),
    },
    ("keras_caffe", "keras_resnet50"): {
        "conv1/kernel": (7, 7, 3, 64),
        "bn_conv1/gamma": (64,),
        "res2a_branch1/bias": (256,),
        "bn2a_branch1/moving_mean": (256,),
        "res2a_branch2a/kernel": (1, 1, 64, 64),
        "bn4f_branch2c/beta": (1024,),
        "fc1000/kernel": (2048, 1000),
    },
    ("keras_caffe", "keras_resnet101"): {"res4w_branch2b/kernel": (3, 3, 256, 256)},
    ("keras_caffe", "keras_resnet152"): {
        "res4a_branch1/kernel": (1, 1, 512, 1024),
        "bn4b35_branch2c/gamma": (1024,),
        "res3h_branch2a/kernel": (1, 1, 512, 128),
    },
    ("keras_numbered", "mlperf_resnet8"): {
        "conv2d/kernel": (3, 3, 3, 16),
        "conv2d_5/kernel": (1, 1, 16, 32),
        "batch_normalization_6/gamma": (64,),
        "dense/bias": (10,),
    },
    ("akamaster", "cifar_resnet20"): {"layer2.0.conv1.weight": (32, 16, 3, 3)},
    ("akamaster", "cifar_resnet20_b"): {
        "layer2.0.shortcut.0.weight": (32, 16, 1, 1),
        "linear.weight": (10, 64),
    },
    ("timm_v2", "preresnet50"): {
        "stem.conv.weight": (64, 3, 7, 7),
        "stages.0.blocks.0.downsample.conv.weight": (256, 64, 1, 1),
        "stages.0.blocks.0.norm1.running_mean": (64,),
        "stages.3.blocks.2.conv3.weight": (2048, 512, 1, 1),
        "norm.weight": (2048,),
        "head.fc.weight": (1000, 2048, 1, 1),
        "head.fc.bias": (1000,),
    },
    ("huggingface", "resnet50"): {
        "resnet.embedder.embedder.convolution.weight": (64, 3, 7, 7),
        "resnet.embedder.embedder.normalization.running_var": (64,),
        "resnet.encoder.stages.0.layers.0.shortcut.convolution.weight": (256, 64, 1, 1),
        "resnet.encoder.stages.0.layers.0.shortcut.normalization.bias": (256,),
        "resnet.encoder.stages.3.layers.2.layer.2.normalization.weight": (2048,),
        "classifier.1.weight": (1000, 2048),
    },
    ("detectron2", "resnet50_v1"): {
        "stem.conv1.weight": (64, 3, 7, 7),
        "stem.conv1.norm.running_mean": (64,),
        "res2.0.shortcut.weight": (256, 64, 1, 1),
        "res2.0.shortcut.norm.weight": (256,),
        "res5.2.conv3.norm.bias": (2048,),
        "linear.weight": (1000, 2048),
    },
    ("detectron2", "resnet50c"): {
        "stem.conv3.weight": (64, 32, 3, 3),
        "stem.conv3.norm.weight": (64,),
    },
    ("tf_slim", "resnet101"): {
        "resnet_v1_101/conv1/weights": (7, 7, 3, 64),
        "resnet_v1_101/conv1/BatchNorm/moving_variance": (64,),
        "resnet_v1_101/block1/unit_1/bottleneck_v1/shortcut/weights": (1, 1, 64, 256),
        "resnet_v1_101/block1/unit_1/bottleneck_v1/shortcut/BatchNorm/gamma": (256,),
        "resnet_v1_101/block3/unit_23/bottleneck_v1/conv3/BatchNorm/beta": (1024,),
        "resnet_v1_101/logits/weights": (1, 1, 2048, 1000),
        "resnet_v1_101/logits/biases": (1000,),
    },
    ("tf_slim", "keras_resnet50v2"): {
        "resnet_v2_50/conv1/biases": (64,),
        "resnet_v2_50/block1/unit_1/bottleneck_v2/preact/gamma": (64,),
        "resnet_v2_50/block1/unit_1/bottleneck_v2/shortcut/biases": (256,),
        "resnet_v2_50/block4/unit_3/bottleneck_v2/conv2/BatchNorm/moving_mean": (512,),
        "resnet_v2_50/block4/unit_3/bottleneck_v2/conv3/biases": (2048,),
        "resnet_v2_50/postnorm/moving_variance": (2048,),
    },
    ("tf_slim", "resnet50c"): {"resnet_v1_50/conv1_3/BatchNorm/gamma": (64,)},
}


def plan_of(name, **choices):
    return resnet_spec.plan(resnet_spec.get(name, **choices))


@pytest.mark.parametrize(("dialect", "network"), PUBLISHED)
def test_names_and_shapes_are_those_of_published_checkpoints(dialect, network):
    shapes = shapes_of(resnet_spec.get(network), dialect)
    published = PUBLISHED[dialect, network]
    assert {name: shapes.get(name) for name in published} == published


def is_deep(spec):
    return len(spec.stem.channels) > 1


def is_preactivated(spec):
    return spec.ordering is Ordering.FULL_PREACTIVATION


UNNAMED = {  # networks that a dialect cannot name; all other dialects name the whole zoo
    "keras_applications": is_deep,
    "keras_caffe": lambda spec: is_deep(spec) or is_preactivated(spec),
    "huggingface": lambda spec: is_deep(spec) or is_preactivated(spec),
    "detectron2": is_preactivated,
    "tf_slim": lambda spec: spec.block is BlockKind.BASIC,
}


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("network", resnet_spec.names())
def test_a_dialect_names_every_array_of_the_zoo_or_raises_an_error(network):
    spec = resnet_spec.get(network)
    plan = resnet_spec.plan(spec)
    for dialect, own in DIALECTS.items():
        is_unnamed = dialect in UNNAMED and UNNAMED[dialect](spec)
        assert can_name(dialect, spec) != is_unnamed, dialect
        if not is_unnamed:
            shapes = shapes_of(spec, dialect)
            assert len(shapes) == len(resnet_spec.array_specs(plan)), "one name for two arrays"
            assert own.normalize_names(shapes, plan) == {name: name for name in shapes}, dialect
            assert shapes_of(own.default_spec(spec), dialect) == shapes, dialect


@pytest.mark.slow
@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_default_network_of_some_arrays_has_exactly_these_arrays(dialect):
    own = DIALECTS[dialect]

    def check(spec):
        default = own.default_spec(spec)
        assert shapes_of(default, dialect) == shapes_of(spec, dialect)
        assert own.default_spec(default) == default

    check_examples(dialect, specs(), 60, check)


@pytest.mark.slow
@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_names_of_a_table_are_normalised_already(dialect):
    def check(spec):
        names = list(shapes_of(spec, dialect))
        found = DIALECTS[dialect].normalize_names(names, resnet_spec.plan(spec))
        assert found == {name: name for name in names}

    check_examples(dialect, specs(), 30, check)


BUILT = {  # networks of the zoo that the ecosystem's own code builds
    "torchvision": ("resnet18", "resnet50", "resnext50_32x4d", "resnet50d", "preresnet18"),
    "keras_applications": ("keras_resnet50", "keras_resnet152", "keras_resnet50v2"),
    "keras_hub": ("resnet18", "resnet50", "resnet50d", "preresnet18", "preresnet50"),
    "keras_numbered": ("mlperf_resnet8", "keras_cifar_resnet20", "keras_cifar_resnet20v2"),
    "akamaster": ("cifar_resnet20", "cifar_resnet20_b"),
    "timm_v2": ("preresnet18", "preresnet50"),
    "huggingface": ("resnet18", "resnet50"),
    "detectron2": ("resnet18", "resnet50_v1", "resnet101_v1"),
}


@pytest.mark.parametrize(
    ("dialect", "network"), [(own, network) for own, row in BUILT.items() for network in row]
)
def test_a_network_that_the_ecosystem_builds_is_its_default(dialect, network):
    spec = resnet_spec.get(network)
    assert DIALECTS[dialect].default_spec(spec) == spec


def default_spec(dialect, network, **choices):
    return DIALECTS[dialect].default_spec(resnet_spec.get(network, **choices))


def test_conventions_decide_the_choices_that_arrays_do_not_show():
    assert default_spec("huggingface", "resnet50_v1") == resnet_spec.get("resnet50")
    assert default_spec("detectron2", "resnet50") == resnet_spec.get("resnet50_v1")
    assert default_spec("keras_hub", "resnet50c") == resnet_spec.get("resnet50d")
    assert default_spec("keras_caffe", "keras_resnet50") == resnet_spec.get(
        "keras_resnet50", norm_eps=1e-3
    )
    assert default_spec("keras_applications", "resnet50", bias="always") == resnet_spec.get(
        "keras_resnet50"
    )
    v2 = default_spec("keras_applications", "preresnet50", bias="without_norm")
    assert v2 == resnet_spec.get("keras_resnet50v2")


def test_networks_of_keras_resnet_without_biases_have_tensorflow_s_padding():
    found = default_spec("keras_caffe", "resnet50")
    assert (found.padding, found.stem.pool) == (Padding.SAME, StemPool.SAME)
    assert (found.norm_eps, found.norm_decay, found.stride_in_1x1) == (1e-5, 0.99, True)


def test_tf_slim_strides_in_the_last_block_of_a_stage():
    found = default_spec("tf_slim", "resnet50")
    assert found.stride_block is StrideBlock.LAST
    assert found.shortcut.kind is ShortcutKind.PROJECTION_ON_GROWTH
    assert (found.stem.pool, found.norm_decay) == (StemPool.SAME, 0.997)
    assert found.padding is Padding.SYMMETRIC


def test_a_convention_is_dropped_where_arrays_contradict_it():
    """Two stages of one width: torchvision projects between them, keras.applications' V2 not."""
    spec = resnet_spec.get("keras_resnet50v2", depths=(2, 2), widths=(64, 64))
    changed = replace(
        spec,
        stride_block="first",
        shortcut=replace(spec.shortcut, kind="projection_on_change"),
        norm_eps=1e-5,
    )
    assert DIALECTS["keras_applications"].default_spec(changed) == replace(
        changed, norm_eps=1.001e-5
    )
    assert DIALECTS["keras_applications"].default_spec(spec) == spec


def test_a_stem_without_a_pool_keeps_having_none():
    assert default_spec("keras_numbered", "cifar_resnet20").stem.pool is StemPool.NONE
    assert default_spec("keras_numbered", "resnet18").stem.pool is StemPool.SAME


def test_torch_names_show_how_a_shortcut_strides_and_keras_hub_names_do_not():
    assert default_spec("torchvision", "resnet50d").shortcut.stride_by is ShortcutStride.AVG_POOL
    d_net, c_net = plan_of("resnet50d"), plan_of("resnet50c")
    assert DIALECTS["keras_hub"].table(d_net).keys() == DIALECTS["keras_hub"].table(c_net).keys()


def normalized(dialect, plan, changed):
    """{original name: the normalised form of its changed name}."""
    own = DIALECTS[dialect]
    table = list(own.table(plan))
    found = own.normalize_names([changed(name) for name in table], plan)
    return {name: found[changed(name)] for name in table}


@pytest.mark.parametrize("start", [1, 7, 98, 995])
def test_keras_s_counters_start_at_any_number(start):
    plan = plan_of("mlperf_resnet8")

    def later(name):
        layer, _, word = name.rpartition("/")
        kind, _, number = layer.rpartition("_")
        if not number.isdecimal():
            kind, number = layer, 0
        return f"{kind}_{int(number) + start}/{word}"

    found = normalized("keras_numbered", plan, later)
    assert found == {name: name for name in found}


def test_each_of_keras_s_counters_starts_at_any_number_and_may_skip_some():
    plan = plan_of("mlperf_resnet8")
    names = {"conv2d_2/kernel", "conv2d_10/kernel", "conv2d_9/kernel", "dense_3/bias"}
    names |= {"batch_normalization/gamma", "batch_normalization_1/gamma", "my_conv_1/kernel"}
    assert DIALECTS["keras_numbered"].normalize_names(names, plan) == {
        "conv2d_2/kernel": "conv2d/kernel",
        "conv2d_9/kernel": "conv2d_1/kernel",
        "conv2d_10/kernel": "conv2d_2/kernel",
        "dense_3/bias": "dense/bias",
        "batch_normalization/gamma": "batch_normalization/gamma",
        "batch_normalization_1/gamma": "batch_normalization_1/gamma",
        "my_conv_1/kernel": "my_conv_1/kernel",
    }


def test_the_names_of_keras_1_are_normalised():
    names = ["convolution2d_1/kernel", "batchnormalization_2/gamma", "dense_1/kernel"]
    found = DIALECTS["keras_numbered"].normalize_names(names, plan_of("mlperf_resnet8"))
    assert list(found.values()) == ["conv2d/kernel", "batch_normalization/gamma", "dense/kernel"]


def test_keras_lists_unnamed_layers_as_in_mlperf_s_file():
    """`layer_names` of pretrainedResnet.h5: the branch's last norm follows the projection."""
    table = DIALECTS["keras_numbered"].table(plan_of("mlperf_resnet8"))
    layers = list(dict.fromkeys(name.rpartition("/")[0] for name in table))
    assert layers[6:11] == [
        "conv2d_3",
        "batch_normalization_3",
        "conv2d_4",
        "conv2d_5",
        "batch_normalization_4",
    ]


@pytest.mark.parametrize("network", ["resnet50", "preresnet101"])
@pytest.mark.parametrize("scope", ["resnet_v1_152", "backbone", "x"])
def test_the_scope_of_tf_slim_may_have_any_name(network, scope):
    found = normalized(
        "tf_slim", plan_of(network), lambda name: f"{scope}/{name.partition('/')[2]}"
    )
    assert found == {name: name for name in found}


def test_two_scopes_are_not_merged():
    names = ["a/conv1/weights", "b/conv1/weights"]
    found = DIALECTS["tf_slim"].normalize_names(names, plan_of("resnet50"))
    assert found == {name: name for name in names}


def test_the_depth_in_tf_slim_s_scope_ignores_head_and_deep_stem():
    names = DIALECTS["tf_slim"].table(plan_of("resnet50c", num_classes=None))
    assert {name.partition("/")[0] for name in names} == {"resnet_v1_50"}


@pytest.mark.parametrize(("network", "stage"), [("resnet50", 4), ("resnet101", 3)])
def test_caffe_s_block_numbers_are_normalised_to_letters(network, stage):
    def in_caffe(name):
        for number, letter in enumerate("bcdefghijklmnopqrstuvw", start=1):
            for kind in ("res", "bn"):
                name = name.replace(f"{kind}{stage}{letter}_", f"{kind}{stage}b{number}_")
        return name

    found = normalized("keras_caffe", plan_of(network), in_caffe)
    assert found == {name: name for name in found}


def test_two_names_are_never_normalised_to_one():
    names = ["res2b_branch2a/kernel", "res2b1_branch2a/kernel"]
    found = DIALECTS["keras_caffe"].normalize_names(names, plan_of("resnet50"))
    assert found == {name: name for name in names}


def test_the_body_of_transformers_is_read_alone_or_within_a_classifier():
    classifier, body = plan_of("resnet18"), plan_of("resnet18", num_classes=None)
    own = DIALECTS["huggingface"]
    whole, alone = list(own.table(classifier)), list(own.table(body))
    assert alone[0] == "embedder.embedder.convolution.weight"
    assert list(own.normalize_names(alone, classifier).values()) == whole[:-2]
    assert list(own.normalize_names(whole, body).values()) == [*alone, *whole[-2:]]


def test_the_classifier_name_of_detectron2_s_converter_is_normalised():
    names = ["stem.fc.weight", "stem.fc.bias", "stem.conv1.weight"]
    found = DIALECTS["detectron2"].normalize_names(names, plan_of("resnet50"))
    assert list(found.values()) == ["linear.weight", "linear.bias", "stem.conv1.weight"]


@pytest.mark.parametrize("dialect", ["keras_applications", "huggingface", "tf_slim"])
def test_an_error_lists_the_layers_without_a_name(dialect):
    spec = replace(thin(resnet_spec.get("resnet18d")), num_classes=None)
    layer = "conv1.0" if dialect != "tf_slim" else "layer1.0.conv1"
    with pytest.raises(DialectError, match=f"(?s)dialect {dialect} has no name for .*{layer}"):
        DIALECTS[dialect].table(resnet_spec.plan(spec))
