"""The rules of a plan: names, channels, strides, dilation, shortcuts, orderings."""

import dataclasses

import pytest

import resnet_spec
from resnet_spec import Ordering, Role
from resnet_spec.layers import AvgPool, Conv, MaxPool, Norm, Relu, ZeroPadChannels


def plan(name, **choices):
    return resnet_spec.plan(resnet_spec.get(name, **choices))


def leaves(layers):
    return " ".join(layer.name.rpartition(".")[2] for layer in layers)


def strides(p):
    return [
        max(layer.stride for layer in block.branch if isinstance(layer, Conv))
        for block in p.blocks()
    ]


# `pre | branch | post`, *Identity Mappings*, figure 4, a to e
ORDERINGS = [
    (Ordering.ORIGINAL, "| conv1 bn1 relu1 conv2 bn2 | relu2"),
    (Ordering.NORM_AFTER_ADDITION, "| conv1 bn1 relu1 conv2 | bn2 relu2"),
    (Ordering.RELU_BEFORE_ADDITION, "| conv1 bn1 relu1 conv2 bn2 relu2 |"),
    (Ordering.RELU_PREACTIVATION, "relu1 | conv1 bn1 relu2 conv2 bn2 |"),
    (Ordering.FULL_PREACTIVATION, "bn1 relu1 | conv1 bn2 relu2 conv2 |"),
]
STEMS = ["conv1 bn1 relu maxpool", "conv1 bn1 relu maxpool", "conv1 bn1 relu maxpool"]
STEMS += ["conv1 bn1 maxpool", "conv1 maxpool"]
HEADS = ["avgpool fc"] * 3 + ["act avgpool fc", "norm act avgpool fc"]


@pytest.mark.parametrize(("ordering", "block"), ORDERINGS)
def test_the_five_orderings(ordering, block):
    b = plan("resnet18", ordering=ordering).stages[0].blocks[0]
    assert f"{leaves(b.pre)} | {leaves(b.branch)} | {leaves(b.post)}".strip() == block


@pytest.mark.parametrize(
    ("ordering", "stem", "head"), list(zip(Ordering, STEMS, HEADS, strict=True))
)
def test_the_ends_of_the_net_follow_the_ordering(ordering, stem, head):
    p = plan("resnet18", ordering=ordering)
    assert (leaves(p.stem), leaves(p.head)) == (stem, head)


def test_without_a_head_the_last_feature_map_is_still_normed():
    assert leaves(plan("preresnet18", num_classes=None).head) == "norm act"
    assert plan("resnet18", num_classes=None).head == ()


def test_names_are_torchvisions_module_paths():
    names = [layer.name for layer in plan("resnet50").layers()]
    assert names[:5] == ["conv1", "bn1", "relu", "maxpool", "layer1.0.conv1"]
    assert "layer1.0.downsample.0" in names
    assert "layer4.2.bn3" in names
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", resnet_spec.names())
def test_names_are_unique(name):
    p = plan(name)
    names = [layer.name for layer in p.layers()] + list(p.outputs())
    assert len(names) == len(set(names))


def test_stride_is_in_the_3x3_or_in_the_first_1x1():
    branch = plan("resnet50").stages[1].blocks[0].branch
    assert [layer.stride for layer in branch if isinstance(layer, Conv)] == [1, 2, 1]
    branch = plan("resnet50_v1").stages[1].blocks[0].branch
    assert [layer.stride for layer in branch if isinstance(layer, Conv)] == [2, 1, 1]


def test_stride_is_in_the_first_block_or_in_the_last():
    assert strides(plan("resnet18")) == [1, 1, 2, 1, 2, 1, 2, 1]
    assert strides(plan("resnet18", stride_block="last")) == [1, 2, 1, 2, 1, 2, 1, 1]


def test_keras_v2_pools_where_only_the_stride_changes():
    first, *_, last = plan("keras_resnet50v2").stages[0].blocks
    assert [type(layer) for layer in first.shortcut] == [Conv]
    assert first.shortcut_reads_pre
    assert last.shortcut == (MaxPool("layer1.2.downsample.0", 1, 2, resnet_spec.StemPool.NONE),)
    assert not last.shortcut_reads_pre


