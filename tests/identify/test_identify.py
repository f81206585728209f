"""Identifying networks and dialects from names and shapes; errors for unknown ones."""

from dataclasses import replace

import pytest
from hypothesis import strategies as st

import resnet_spec
from resnet_duet.errors import FileError
from resnet_duet.identify.identify import identify as identify_with
from resnet_duet.identify.infer import infer
from resnet_duet.identify.rows import array_count, zoo_name
from resnet_duet.identify.undetermined import undetermined_choices
from resnet_duet.weights.dialects import DIALECTS
from resnet_spec import (
    Bias,
    BlockKind,
    NormKind,
    Ordering,
    PlaceBias,
    ProjectionNorm,
    ResNetSpec,
    Shortcut,
    ShortcutKind,
    ShortcutStride,
    Stem,
)
from support.dialects import can_name, check_examples, shapes_of
from support.networks import FAMILIES, RARE, thin
from support.sandbox import assert_readable

WORDS = ("weight", "bias")
THOUSAND_LAYERS = tuple(n for n in resnet_spec.names() if "1001" in n or "1202" in n)


def identify(shapes, spec=None, source=None):
    return identify_with(shapes, spec, source)


def same_arrays(a, b, dialect):
    return shapes_of(a, dialect) == shapes_of(b, dialect)


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_one_row_of_every_family_is_identified_in_every_dialect_that_names_it(name):
    spec = resnet_spec.get(name, num_classes=17, in_channels=4)
    for dialect in DIALECTS:
        if can_name(dialect, spec):
            assert_identified(name, spec, dialect)


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in resnet_spec.names() if n not in THOUSAND_LAYERS])
@pytest.mark.parametrize("dialect", ["torchvision", "keras_applications"])
def test_every_zoo_row_is_identified(name, dialect):
    spec = resnet_spec.get(name, num_classes=17, in_channels=4)
    if can_name(dialect, spec):
        assert_identified(name, spec, dialect)


def assert_identified(name, spec, dialect):
    found = identify(shapes_of(spec, dialect))
    assert (found.spec.num_classes, found.spec.in_channels) == (17, 4)
    assert same_arrays(found.spec, spec, dialect)
    assert same_arrays(found.spec, spec, found.dialect)
    own = DIALECTS[found.dialect]
    assert found.name == name or name in found.alternatives
    if not any(
        own.default_spec(resnet_spec.get(n)) == resnet_spec.get(n)
        for n in (name, *found.alternatives)
    ):
        assert found.spec == own.default_spec(found.spec)


@pytest.mark.slow
@pytest.mark.parametrize("name", THOUSAND_LAYERS)
@pytest.mark.parametrize("dialect", ["torchvision"])
def test_networks_of_a_thousand_layers_are_identified(name, dialect):
    found = identify(shapes_of(resnet_spec.get(name), dialect), None, dialect)
    assert name == found.name or name in found.alternatives


@st.composite
def visible(draw) -> ResNetSpec:
    """A network outside the zoo. All choices that are drawn show in its arrays."""
    block = draw(st.sampled_from(BlockKind))
    stages = draw(st.integers(1, 4))
    groups = draw(st.sampled_from([1, 2, 4])) if block is BlockKind.BOTTLENECK else 1
    kind = draw(
        st.sampled_from(
            [
                ShortcutKind.NONE,
                ShortcutKind.PROJECTION_ON_CHANGE,
                ShortcutKind.PROJECTION_ON_GROWTH,
                ShortcutKind.PROJECTION_ALWAYS,
            ]
        )
    )
    length = draw(st.sampled_from([1, 1, 3]))
    return ResNetSpec(
        block=block,
        depths=tuple(draw(st.lists(st.integers(1, 5), min_size=stages, max_size=stages))),
        widths=tuple(draw(st.lists(st.integers(1, 40), min_size=stages, max_size=stages))),
        groups=groups,
        width_per_group=64 if block is BlockKind.BASIC else draw(st.sampled_from([64, 96, 128])),
        stem=Stem(
            channels=tuple(draw(st.lists(st.integers(1, 9), min_size=length, max_size=length))),
            kernel=draw(st.sampled_from([3, 5, 7])),
            bias=draw(st.sampled_from(PlaceBias)),
        ),
        ordering=draw(st.sampled_from(["original", "full_preactivation", "norm_after_addition"])),
        shortcut=Shortcut(
            kind=kind,
            norm=draw(st.sampled_from(ProjectionNorm)),
            stride_by=draw(st.sampled_from([ShortcutStride.CONV, ShortcutStride.AVG_POOL])),
            bias=draw(st.sampled_from(PlaceBias)),
        ),
        norm=draw(st.sampled_from([NormKind.BATCH, *NormKind])),
        bias=draw(st.sampled_from(Bias)),
        in_channels=draw(st.integers(1, 5)),
        num_classes=draw(st.sampled_from([None, 1, 12])),
    )


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_network_outside_the_zoo_is_inferred_from_its_arrays(dialect):
    def check(spec):
        shapes = shapes_of(spec, dialect)
        found = infer(shapes, DIALECTS[dialect])
        assert found is not None
        assert shapes_of(found, dialect) == shapes
        if dialect != "keras_numbered":  # numbers alone do not show where a stage ends
            assert (found.block, found.depths, found.widths) == (
                spec.block,
                spec.depths,
                spec.widths,
            )
            assert found.stem.channels == spec.stem.channels
            assert (found.in_channels, found.num_classes) == (spec.in_channels, spec.num_classes)

    check_examples(dialect, visible(), 15, check)


