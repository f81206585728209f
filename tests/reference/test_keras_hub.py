"""KerasHub itself opens our files, by the names of its layers and by their order."""

import pytest

import resnet_spec
from resnet_spec.rules import override

SMALL = {"depths": (2, 1, 2), "widths": (64, 16, 24), "num_classes": 7}  # it wants 64 first
NETWORKS = {
    "basic": resnet_spec.get("resnet18", **SMALL),
    "bottleneck": resnet_spec.get("resnet50", **SMALL),
    "bottleneck_vd": resnet_spec.get("resnet50d", **SMALL),
    "basic_preactivation": resnet_spec.get("preresnet18", **SMALL),
    "bottleneck_preactivation": resnet_spec.get("preresnet50", **SMALL),
    "resnet50": resnet_spec.get("resnet50", num_classes=10),
    "preresnet50": resnet_spec.get("preresnet50", num_classes=10),
}


@pytest.fixture(scope="module")
def keras_hub():
    return pytest.importorskip("keras_hub", reason="keras_hub is not installed")


def backbone_of(keras_hub, spec):
    is_vd = spec.shortcut.stride_by == "avg_pool"
    return keras_hub.models.ResNetBackbone(
        input_conv_filters=list(spec.stem.channels),
        input_conv_kernel_sizes=[spec.stem.kernel] * len(spec.stem.channels),
        stackwise_num_filters=list(spec.widths),
        stackwise_num_blocks=list(spec.depths),
        stackwise_num_strides=[1] + [2] * (len(spec.depths) - 1),
        block_type=f"{spec.block}_block" + ("_vd" if is_vd else ""),
        use_pre_activation=spec.ordering == "full_preactivation",
        dtype="float64",
    )


def classifier_of(keras_hub, spec):
    backbone = backbone_of(keras_hub, spec)
    net = keras_hub.models.ResNetImageClassifier(backbone, num_classes=spec.num_classes)
    assert {layer.compute_dtype for layer in (*net.layers, *backbone.layers)} == {"float64"}
    return net


def opened(net, file):
    """Each of the two models knows the names of its own layers only."""
    for model in (net.backbone, net):
        model.load_weights(file, by_name=True)
    return net


@pytest.mark.parametrize("name", NETWORKS)
def test_the_classifier_takes_our_file_by_names(keras_hub, float64_policy, ported, name):
    ours = ported(NETWORKS[name], "keras_hub", ".h5")
    theirs = opened(classifier_of(keras_hub, NETWORKS[name]), ours.file)
    ours.assert_computed_by(lambda x: theirs(x, training=False).numpy())


@pytest.mark.parametrize("name", ["basic", "bottleneck", "bottleneck_vd", "basic_preactivation"])
def test_the_backbone_takes_our_file_by_order(keras_hub, float64_policy, ported, name):
    spec = override(NETWORKS[name], {"num_classes": None})
    ours = ported(spec, "keras_hub", ".weights.h5")
    theirs = backbone_of(keras_hub, spec)
    theirs.load_weights(ours.file)
    ours.assert_computed_by(lambda x: theirs(x, training=False).numpy())


@pytest.mark.parametrize("name", ["basic", "bottleneck_vd", "bottleneck_preactivation"])
def test_the_file_that_the_classifier_saves_is_read(
    keras_hub, float64_policy, ported, tmp_path, name
):
    ours = ported(NETWORKS[name], "keras_hub", ".h5")
    theirs = opened(classifier_of(keras_hub, NETWORKS[name]), ours.file)
    theirs.save_weights(tmp_path / "task.weights.h5")
    ours.assert_read_from(tmp_path / "task.weights.h5")
