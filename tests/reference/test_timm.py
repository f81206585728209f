"""timm itself: its D, C and pre-activation nets, dilated too."""

from dataclasses import replace

import pytest
import torch

import resnet_duet
import resnet_spec
import resnet_torch
from resnet_duet.errors import FileError
from resnet_duet.identify.infer import infer
from resnet_duet.identify.timm_config import ANTI_ALIASED as ANTI_ALIASING
from resnet_duet.identify.timm_config import ARCHITECTURES
from resnet_duet.weights.dialects import DIALECTS
from support.networks import assert_close, images, nchw, randomise_statistics

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


QUICK = ("preresnet18", "preresnet50")


@pytest.mark.parametrize(
    "name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in PREACTIVATION]
)
def test_preactivation_nets_are_timms(timm, name):
    theirs = timm.create_model(PREACTIVATION[name], num_classes=10).double().eval()
    randomise_statistics(theirs)
    spec = resnet_spec.get(name, num_classes=10)
    ours = resnet_torch.build(spec, "float64").eval()
    weights = resnet_duet.convert(resnet_torch.read(theirs), spec, "timm_v2", "torchvision")
    resnet_torch.write(ours, weights)
    assert_same_function(ours, theirs)


SMALL = {"depths": (2, 1, 2), "widths": (8, 16, 24), "num_classes": 7, "stem": {"channels": [16]}}
SMALL_D = SMALL | {
    "stem": {"channels": [8, 8, 16], "kernel": 3},
    "shortcut": {"stride_by": "avg_pool"},
}
BASIC = {"basic": True, "bottle_ratio": 1.0}
D = {"stem_type": "deep", "avg_down": True}
V2 = {  # specs, and how timm says the same
    "basic": (resnet_spec.get("preresnet18", **SMALL), BASIC),
    "basic_d": (resnet_spec.get("preresnet18", **SMALL_D), BASIC | D),
    "bottleneck": (resnet_spec.get("preresnet50", **SMALL), {}),
    "bottleneck_d": (resnet_spec.get("preresnet50", **SMALL_D), D),
    "original": (resnet_spec.get("resnet50", **SMALL), {"preact": False}),
    "original_d": (resnet_spec.get("resnet50", **SMALL_D), {"preact": False} | D),
    "preresnet50": (resnet_spec.get("preresnet50", num_classes=10), {}),
}


def resnetv2_of(timm, spec, parts):
    from timm.layers import BatchNormAct2d, create_conv2d

    return timm.models.resnetv2.ResNetV2(
        layers=spec.depths,
        channels=spec.stage_channels,
        num_classes=spec.num_classes,
        stem_chs=spec.stem.channels[-1],
        conv_layer=create_conv2d,
        norm_layer=BatchNormAct2d,
        **parts,
    ).double()


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("name", V2)
def test_resnetv2_loads_our_file_strictly_and_computes_the_same(timm, ported, name, suffix):
    spec, parts = V2[name]
    ours = ported(spec, "timm_v2", suffix)
    theirs = resnetv2_of(timm, spec, parts).eval()
    timm.models.load_checkpoint(theirs, str(ours.file), strict=True)
    with torch.no_grad():
        ours.assert_computed_by(lambda x: theirs(torch.from_numpy(nchw(x))).numpy())


@pytest.mark.parametrize("name", ["basic", "bottleneck_d", "original"])
def test_the_state_that_resnetv2_saves_is_read(timm, ported, tmp_path, name):
    spec, parts = V2[name]
    ours = ported(spec, "timm_v2", ".pth")
    theirs = resnetv2_of(timm, spec, parts)
    timm.models.load_checkpoint(theirs, str(ours.file), strict=True)
    torch.save(theirs.state_dict(), tmp_path / "saved.pth")
    ours.assert_read_from(tmp_path / "saved.pth")


ANTI_ALIASED = ("resnetaa50", "resnetaa50d", "resnetblur18", "resnetblur50")


@pytest.mark.slow
@pytest.mark.parametrize("name", ANTI_ALIASED)
def test_an_anti_aliased_net_is_refused_by_its_configuration_and_warned_of_without(
    timm, tmp_path, name
):
    net = timm.create_model(name, num_classes=10)
    timm.models.save_for_hf(net, str(tmp_path), safe_serialization=True)
    path = tmp_path / "model.safetensors"
    with pytest.raises(FileError, match=f"{name} has anti-aliasing filters"):
        resnet_duet.load(path, into="torch")
    (tmp_path / "config.json").unlink()
    with pytest.warns(resnet_duet.UndeterminedChoicesWarning, match="no anti-aliasing filter"):
        resnet_duet.load(path, into="torch")


SAVED = {
    "resnet18": {},
    "resnet26t": {},
    "resnet18d": {"output_stride": 8},
    "resnetv2_18": {"in_chans": 1},
    "resnet14t": {"drop_rate": 0.1},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SAVED)
def test_a_saved_folder_is_converted_to_the_same_function(timm, tmp_path, name):
    theirs = timm.create_model(name, num_classes=10, **SAVED[name]).double().eval()
    randomise_statistics(theirs)
    timm.models.save_for_hf(theirs, str(tmp_path), safe_serialization=True)
    ours = resnet_duet.load(tmp_path / "model.safetensors", into="torch").eval()
    x = torch.from_numpy(nchw(images((65, 97))))[:, : SAVED[name].get("in_chans", 3)]
    with torch.no_grad():
        assert_close(ours(x).numpy(), theirs(x).numpy(), "logits")


@pytest.mark.parametrize("choices", [{"act_layer": "gelu"}, {"block_args": {"attn_layer": None}}])
def test_a_saved_net_with_another_choice_is_refused(timm, tmp_path, choices):
    net = timm.create_model("resnet18", num_classes=10, **choices)
    timm.models.save_for_hf(net, str(tmp_path), safe_serialization=True)
    with pytest.raises(FileError, match=f"model_args has {next(iter(choices))}="):
        resnet_duet.load(tmp_path / "model.safetensors", into="torch")


@pytest.mark.slow
@pytest.mark.parametrize("module", ["resnet", "resnetv2"])
def test_every_net_of_timm_whose_arrays_fit_is_a_known_architecture(timm, module):
    """Those that fit and are in no table would be taken for what torchvision's code builds."""
    for name in timm.list_models(module=module):
        with torch.device("meta"):
            net = timm.create_model(name, num_classes=10)
        state = net.state_dict().items()
        shapes = {n: tuple(x.shape) for n, x in state if not n.endswith("num_batches_tracked")}
        own = DIALECTS["timm_v2" if module == "resnetv2" else "torchvision"]
        found = infer(shapes, own)
        known = ARCHITECTURES.get(name)
        filters = [m for m in net.modules() if "Blur" in type(m).__name__]
        if found and not name.startswith(ANTI_ALIASING):
            assert known is not None, name
            assert own.default_spec(found) == replace(known, num_classes=10), name
            assert not filters, name
        else:
            assert known is None, name