def test_a_width_per_group_for_each_stage_is_inferred():
    spec = resnet_spec.get("keras_cifar_resnet56v2", num_classes=3)
    found = infer(shapes_of(spec, "keras"), DIALECTS["keras"])
    assert (found.width_per_group, found.depths) == (spec.width_per_group, spec.depths)
    assert zoo_name(identify(shapes_of(spec, "keras_numbered")).spec) == "keras_cifar_resnet56v2"


@pytest.mark.parametrize("dialect", ["torchvision", "keras", "keras_numbered", "timm_v2"])
@pytest.mark.parametrize("name", RARE)
def test_choices_that_no_row_of_the_zoo_has_are_inferred(name, dialect):
    spec = RARE[name]
    if not can_name(dialect, spec):
        pytest.skip(f"{dialect} has no name for a layer")
    shapes = shapes_of(spec, dialect)
    found = infer(shapes, DIALECTS[dialect])
    assert found is not None
    assert shapes_of(found, dialect) == shapes
    assert (found.norm, found.groups_in_1x1) == (spec.norm, spec.groups_in_1x1)


def test_an_inferred_network_has_one_rule_of_biases_where_one_is_enough():
    for name in ("keras_resnet50", "keras_resnet50v2", "mlperf_resnet8", "resnet18"):
        spec = resnet_spec.get(name)
        found = infer(shapes_of(spec, "torchvision"), DIALECTS["torchvision"])
        assert found.bias == spec.bias
        assert (found.stem.bias, found.shortcut.bias) == ("as_branch", "as_branch")


def test_networks_with_the_same_arrays_are_listed_as_alternatives():
    found = identify(shapes_of(resnet_spec.get("resnet50"), "torchvision"))
    assert (found.name, found.alternatives) == ("resnet50", ("resnet50_v1",))
    assert not found.ambiguous  # torchvision builds v1.5 only
    found = identify(shapes_of(resnet_spec.get("cifar_resnet20"), "akamaster"), None, "akamaster")
    assert found.alternatives == ("cifar_resnet20_a_end", "cifar_plain20")
    assert not found.ambiguous  # akamaster pads both sides
    assert identify(shapes_of(resnet_spec.get("cifar_resnet20"), "keras")).ambiguous
    found = identify(shapes_of(resnet_spec.get("keras_resnet50"), "keras_applications"))
    assert (found.name, found.alternatives) == ("keras_resnet50", ())


def test_the_conventions_of_the_ecosystem_are_the_default():
    found = identify(shapes_of(resnet_spec.get("resnet50_v1"), "huggingface"))
    assert found.name == "resnet50"
    found = identify(shapes_of(resnet_spec.get("resnet50"), "detectron2"))
    assert found.name == "resnet50_v1"
    found = identify(shapes_of(resnet_spec.get("keras_resnet50v2"), "tf_slim"))
    assert (found.name, found.alternatives) == ("", ("keras_resnet50v2",))
    assert (found.spec.norm_decay, found.spec.stem.pool) == (0.997, "same")


def undetermined(name, dialect="torchvision"):
    found = undetermined_choices(resnet_spec.get(name), DIALECTS[dialect])
    return {item.path: (item.assumed, item.alternatives) for item in found}


