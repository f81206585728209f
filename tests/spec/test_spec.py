"""A spec is validated once and completely, and its JSON gives the same spec."""

import dataclasses
import json

import pytest

import resnet_spec
from resnet_spec import BlockKind, ResNetSpec, Shortcut, SpecError, Stem
from resnet_spec.zoo import FAMILIES, ZOO


@pytest.mark.parametrize("name", resnet_spec.names())
def test_the_json_of_every_zoo_row_gives_the_same_spec(name):
    spec = resnet_spec.get(name)
    assert ResNetSpec.from_json(spec.to_json()) == spec


def test_strings_and_lists_become_enum_members_and_tuples():
    spec = ResNetSpec(block="basic", depths=[1, 2], widths=[8, 16], padding="same")
    assert spec.block is BlockKind.BASIC
    assert spec.depths == (1, 2)
    assert spec == ResNetSpec.from_json(spec.to_json())
    assert hash(spec) == hash(ResNetSpec.from_json(spec.to_json()))


def test_in_json_a_width_per_group_is_a_list_or_a_number():
    each = resnet_spec.get("keras_cifar_resnet20v2")
    assert each.width_per_group == (64, 128, 128)
    assert json.loads(each.to_json())["width_per_group"] == [64, 128, 128]
    assert json.loads(resnet_spec.get("wide_resnet50_2").to_json())["width_per_group"] == 128


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_equal_widths_per_group_are_one_number_so_that_equal_networks_are_equal_specs(name):
    spec = resnet_spec.get(name, width_per_group=[64, 64, 64, 64])
    assert spec.width_per_group == 64
    assert spec == resnet_spec.get(name)
    assert hash(spec) == hash(resnet_spec.get(name))


def test_a_bias_of_a_place_that_is_that_of_the_branches_is_as_branch():
    spec = resnet_spec.get("keras_resnet50", stem={"bias": "always"}, shortcut={"bias": "always"})
    assert spec == resnet_spec.get("keras_resnet50")
    mixed = resnet_spec.get("keras_resnet50", stem={"bias": "never"})
    assert (mixed.bias, mixed.stem_bias, mixed.projection_bias) == ("always", "never", "always")
    assert mixed.stem.bias == "never"
    assert resnet_spec.rules.override(mixed, {"bias": "never"}).stem.bias == "as_branch"


def test_an_epsilon_of_the_projections_that_is_the_network_s_is_none():
    spec = resnet_spec.get("resnet18", shortcut={"norm_eps": 1e-5})
    assert spec == resnet_spec.get("resnet18")
    assert spec.projection_eps == 1e-5
    other = resnet_spec.get("resnet18", shortcut={"norm_eps": 1.001e-5})
    assert other != resnet_spec.get("resnet18")
    assert (other.norm_eps, other.projection_eps) == (1e-5, 1.001e-5)
    assert ResNetSpec.from_json(other.to_json()) == other


def test_json_without_the_later_choices_has_their_defaults():
    """Files of version 0.1 lack these choices."""
    spec = resnet_spec.get("keras_resnet50")
    choices = json.loads(spec.to_json())
    for name in ("norm", "groups_in_1x1"):
        del choices[name]
    del choices["stem"]["bias"], choices["shortcut"]["bias"], choices["shortcut"]["norm_eps"]
    assert ResNetSpec.from_json(json.dumps(choices)) == spec


def test_a_nested_choice_may_be_a_mapping():
    spec = resnet_spec.get("resnet18", stem={"channels": [32], "kernel": 3, "pool": "zero"})
    assert spec.stem == Stem(channels=(32,), kernel=3, pool="zero")


def test_a_mapping_overrides_some_fields_of_the_stem():
    spec = resnet_spec.get("cifar_resnet20", stem={"kernel": 5}, shortcut={"stride_by": "avg_pool"})
    assert spec.stem == Stem(channels=(16,), kernel=5, stride=1, pool="none")
    assert spec.shortcut.kind is resnet_spec.ShortcutKind.ZERO_PAD_BOTH_SIDES


def test_a_name_with_a_dot_overrides_one_field_of_the_stem():
    spec = resnet_spec.get("cifar_resnet20", **{"stem.kernel": 5, "stem.pool": "zero"})
    assert spec == resnet_spec.get("cifar_resnet20", stem={"kernel": 5, "pool": "zero"})
    assert spec == resnet_spec.get("cifar_resnet20", stem={"kernel": 5}, **{"stem.pool": "zero"})
    with pytest.raises(SpecError, match="stem: Stem has no choice 'size'"):
        resnet_spec.get("cifar_resnet20", **{"stem.size": 5})
    with pytest.raises(SpecError, match=r"^stem\.kernel cannot be set: stem is set to 3 as well$"):
        resnet_spec.get("cifar_resnet20", **{"stem": 3, "stem.kernel": 5})


