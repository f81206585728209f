"""timm's networks outside this family are refused as what they are."""

import pytest
import torch

from resnet_duet.identify.refusals import recognise

FAMILIES = {
    "an SE-ResNet": ("seresnet18", "seresnet50", "legacy_seresnet50", "seresnext50_32x4d"),
    "an ECA-ResNet": ("ecaresnet50d", "ecaresnet26t"),
    "a ResNet with GroupNorm or LayerNorm": ("resnet50_gn", "resnetv2_50d_gn"),
    "a BiT ResNet": ("resnetv2_50x1_bit",),
    "a network with standardised weights": ("nf_resnet50",),
    "a Res2Net": ("res2net50_26w_4s", "res2net50_14w_8s", "res2next50"),
    "a ResNeSt": ("resnest14d", "resnest50d", "resnest50d_1s4x24d", "resnest50d_4s2x40d"),
    "an SKNet": ("skresnet18", "skresnet50", "skresnext50_32x4d"),
    "a RegNet": ("regnetx_002", "regnetx_032", "regnety_002", "regnety_032"),
    "CLIP's ModifiedResNet": ("resnet50_clip", "resnet101_clip"),
    "a VGG or an AlexNet": ("vgg11_bn", "vgg16"),
    "a DenseNet": ("densenet121", "densenet201"),
    "a transformer": ("vit_tiny_patch16_224", "deit_tiny_patch16_224"),
    "a ConvNeXt": ("convnext_tiny", "convnextv2_atto"),
    "a MobileNet, an EfficientNet or a similar network": (
        *("mobilenetv2_100", "mobilenetv3_small_100", "efficientnet_b0"),
    ),
    "an Inception network or a similar one": ("inception_v3", "inception_v4"),
}


def shapes_of(timm, name):
    """The shapes of a timm network's state_dict, which needs no memory for the weights."""
    with torch.device("meta"):
        state = timm.create_model(name, pretrained=False).state_dict()
    return {n: tuple(t.shape) for n, t in state.items() if not n.endswith("num_batches_tracked")}


@pytest.mark.slow
@pytest.mark.parametrize("kind", FAMILIES)
def test_a_family_of_timm_is_named(timm, kind):
    for name in FAMILIES[kind]:
        error = recognise(shapes_of(timm, name))
        assert error is not None, name
        assert f" but {kind}: " in error.summary, name


@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnet18", "resnet50d", "resnext101_64x4d", "resnetv2_50"])
def test_a_resnet_of_timm_is_not_taken_for_another_kind(timm, name):
    assert recognise(shapes_of(timm, name)) is None