def test_every_choice_that_leaves_no_trace_is_listed_with_its_alternatives():
    choices = undetermined("resnet50")
    assert choices["stride_in_1x1"] == (False, (True,))
    assert choices["padding"] == ("symmetric", ("same",))
    assert choices["norm_eps"][0] == 1e-5
    assert choices["shortcut.norm_eps"] == (None, (1.001e-5, 1e-3))
    assert "shortcut.norm_eps" not in undetermined("preresnet50")  # no norm in its projections
    assert choices["stem.pool"] == ("minus_infinity", ("none", "zero", "same"))
    assert choices["ordering"][1] == (Ordering.RELU_BEFORE_ADDITION, Ordering.RELU_PREACTIVATION)
    assert "shortcut.kind" not in choices
    assert undetermined("cifar_resnet20")["shortcut.kind"][1] == ("none", "zero_pad_end")
    assert "stride_in_1x1" not in undetermined("resnet18")
    assert undetermined("preresnet50")["shortcut.reads"][1][0] == "block_input"


def test_a_given_name_decides_between_networks_with_the_same_arrays():
    shapes = shapes_of(resnet_spec.get("resnet50"), "torchvision")
    assert identify(shapes, "resnet50_v1").spec.stride_in_1x1
    assert not identify(shapes).spec.stride_in_1x1


def test_a_given_spec_is_kept_unchanged():
    spec = replace(resnet_spec.get("resnet18"), widths=(3, 5, 7, 9), norm_eps=0.5)
    assert identify(shapes_of(spec, "keras"), spec).dialect == "keras"
    assert identify(shapes_of(spec, "keras"), spec).spec == spec


@pytest.mark.parametrize("dialect", ["torchvision", "akamaster", "keras_applications"])
def test_a_checkpoint_without_a_classifier_is_a_network_without_one(dialect):
    spec = resnet_spec.get("keras_resnet50v2", num_classes=None)
    assert same_arrays(identify(shapes_of(spec, dialect)).spec, spec, dialect)
    assert identify(shapes_of(spec, dialect)).spec.num_classes is None


def test_a_spec_is_found_in_the_zoo_whatever_its_classes():
    assert zoo_name(resnet_spec.get("resnet50d", num_classes=3)) == "resnet50d"
    assert zoo_name(resnet_spec.get("resnet50d", norm_eps=1e-3)) == ""


def test_a_near_miss_lists_the_arrays_that_do_not_match():
    shapes = shapes_of(resnet_spec.get("cifar_resnet20_b"), "torchvision")
    shapes["conv1.weight"] = (16, 3, 5, 5)
    shapes["extra"] = shapes.pop("bn1.bias")
    with pytest.raises(FileError) as caught:
        identify(shapes)
    assert str(caught.value).splitlines() == [
        "no known network matches; the nearest is cifar_resnet20_b in torchvision naming:"
        " 1 missing, 1 unexpected, 1 misshapen",
        "  missing: bn1.bias",
        "  unexpected: extra",
        "  misshapen: conv1.weight has shape (16, 3, 5, 5), expected (16, 3, 3, 3)",
    ]


NEAREST = [  # network, dialect, a change of its arrays
    (
        "resnet50",
        "torchvision",
        lambda name, shape: ("x." + name if "bn2" in name else name, shape),
    ),
    (
        "resnet50d",
        "torchvision",
        lambda name, shape: (name, (*shape, 1) if "layer3" in name else shape),
    ),
    ("preresnet110", "keras", lambda name, shape: (name.replace("layer2.7", "layer2.99"), shape)),
    ("keras_resnet50v2", "keras_applications", lambda name, shape: (name + "0", shape)),
    ("resnet101_v1", "detectron2", lambda name, shape: (name.replace("res5", "res6"), shape)),
    ("resnet101", "tf_slim", lambda name, shape: (name.replace("unit_9", "unit_99"), shape)),
    ("cifar_resnet44_b", "keras_numbered", lambda name, shape: (name.replace("d_9/", "/"), shape)),
]


@pytest.mark.slow
@pytest.mark.parametrize(("network", "dialect", "change"), NEAREST)
def test_the_nearest_network_of_a_changed_file_is_the_one_that_was_changed(
    network, dialect, change
):
    shapes = shapes_of(resnet_spec.get(network), dialect)
    changed = dict(change(name, shape) for name, shape in shapes.items())
    with pytest.raises(FileError, match="the nearest") as caught:
        identify(changed)
    words = caught.value.summary.replace(":", "").split()
    assert set(words) & set(same_arrays_as(network, dialect))


