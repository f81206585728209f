"""Which network, in which dialect: found from names and shapes, or said why not."""

from dataclasses import replace

import pytest

import resnet_spec
from resnet_duet.errors import FileError
from resnet_duet.port import identify as module
from resnet_duet.port.dialects import DIALECTS


def identify(shapes, spec=None, source=None):
    return module.identify(shapes, spec, source, configs={})


def shapes_of(spec, dialect):
    table = DIALECTS[dialect].table(resnet_spec.plan(spec))
    return {name: DIALECTS[dialect].shape(slot) for name, slot in table.items()}


@pytest.mark.parametrize("name", resnet_spec.names())
@pytest.mark.parametrize("dialect", ["torchvision", "keras"])
def test_every_zoo_row_is_recognised_or_named_as_a_rival(name, dialect):
    spec = resnet_spec.get(name, num_classes=17, in_channels=4)
    found = identify(shapes_of(spec, dialect))
    assert found.dialect == dialect
    assert name == found.name or name in found.rivals
    assert (found.spec.num_classes, found.spec.in_channels) == (17, 4)


def test_what_weights_cannot_tell_is_told():
    found = identify(shapes_of(resnet_spec.get("resnet50"), "torchvision"))
    assert (found.name, found.rivals) == ("resnet50", ("resnet50_v1",))
    assert not found.doubtful  # torchvision builds v1.5 only
    found = identify(shapes_of(resnet_spec.get("cifar_resnet20"), "akamaster"))
    assert found.rivals == ("cifar_resnet20_a_end", "cifar_plain20")
    assert not found.doubtful  # akamaster pads both sides
    assert identify(shapes_of(resnet_spec.get("cifar_resnet20"), "keras")).doubtful
    found = identify(shapes_of(resnet_spec.get("keras_resnet50"), "keras_applications"))
    assert (found.name, found.rivals) == ("keras_resnet50", ())


def test_a_name_that_is_given_decides_between_rivals():
    shapes = shapes_of(resnet_spec.get("resnet50"), "torchvision")
    assert identify(shapes, "resnet50_v1").spec.stride_in_1x1
    assert not identify(shapes).spec.stride_in_1x1


def test_a_spec_that_is_given_needs_no_zoo():
    spec = replace(resnet_spec.get("resnet18"), widths=(3, 5, 7, 9))
    assert identify(shapes_of(spec, "keras"), spec).dialect == "keras"
    with pytest.raises(FileError, match="no known network fits; the nearest is "):
        identify(shapes_of(spec, "keras"))


@pytest.mark.parametrize("dialect", ["torchvision", "akamaster", "keras_applications"])
def test_a_checkpoint_without_a_head_is_a_network_without_one(dialect):
    spec = resnet_spec.get("keras_resnet50v2", num_classes=None)
    assert identify(shapes_of(spec, dialect)).spec == spec


def test_a_spec_is_called_by_its_name_in_the_zoo():
    assert module.zoo_name(resnet_spec.get("resnet50d", num_classes=3)) == "resnet50d"
    assert module.zoo_name(resnet_spec.get("resnet50d", norm_eps=1e-3)) == ""


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


def test_the_file_of_another_network_is_told_by_counts():
    shapes = shapes_of(resnet_spec.get("resnet18"), "torchvision")
    with pytest.raises(FileError, match=r"nearest is resnet50 in .* \d+ missing"):
        identify(shapes, resnet_spec.get("resnet50"))
    with pytest.raises(FileError, match=r"nearest is the given spec in "):
        identify(shapes, resnet_spec.get("resnet50", norm_eps=1e-3))


@pytest.mark.parametrize("shapes", [{"x": (1,)}, {"conv1.weight": (), "fc.weight": (0, 0)}])
def test_arrays_of_nothing_known_are_refused(shapes):
    with pytest.raises(FileError, match="no known network fits"):
        identify(shapes)
