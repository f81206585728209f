"""Which network, in which dialect: found from names and shapes, or said why not."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import resnet_spec
from resnet_duet.errors import DialectError, FileError
from resnet_duet.port.dialects import DIALECTS
from resnet_duet.port.identify import identify as identify_with
from resnet_duet.port.identify import zoo_name
from resnet_duet.port.infer import infer
from resnet_duet.port.unseen import unseen
from resnet_spec import (
    Bias,
    BlockKind,
    Ordering,
    ProjectionNorm,
    ResNetSpec,
    Shortcut,
    ShortcutKind,
    ShortcutStride,
    Stem,
)
from worlds import FAMILIES, thin

THOUSAND_LAYERS = tuple(n for n in resnet_spec.names() if "1001" in n or "1202" in n)


def identify(shapes, spec=None, source=None):
    return identify_with(shapes, spec, source, configs={})


def shapes_of(spec, dialect):
    return DIALECTS[dialect].shapes(resnet_spec.plan(spec))


def same_arrays(a, b, dialect):
    return shapes_of(a, dialect) == shapes_of(b, dialect)


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_one_row_of_every_family_is_recognised_in_every_dialect_that_names_it(name):
    spec = resnet_spec.get(name, num_classes=17, in_channels=4)
    for dialect in DIALECTS:
        if is_named(spec, dialect):
            assert_recognised(name, spec, dialect)


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in resnet_spec.names() if n not in THOUSAND_LAYERS])
@pytest.mark.parametrize("dialect", ["torchvision", "keras_applications"])
def test_every_zoo_row_is_recognised(name, dialect):
    spec = resnet_spec.get(name, num_classes=17, in_channels=4)
    if is_named(spec, dialect):
        assert_recognised(name, spec, dialect)


def is_named(spec, dialect):
    try:
        return bool(shapes_of(spec, dialect))
    except DialectError:
        return False


def assert_recognised(name, spec, dialect):
    found = identify(shapes_of(spec, dialect))
    assert (found.spec.num_classes, found.spec.in_channels) == (17, 4)
    assert same_arrays(found.spec, spec, dialect)
    assert same_arrays(found.spec, spec, found.dialect)
    own = DIALECTS[found.dialect]
    assert found.name == name or name in found.rivals
    if not any(own.usual(resnet_spec.get(n)) == resnet_spec.get(n) for n in (name, *found.rivals)):
        assert found.spec == own.usual(found.spec)


@pytest.mark.slow
@pytest.mark.parametrize("name", THOUSAND_LAYERS)
@pytest.mark.parametrize("dialect", ["torchvision"])
def test_nets_of_a_thousand_layers_are_recognised(name, dialect):
    found = identify(shapes_of(resnet_spec.get(name), dialect), None, dialect)
    assert name == found.name or name in found.rivals


@st.composite
def visible(draw) -> ResNetSpec:
    """A network in no list, of which the arrays show everything that is drawn."""
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
        ),
        ordering=draw(st.sampled_from(["original", "full_preactivation", "norm_after_addition"])),
        shortcut=Shortcut(
            kind=kind,
            norm=draw(st.sampled_from(ProjectionNorm)),
            stride_by=draw(st.sampled_from([ShortcutStride.CONV, ShortcutStride.AVG_POOL])),
        ),
        bias=draw(st.sampled_from(Bias)),
        in_channels=draw(st.integers(1, 5)),
        num_classes=draw(st.sampled_from([None, 1, 12])),
    )


@pytest.mark.slow
@pytest.mark.parametrize("dialect", DIALECTS)
@settings(max_examples=15, deadline=None)
@given(spec=visible())
def test_a_network_in_no_list_is_grown_from_its_arrays(dialect, spec):
    try:
        shapes = shapes_of(spec, dialect)
    except DialectError:
        return
    found = infer(shapes, DIALECTS[dialect])
    assert found is not None
    assert shapes_of(found, dialect) == shapes
    assert (found.block, found.depths, found.in_channels) == (
        spec.block,
        spec.depths,
        spec.in_channels,
    ) or dialect == "keras_numbered"  # where equal numbers may be cut into stages otherwise
    if dialect != "keras_numbered":
        assert (found.widths, found.stem.channels, found.num_classes) == (
            spec.widths, spec.stem.channels, spec.num_classes
        )  # fmt: skip


def test_stages_of_their_own_width_per_group_are_grown_too():
    spec = resnet_spec.get("keras_cifar_resnet56v2", num_classes=3)
    found = infer(shapes_of(spec, "keras"), DIALECTS["keras"])
    assert (found.width_per_group, found.depths) == (spec.width_per_group, spec.depths)
    assert zoo_name(identify(shapes_of(spec, "keras_numbered")).spec) == "keras_cifar_resnet56v2"


def test_what_weights_cannot_tell_is_told():
    found = identify(shapes_of(resnet_spec.get("resnet50"), "torchvision"))
    assert (found.name, found.rivals) == ("resnet50", ("resnet50_v1",))
    assert not found.doubtful  # torchvision builds v1.5 only
    found = identify(shapes_of(resnet_spec.get("cifar_resnet20"), "akamaster"), None, "akamaster")
    assert found.rivals == ("cifar_resnet20_a_end", "cifar_plain20")
    assert not found.doubtful  # akamaster pads both sides
    assert identify(shapes_of(resnet_spec.get("cifar_resnet20"), "keras")).doubtful
    found = identify(shapes_of(resnet_spec.get("keras_resnet50"), "keras_applications"))
    assert (found.name, found.rivals) == ("keras_resnet50", ())


def test_the_habit_of_the_ecosystem_is_the_default():
    found = identify(shapes_of(resnet_spec.get("resnet50_v1"), "huggingface"))
    assert found.name == "resnet50"
    found = identify(shapes_of(resnet_spec.get("resnet50"), "detectron2"))
    assert found.name == "resnet50_v1"
    found = identify(shapes_of(resnet_spec.get("keras_resnet50v2"), "tf_slim"))
    assert (found.name, found.rivals) == ("", ("keras_resnet50v2",))
    assert (found.spec.norm_decay, found.spec.stem.pool) == (0.997, "same")


def hidden(name, dialect="torchvision"):
    found = unseen(resnet_spec.get(name), DIALECTS[dialect])
    return {item.path: (item.taken, item.alternatives) for item in found}


def test_every_choice_that_leaves_no_trace_is_listed_with_what_it_could_be():
    choices = hidden("resnet50")
    assert choices["stride_in_1x1"] == (False, (True,))
    assert choices["padding"] == ("symmetric", ("same",))
    assert choices["norm_eps"][0] == 1e-5
    assert choices["stem.pool"] == ("minus_infinity", ("none", "zero", "same"))
    assert choices["ordering"][1] == (Ordering.RELU_BEFORE_ADDITION, Ordering.RELU_PREACTIVATION)
    assert "shortcut.kind" not in choices
    assert hidden("cifar_resnet20")["shortcut.kind"][1] == ("none", "zero_pad_end")
    assert "stride_in_1x1" not in hidden("resnet18")
    assert hidden("preresnet50")["shortcut.reads"][1][0] == "block_input"


def test_a_name_that_is_given_decides_between_rivals():
    shapes = shapes_of(resnet_spec.get("resnet50"), "torchvision")
    assert identify(shapes, "resnet50_v1").spec.stride_in_1x1
    assert not identify(shapes).spec.stride_in_1x1


def test_a_spec_that_is_given_is_taken_as_it_is():
    spec = replace(resnet_spec.get("resnet18"), widths=(3, 5, 7, 9), norm_eps=0.5)
    assert identify(shapes_of(spec, "keras"), spec).dialect == "keras"
    assert identify(shapes_of(spec, "keras"), spec).spec == spec


@pytest.mark.parametrize("dialect", ["torchvision", "akamaster", "keras_applications"])
def test_a_checkpoint_without_a_head_is_a_network_without_one(dialect):
    spec = resnet_spec.get("keras_resnet50v2", num_classes=None)
    assert same_arrays(identify(shapes_of(spec, dialect)).spec, spec, dialect)
    assert identify(shapes_of(spec, dialect)).spec.num_classes is None


def test_a_spec_is_called_by_its_name_in_the_zoo():
    assert zoo_name(resnet_spec.get("resnet50d", num_classes=3)) == "resnet50d"
    assert zoo_name(resnet_spec.get("resnet50d", norm_eps=1e-3)) == ""


def test_a_near_miss_lists_what_is_amiss():
    shapes = shapes_of(resnet_spec.get("cifar_resnet20_b"), "torchvision")
    shapes["conv1.weight"] = (16, 3, 5, 5)
    shapes["extra"] = shapes.pop("bn1.bias")
    with pytest.raises(FileError) as caught:
        identify(shapes)
    assert str(caught.value) == (
        "no known network fits; the nearest is cifar_resnet20_b in dialect torchvision: the arrays"
        " do not fit the network: 1 missing: bn1.bias; 1 unexpected: extra;"
        " 1 misshapen: conv1.weight is (16, 3, 5, 5), not (16, 3, 3, 3)"
    )


def test_the_file_of_another_network_is_told_with_every_array_where_the_network_was_given():
    shapes = shapes_of(resnet_spec.get("resnet18"), "torchvision")
    with pytest.raises(FileError, match=r"nearest is resnet50 in .* \d+ missing: layer1.0.conv3"):
        identify(shapes, resnet_spec.get("resnet50"))
    with pytest.raises(FileError, match=r"nearest is the given spec in "):
        identify(shapes, resnet_spec.get("resnet50", norm_eps=1e-3))


def test_a_spec_of_millions_of_blocks_is_refused_before_it_is_planned():
    spec = replace(resnet_spec.get("resnet50"), depths=(3, 4, 30_000_000, 3))
    with pytest.raises(FileError, match="30,000,011 blocks"):
        identify(shapes_of(resnet_spec.get("resnet50"), "torchvision"), spec)


@pytest.mark.parametrize("shapes", [{"x": (1,)}, {"conv1.weight": (), "fc.weight": (0, 0)}])
def test_arrays_of_nothing_known_are_refused(shapes):
    with pytest.raises(FileError, match="no known network fits"):
        identify(shapes)


def test_thin_nets_of_every_family_are_grown():
    for name in ("resnext50_32x4d", "wide_resnet50_2", "resnet50d", "preresnet50", "resnet34"):
        spec = thin(resnet_spec.get(name))
        found = identify(shapes_of(spec, "torchvision"))
        assert same_arrays(found.spec, spec, "torchvision")
        assert (found.spec.widths, found.spec.groups) == (spec.widths, spec.groups)