def same_arrays_as(network, dialect):
    """The rows of the zoo that have the arrays of this one."""
    rows = [name for name in resnet_spec.names() if can_name(dialect, resnet_spec.get(name))]
    spec = resnet_spec.get(network)
    same = [n for n in rows if array_count(resnet_spec.get(n)) == array_count(spec)]
    return [n for n in same if same_arrays(resnet_spec.get(n), spec, dialect)]


def test_unknown_names_have_the_nearest_network_by_shapes():
    shapes = shapes_of(resnet_spec.get("resnet34"), "keras")
    foreign = {f"array{number}": shape for number, shape in enumerate(shapes.values())}
    line = "by shapes alone, the nearest network is resnet34: 182 of its 182 arrays have its shapes"
    with pytest.raises(FileError, match=line) as caught:
        identify(foreign)
    assert caught.value.details == tuple(foreign)
    assert str(caught.value).endswith("\n  and 162 more")


def test_a_network_that_is_not_near_is_never_named():
    shapes = {f"block{n}.conv.weight": (8 + n, 8, 3, 3) for n in range(20)}
    with pytest.raises(
        FileError, match=r"no known network matches 20 arrays: 20 convolutions \(3x3\)"
    ):
        identify(shapes)


def test_the_number_of_arrays_is_counted_without_planning_every_block():
    for name in resnet_spec.names():
        if name not in THOUSAND_LAYERS:
            spec = resnet_spec.get(name)
            assert array_count(spec) == len(resnet_spec.array_specs(resnet_spec.plan(spec))), name


FOREIGN = {  # {network of another kind: {array name: shape}}
    "MLP": {f"fc{i}.{w}": (8, 8) if w == "weight" else (8,) for i in range(4) for w in WORDS},
    "VGG": {
        f"features.{i}.{w}": (8, 8, 3, 3) if w == "weight" else (8,)
        for i in range(30)
        for w in WORDS
    },
    "transformer": {
        f"layers.{i}.{part}.{w}": (8, 8) if w == "weight" else (8,)
        for i in range(125)
        for part in ("q", "k", "v", "o", "norm1", "norm2", "mlp.0", "mlp.2")
        for w in WORDS
    },
    "60,000 arrays": {f"part.{i}.weight": (2,) for i in range(60_000)},
    "60,000 arrays and a stem": {"conv1.weight": (64, 3, 7, 7)}
    | {f"layer1.{i}.conv1.weight": (64, 64, 3, 3) for i in range(60_000)},
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", FOREIGN)
def test_a_network_of_another_kind_is_refused(kind):
    with pytest.raises(FileError, match=r"not a ResNet of this family|no known network") as caught:
        identify(FOREIGN[kind])
    assert_readable(str(caught.value))


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("resnet50", r"match resnet50 in .*\n  missing: layer1.0.conv3"),
        (resnet_spec.get("resnet50", norm_eps=1e-3), r"match the given spec in "),
    ],
)
def test_another_network_than_the_given_one_is_refused_with_every_array(spec, message):
    shapes = shapes_of(resnet_spec.get("resnet18"), "torchvision")
    with pytest.raises(FileError, match=f"the arrays do not {message}") as caught:
        identify(shapes, spec)
    assert str(caught.value).count("\n") == 21
    assert len(caught.value.details) > 150


def test_a_spec_of_millions_of_blocks_is_refused_before_it_is_planned():
    spec = replace(resnet_spec.get("resnet50"), depths=(3, 4, 30_000_000, 3))
    with pytest.raises(FileError, match=r"spec has 30,000,011 blocks; the limit is 4,096"):
        identify(shapes_of(resnet_spec.get("resnet50"), "torchvision"), spec)


@pytest.mark.parametrize("shapes", [{"x": (1,)}, {"conv1.weight": (), "fc.weight": (0, 0)}])
def test_a_few_meaningless_arrays_are_refused(shapes):
    with pytest.raises(FileError, match="no known network matches"):
        identify(shapes)


def test_thin_networks_of_several_families_are_inferred():
    for name in ("resnext50_32x4d", "wide_resnet50_2", "resnet50d", "preresnet50", "resnet34"):
        spec = thin(resnet_spec.get(name))
        found = identify(shapes_of(spec, "torchvision"))
        assert same_arrays(found.spec, spec, "torchvision")
        assert (found.spec.widths, found.spec.groups) == (spec.widths, spec.groups)
