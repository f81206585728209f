"""Tables of a plan: table 1 of the paper for any network, and a row for each layer."""

import resnet_spec
from resnet_spec.tables import layer_rows, stage_rows

SIZE = (224, 224)

RESNET50 = """\
50-layer residual network, 224x224 image: 25,557,032 parameters, 53,120 running statistics, \
4,089,184,256 multiply-adds

stage   output      blocks                               parameters  multiply-adds
stem    56x56x64    7x7, 64, 3x3 max pool                     9,536    118,013,952
layer1  56x56x256   [1x1, 64  3x3, 64  1x1, 256] x 3        215,808    667,942,912
layer2  28x28x512   [1x1, 128  3x3, 128  1x1, 512] x 4    1,219,584  1,027,604,480
layer3  14x14x1024  [1x1, 256  3x3, 256  1x1, 1024] x 6   7,098,368  1,464,336,384
layer4  7x7x2048    [1x1, 512  3x3, 512  1x1, 2048] x 3  14,964,736    809,238,528
head    1000        average pool, fc 1000                 2,049,000      2,048,000"""


def test_the_table_of_resnet50():
    assert resnet_spec.summary(resnet_spec.plan("resnet50")) == RESNET50


def test_a_plain_network_is_called_plain_and_has_its_usual_image_size():
    table = resnet_spec.summary(resnet_spec.plan(resnet_spec.get("cifar_plain20")))
    assert table.startswith("20-layer plain network, 32x32 image: 269,722 parameters")


def test_layers_are_described_with_their_settings():
    def words(name, **choices):
        plan = resnet_spec.plan(resnet_spec.get(name, **choices))
        rows = layer_rows(plan, (64, 64))
        return {row.name: row.description for row in rows}

    resnext = words("resnext50_32x4d", output_stride=16)
    assert resnext["layer4.1.conv2"] == "3x3, 1024, dilation 2, groups 32 (symmetric)"
    assert resnext["maxpool"] == "3x3 max pool, stride 2 (minus_infinity)"
    assert resnext["bn1"] == "batch norm, eps 1e-05, decay 0.9"
    keras = words("keras_resnet50v2")
    assert keras["conv1"] == "7x7, 64, stride 2, bias (symmetric)"
    assert keras["layer1.2.downsample.0"] == "every 2nd pixel"
    assert words("cifar_resnet20")["layer2.0.downsample.1"] == "8 + 8 zero channels"
    assert words("resnet50d")["layer2.0.downsample.0"] == "2x2 average pool, stride 2"


def test_stages_list_convolutions_and_pools_and_the_head_lists_its_norm():
    rows = {row.name: row.description for row in stage_rows(resnet_spec.plan("preresnet50"), SIZE)}
    assert rows["stem"] == "7x7, 64, 3x3 max pool"
    assert rows["layer1"] == "[1x1, 64  3x3, 64  1x1, 256] x 3"
    assert rows["head"] == "norm, relu, average pool, fc 1000"
    resnext = stage_rows(resnet_spec.plan("resnext50_32x4d"), SIZE)
    assert resnext[1].description == "[1x1, 128  3x3, 128  1x1, 256  C=32] x 3"