@pytest.mark.parametrize(
    ("output_stride", "dilations", "total"),
    [
        (32, [1, 1, 1, 1, 1, 1], [2, 2, 2]),
        (16, [1, 1, 1, 1, 1, 2], [2, 2, 1]),
        (8, [1, 1, 1, 2, 2, 4], [2, 1, 1]),
    ],
)
def test_beyond_the_output_stride_stages_dilate(output_stride, dilations, total):
    """The kernel that would stride keeps its dilation; those after it have the new one."""
    p = plan("resnet50", output_stride=output_stride)
    blocks = [stage.blocks[i] for stage in p.stages[1:] for i in (0, 1)]
    assert [b.branch[3].dilation for b in blocks] == dilations
    assert [b.branch[3].stride for b in blocks[::2]] == total


def test_the_kernel_after_a_stride_in_the_1x1_dilates():
    branch = plan("resnet50_v1", output_stride=16).stages[3].blocks[0].branch
    assert [layer.dilation for layer in branch if isinstance(layer, Conv)] == [1, 2, 1]


@pytest.mark.parametrize("name", ["resnet50", "resnet18d", "keras_resnet50v2", "cifar_resnet20"])
def test_the_output_stride_never_changes_the_weights(name):
    arrays = [
        [(array.layer.name, array.role, array.shape) for array in resnet_spec.array_specs(p)]
        for p in (plan(name), plan(name, output_stride=8), plan(name, output_stride=4))
    ]
    assert arrays[0] == arrays[1] == arrays[2]


def test_every_stage_strides_unless_an_output_stride_is_given():
    five = {"depths": (1,) * 5, "widths": (8,) * 5}
    assert strides(plan("resnet18", **five)) == [1, 2, 2, 2, 2]
    assert strides(plan("resnet18", **five, output_stride=32)) == [1, 2, 2, 2, 1]


def test_option_a_pads_channels_on_both_sides_or_at_the_end():
    both = plan("cifar_resnet20").stages[1].blocks[0].shortcut
    end = plan("cifar_resnet20_a_end").stages[1].blocks[0].shortcut
    assert both[1] == ZeroPadChannels("layer2.0.downsample.1", 8, 8)
    assert end[1] == ZeroPadChannels("layer2.0.downsample.1", 0, 16)


def test_resnet_d_pools_before_it_projects_and_keeps_timms_numbers():
    first, second = (plan("resnet50d").stages[i].blocks[0].shortcut for i in (0, 1))
    assert [layer.name for layer in first] == ["layer1.0.downsample.1", "layer1.0.downsample.2"]
    assert [type(layer) for layer in second] == [AvgPool, Conv, Norm]
    assert second[1].stride == 1


def test_shortcut_options_choose_where_to_project():
    def projections(kind):
        p = plan("resnet18", shortcut={"kind": kind})
        return [any(isinstance(s, Conv) for s in b.shortcut or ()) for b in p.blocks()]

    changes = [False, False, True, False, True, False, True, False]
    assert projections("projection_on_change") == changes
    assert projections("projection_on_growth") == changes
    assert projections("projection_always") == [True] * 8
    assert projections("none") == projections("zero_pad_end") == [False] * 8


@pytest.mark.parametrize(
    ("reads", "reading"),
    [
        ("block_input", []),
        ("preactivation", ["layer1.0", "layer2.0", "layer3.0", "layer4.0"]),
        ("preactivation_in_first", ["layer1.0"]),
    ],
)
def test_projections_read_the_pre_activation_in_all_blocks_or_in_the_first_or_in_none(
    reads, reading
):
    def readers(name):
        p = plan(name, shortcut={"reads": reads})
        return [block.name for block in p.blocks() if block.shortcut_reads_pre]

    assert readers("preresnet50") == reading
    assert readers("preresnet18") == [block for block in reading if block != "layer1.0"]
    assert readers("resnet50") == []


@pytest.mark.parametrize("ordering", Ordering)
@pytest.mark.parametrize("norm", ["by_ordering", "always", "never"])
def test_a_projection_has_a_norm_as_the_branch_or_always_or_never(ordering, norm):
    p = plan("resnet18", ordering=ordering, shortcut={"norm": norm})
    has_norm = isinstance(p.stages[1].blocks[0].shortcut[-1], Norm)
    by_ordering = resnet_spec.choices.Op.NORM in ordering.ops.branch_end
    assert has_norm == {"by_ordering": by_ordering, "always": True, "never": False}[norm]


def test_biases_are_where_the_spec_wants_them():
    def biased(**choices):
        arrays = resnet_spec.array_specs(plan("keras_resnet50v2", **choices))
        return {a.layer.name for a in arrays if a.role is Role.BIAS} - {"fc"}

    assert biased(bias="never") == set()
    assert {"conv1", "layer1.0.conv3", "layer1.0.downsample.0"} <= biased()
    assert not {"layer1.0.conv1", "layer1.0.conv2"} & biased()
    assert {"layer1.0.conv1", "layer1.0.conv2"} <= biased(bias="always")


