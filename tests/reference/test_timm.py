"""timm itself: its D, C and pre-activation nets, dilated too."""

import pytest
import torch

import resnet_spec
import resnet_torch
from worlds import assert_close, images, nchw, randomise_statistics

D_NETS = ("resnet50c", "resnet18d", "resnet34d", "resnet50d")
D_NETS_DEEP = ("resnet101d", "resnet152d", "resnet200d")
PREACTIVATION = {
    "preresnet18": "resnetv2_18",
    "preresnet34": "resnetv2_34",
    "preresnet50": "resnetv2_50",
    "preresnet101": "resnetv2_101",
    "preresnet152": "resnetv2_152",
}


def assert_same_function(ours, theirs):
    for size in ((64, 96), (65, 97)):
        x = torch.from_numpy(nchw(images(size)))
        with torch.no_grad():
            assert_close(ours(x).numpy(), theirs(x).numpy(), "logits")


@pytest.mark.parametrize(
    "name", [*D_NETS, *(pytest.param(n, marks=pytest.mark.slow) for n in D_NETS_DEEP)]
)
def test_c_and_d_nets_load_timms_weights_strictly_and_are_timms(timm, name):
    theirs = timm.create_model(name, num_classes=10).double().eval()
    randomise_statistics(theirs)
    ours = resnet_torch.build(resnet_spec.get(name, num_classes=10), "float64").eval()
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict(theirs.state_dict(), strict=True)
    assert_same_function(ours, theirs)


@pytest.mark.parametrize("output_stride", [16, 8])
@pytest.mark.parametrize("name", ["resnet18", "resnet50", "resnet18d", "resnet50d"])
def test_dilation_is_timms_in_basic_blocks_and_pooled_shortcuts_too(timm, name, output_stride):
    theirs = timm.create_model(name, num_classes=10, output_stride=output_stride)
    theirs = theirs.double().eval()
    randomise_statistics(theirs)
    spec = resnet_spec.get(name, num_classes=10, output_stride=output_stride)
    ours = resnet_torch.build(spec, "float64").eval()
    ours.load_state_dict(theirs.state_dict(), strict=True)
    assert_same_function(ours, theirs)


def timm_name(layer):
    """Our canonical name -> timm's in a resnetv2."""
    fixed = {"conv1": "stem.conv", "norm": "norm", "fc": "head.fc"}
    if layer in fixed:
        return fixed[layer]
    stage, block, *leaf = layer.split(".")
    leaf = ["downsample", "conv"] if leaf[0] == "downsample" else [leaf[0].replace("bn", "norm")]
    return ".".join(["stages", str(int(stage.removeprefix("layer")) - 1), "blocks", block, *leaf])


@pytest.mark.parametrize(
    ("name", "timms"),
    [
        pytest.param(*row, marks=[] if row[0] in ("preresnet18", "preresnet50") else [
            pytest.mark.slow
        ])
        for row in PREACTIVATION.items()
    ],
)  # fmt: skip
def test_preactivation_nets_are_timms(timm, name, timms):
    theirs = timm.create_model(timms, num_classes=10).double().eval()
    randomise_statistics(theirs)
    state = theirs.state_dict()
    ours = resnet_torch.build(resnet_spec.get(name, num_classes=10), "float64").eval()
    renamed = {}
    for key, tensor in ours.state_dict().items():
        layer, _, word = key.rpartition(".")
        value = state.pop(f"{timm_name(layer)}.{word}")
        renamed[key] = value.reshape(tensor.shape) if layer == "fc" else value  # theirs is a 1x1
    assert not state
    ours.load_state_dict(renamed, strict=True)
    assert_same_function(ours, theirs)