def test_a_spec_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        resnet_spec.get("resnet18").groups = 2


def test_one_exception_lists_every_error():
    with pytest.raises(SpecError) as caught:
        resnet_spec.get(
            "resnet50",
            padding="sam",
            depths=[1, 2, 0],
            widths=(),
            groups=True,
            width_per_group=[64, 0],
            stem={"kernel": 2, "pool": "x", "colour": 1},
            norm_eps=0,
            norm_decay=1,
            output_stride=12,
            bias=None,
            stride_in_1x1=1,
            num_classes=0,
            in_channels=1.0,
            colour="blue",
        )
    text = str(caught.value)
    for message in (
        "ResNetSpec has no choice 'colour'",
        "stem: Stem has no choice 'colour'",
        "stem: kernel must be a positive odd integer, not 2",
        "stem: pool must be one of none, minus_infinity, zero, same, not 'x'",
        "padding must be one of symmetric, same, not 'sam'",
        "depths must be a non-empty sequence of positive integers, not [1, 2, 0]",
        "widths must be",
        "groups must be a positive integer, not True",
        "width_per_group must be a positive integer, or one for each stage, not [64, 0]",
        "norm_eps must be a number above 0",
        "norm_decay must be a number from 0 up to but not including 1",
        "output_stride must be a power of two, or None to never dilate, not 12",
        "bias must be one of never, always, without_norm",
        "stride_in_1x1 must be true or false, not 1",
        "num_classes must be a positive integer, or None for no head",
        "in_channels must be a positive integer, not 1.0",
    ):
        assert message in text
    assert len(caught.value.errors) == 16


CONFLICTS = [
    ("resnet18", {"depths": (1, 1)}, "depths has 2 stages and widths has 4"),
    ("resnet18", {"groups": 2}, "groups and width_per_group need a bottleneck block"),
    ("resnet18", {"width_per_group": 128}, "groups and width_per_group need a bottleneck block"),
    ("resnet18", {"width_per_group": (64, 64, 64, 128)}, "a basic block has 1 and 64"),
    ("resnet50", {"width_per_group": (64, 64)}, "width_per_group has 2 stages and widths has 4"),
    ("resnet50", {"width_per_group": ()}, "a positive integer, or one for each stage"),
    ("resnet50", {"width_per_group": "64"}, "a positive integer, or one for each stage"),
    ("resnet18", {"stride_in_1x1": True}, "a basic block has no 1x1"),
    ("resnet50", {"groups_in_1x1": True}, "needs a bottleneck block and groups above 1"),
    ("resnet18", {"groups_in_1x1": True}, "needs a bottleneck block and groups above 1"),
    (
        "resnext50_32x4d",
        {"groups_in_1x1": True, "stem": {"channels": (48,)}},
        "48 channels do not divide into 32 groups",
    ),
    ("resnet18", {"norm": "layer"}, "norm must be one of batch, none"),
    ("resnet18", {"stem": {"bias": None}}, "bias must be one of as_branch, never, always, with"),
    ("resnet18", {"shortcut": {"norm_eps": 0}}, "a number above 0, or None for the network's"),
    (
        "resnet50",
        {"width_per_group": 1, "widths": (8, 64, 64, 64)},
        "leaves no channels to width 8",
    ),
    ("resnet50", {"output_stride": 2}, "output_stride 2 is below the stem's 4"),
    ("cifar_resnet20", {"widths": (16, 8, 64)}, "a zero-pad shortcut cannot drop channels"),
]


@pytest.mark.parametrize(("name", "choices", "message"), CONFLICTS)
def test_conflicting_choices_are_reported(name, choices, message):
    with pytest.raises(SpecError, match=message):
        resnet_spec.get(name, **choices)


def test_every_error_of_a_width_per_group_is_reported():
    with pytest.raises(SpecError) as caught:
        resnet_spec.get("resnet50", depths=(1, 1, 1), widths=(8, 16, 8), width_per_group=(1, 1, 7))
    assert caught.value.errors == (
        "width_per_group (1, 1, 7) leaves no channels to width 8 in stage 1",
        "width_per_group (1, 1, 7) leaves no channels to width 16 in stage 2",
        "width_per_group (1, 1, 7) leaves no channels to width 8 in stage 3",
    )
    with pytest.raises(SpecError) as caught:
        resnet_spec.get("resnet50", widths=(8, 16, 8), width_per_group=(1, 64))
    assert caught.value.errors == (
        "depths has 4 stages and widths has 3",
        "width_per_group has 2 stages and widths has 3",
        "width_per_group (1, 64) leaves no channels to width 8 in stage 1",
    )