def convs(p):
    return {layer.name: layer for layer in p.layers() if isinstance(layer, Conv)}


def test_a_bias_by_place():
    choices = {"depths": (1, 1), "widths": (64, 128), "shortcut.norm": "never"}
    p = plan("resnet18", bias="always", **choices | {"stem.bias": "never"})
    assert {name for name, conv in convs(p).items() if not conv.bias} == {"conv1"}
    p = plan("resnet18", **choices | {"stem.bias": "always", "shortcut.bias": "without_norm"})
    assert {n for n, conv in convs(p).items() if conv.bias} == {"conv1", "layer2.0.downsample.0"}


@pytest.mark.parametrize("name", resnet_spec.names()[::5])
def test_a_network_without_norms_has_its_other_layers_under_the_same_names(name):
    spec = resnet_spec.get(name)
    spec = dataclasses.replace(spec, depths=tuple(min(depth, 2) for depth in spec.depths))
    base, bare = resnet_spec.plan(spec), resnet_spec.plan(spec, norm="none", bias=spec.bias)
    expected = [layer.name for layer in base.layers() if not isinstance(layer, Norm)]
    assert [layer.name for layer in bare.layers()] == expected
    with_bias = convs(resnet_spec.plan(bare.spec, bias="without_norm"))
    assert all(conv.bias for conv in with_bias.values())
    always = resnet_spec.plan(spec, norm="none", shortcut={"norm": "always"})
    assert not [layer for layer in always.layers() if isinstance(layer, Norm)]


def test_the_norms_of_projections_may_have_another_epsilon():
    p = plan("resnet18", shortcut={"norm_eps": 1e-3})
    norms = [layer for layer in p.layers() if isinstance(layer, Norm)]
    assert {n.name for n in norms if n.eps == 1e-3} == {
        f"layer{stage}.0.downsample.1" for stage in (2, 3, 4)
    }
    assert {n.eps for n in norms} == {1e-5, 1e-3}


def test_the_first_1x1_may_have_groups():
    p = plan("resnext50_32x4d", groups_in_1x1=True)
    assert [c.groups for c in leaves_of(p.stages[0].blocks[0])] == [32, 32, 1]
    assert [c.groups for c in leaves_of(p.stages[3].blocks[2])] == [32, 32, 1]
    assert convs(p)["layer1.0.downsample.0"].groups == 1
    kernels = [a.shape for a in p.stages[0].blocks[0].branch[0].arrays()]
    assert kernels == [(128, 2, 1, 1)]


def leaves_of(block):
    return [layer for layer in block.branch if isinstance(layer, Conv)]


def test_a_relu_works_in_place_unless_another_layer_reads_its_input():
    shared = [
        layer.name
        for layer in plan("resnet18", ordering="relu_preactivation").layers()
        if isinstance(layer, Relu) and not layer.inplace_ok
    ]
    assert shared == [f"layer{s}.{b}.relu1" for s in (1, 2, 3, 4) for b in (0, 1)] + ["act"]
    relus = [layer for layer in plan("preresnet18").layers() if isinstance(layer, Relu)]
    assert all(layer.inplace_ok for layer in relus)


def test_a_resnext_block_has_wide_mid_channels_and_a_grouped_3x3():
    branch = plan("resnext50_32x4d").stages[0].blocks[0].branch
    convs = [layer for layer in branch if isinstance(layer, Conv)]
    assert [c.in_channels for c in convs] == [64, 128, 128]
    assert [c.out_channels for c in convs] == [128, 128, 256]
    assert [c.groups for c in convs] == [1, 32, 1]


def test_mid_channels_follow_the_width_per_group_of_the_stage():
    p = plan("keras_cifar_resnet20v2")
    for stage, inner, out in zip(p.stages, (16, 64, 128), (64, 128, 256), strict=True):
        for block in stage.blocks:
            convs = [layer for layer in block.branch if isinstance(layer, Conv)]
            assert [c.out_channels for c in convs] == [inner, inner, out]


def test_a_deep_stem_is_timms_sequential():
    names = [layer.name for layer in plan("resnet50d").stem]
    assert names == [*(f"conv1.{i}" for i in range(7)), "bn1", "relu", "maxpool"]
