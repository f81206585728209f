"""The table of all arrays, and errors that list every array that does not fit."""

import pytest

import resnet_spec
from resnet_spec import Role, WeightsError
from resnet_spec.errors import check_arrays


def test_slots_follow_the_running_order_of_the_layers():
    slots = resnet_spec.slots(resnet_spec.plan(resnet_spec.get("resnet18")))
    assert [(s.layer.name, s.role) for s in slots[:5]] == [
        ("conv1", Role.KERNEL),
        ("bn1", Role.SCALE),
        ("bn1", Role.OFFSET),
        ("bn1", Role.MEAN),
        ("bn1", Role.VAR),
    ]
    assert [(s.layer.name, s.role, s.shape) for s in slots[-2:]] == [
        ("fc", Role.KERNEL, (1000, 512)),
        ("fc", Role.BIAS, (1000,)),
    ]


def test_a_grouped_kernel_sees_its_group_only():
    slots = resnet_spec.slots(resnet_spec.plan(resnet_spec.get("resnext50_32x4d")))
    shapes = {s.layer.name: s.shape for s in slots if s.role is Role.KERNEL}
    assert shapes["layer1.0.conv2"] == (128, 4, 3, 3)


def test_one_error_lists_missing_unexpected_and_misshapen():
    with pytest.raises(WeightsError) as caught:
        check_arrays({"a": (1,), "c": (2, 3), "d": ()}, {"a": (1,), "b": (2,), "c": (3, 2)})
    error = caught.value
    assert (error.missing, error.unexpected) == (("b",), ("d",))
    assert error.misshapen == {"c": ((2, 3), (3, 2))}
    assert error.summary == "1 missing, 1 unexpected, 1 misshapen"
    assert str(error) == (
        "the arrays do not fit the network: 1 missing: b; 1 unexpected: d;"
        " 1 misshapen: c is (2, 3), not (3, 2)"
    )


def test_arrays_that_fit_raise_nothing():
    check_arrays({"a": [1, 2]}, {"a": (1, 2)})