def test_invalid_and_conflicting_choices_are_reported_together():
    with pytest.raises(SpecError) as caught:
        resnet_spec.get("resnet18", groups=2, stride_in_1x1=True, norm_eps=-1)
    assert len(caught.value.errors) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the spec is not JSON"),
        ("[]", "the spec must be a JSON object"),
        ("{}", "block is missing\n  depths is missing"),
        (json.dumps({"block": "basic", "depths": [1], "widths": "64"}), "widths must be"),
        ('{"block": "basic", "depths": [1], "widths": [1e99]}', "widths must be"),
        ('{"block": "basic", "depths": [1], "norm_eps": 1' + "0" * 400 + "}", "norm_eps must be"),
        ("[" * 200_000, "the spec is not JSON"),
    ],
)
def test_json_that_is_not_a_spec_is_refused(text, message):
    with pytest.raises(SpecError, match=message):
        ResNetSpec.from_json(text)


@pytest.mark.parametrize(
    ("name", "near"), [("resnet5", "resnet50"), ("Resnet18d", "resnet18d"), ("vgg", "list")]
)
def test_an_unknown_name_is_answered_with_the_nearest(name, near):
    with pytest.raises(SpecError, match=near):
        resnet_spec.get(name)


def test_a_pattern_selects_names_of_the_zoo():
    assert resnet_spec.names("resnet*_v1") == ["resnet50_v1", "resnet101_v1", "resnet152_v1"]
    assert resnet_spec.names("resnet1?") == ["resnet18"]
    assert resnet_spec.names("Resnet18") == []
    assert resnet_spec.names() == list(ZOO)


def test_every_network_is_in_one_family_with_source_and_year():
    names = [name for family in FAMILIES for name in family.networks]
    assert names == resnet_spec.names()
    assert len(names) == len(set(names)) == 64
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)
    for family in FAMILIES:
        assert family.title
        assert family.source
        assert 2015 <= family.year <= 2021
        assert all(resnet_spec.get(name) == spec for name, spec in family.networks.items())


FAMILY_NETWORKS = {
    "resnet": "resnet18 resnet34 resnet50 resnet101 resnet152",
    "resnext": "resnext50_32x4d resnext101_32x8d resnext101_64x4d",
    "wide_resnet": "wide_resnet50_2 wide_resnet101_2",
    "resnet_v1": "resnet50_v1 resnet101_v1 resnet152_v1",
    "keras_resnet": "keras_resnet50 keras_resnet101 keras_resnet152",
    "keras_resnetv2": "keras_resnet50v2 keras_resnet101v2 keras_resnet152v2",
    "preresnet": "preresnet18 preresnet34 preresnet50 preresnet101 preresnet152 preresnet200"
    " preresnet110 preresnet164 preresnet1001",
    "cifar_resnet": " ".join(
        f"cifar_resnet{depth}{suffix}"
        for suffix in ("", "_a_end", "_b")
        for depth in (20, 32, 44, 56, 110, 1202)
    ),
    "plain": "plain18 plain34 cifar_plain20 cifar_plain32 cifar_plain44 cifar_plain56",
    "resnet_cd": "resnet50c resnet18d resnet34d resnet50d resnet101d resnet152d resnet200d",
    "keras_cifar": "keras_cifar_resnet20 keras_cifar_resnet56 keras_cifar_resnet20v2"
    " keras_cifar_resnet56v2",
    "mlperf_tiny": "mlperf_resnet8",
}


def test_the_families_have_the_networks_of_their_sources():
    assert {family.name: " ".join(family.networks) for family in FAMILIES} == FAMILY_NETWORKS


@pytest.mark.parametrize("output_stride", [None, 8, 32])
def test_the_json_keeps_the_output_stride_and_never_dilates_without_one(output_stride):
    spec = resnet_spec.get("resnet50", output_stride=output_stride)
    assert json.loads(spec.to_json())["output_stride"] == output_stride
    assert ResNetSpec.from_json(spec.to_json()) == spec
    text = json.dumps({"block": "basic", "depths": [1] * 5, "widths": [8] * 5})
    assert ResNetSpec.from_json(text).output_stride is None


def test_no_head_means_no_classes():
    assert resnet_spec.get("resnet18", num_classes=None).num_classes is None


def test_shortcut_choices_default_to_the_paper_s_option_b():
    assert resnet_spec.get("resnet50").shortcut == Shortcut()
