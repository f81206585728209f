"""The table of all arrays of a network, and the error for arrays that do not match."""

import pytest

import resnet_spec
from resnet_spec import Role, WeightsError
from resnet_spec.errors import check_arrays


def test_arrays_are_in_the_execution_order_of_the_layers():
    arrays = resnet_spec.array_specs(resnet_spec.plan("resnet18"))
    assert [(array.layer.name, array.role) for array in arrays[:5]] == [
        ("conv1", Role.KERNEL),
        ("bn1", Role.SCALE),
        ("bn1", Role.OFFSET),
        ("bn1", Role.MEAN),
        ("bn1", Role.VAR),
    ]
    assert [(array.layer.name, array.role, array.shape) for array in arrays[-2:]] == [
        ("fc", Role.KERNEL, (1000, 512)),
        ("fc", Role.BIAS, (1000,)),
    ]


def test_a_grouped_kernel_has_the_input_channels_of_one_group():
    arrays = resnet_spec.array_specs(resnet_spec.plan("resnext50_32x4d"))
    shapes = {array.layer.name: array.shape for array in arrays if array.role is Role.KERNEL}
    assert shapes["layer1.0.conv2"] == (128, 4, 3, 3)


def test_one_error_lists_missing_unexpected_and_misshapen():
    with pytest.raises(WeightsError) as caught:
        check_arrays({"a": (1,), "c": (2, 3), "d": ()}, {"a": (1,), "b": (2,), "c": (3, 2)})
    error = caught.value
    assert (error.missing, error.unexpected) == (("b",), ("d",))
    assert error.misshapen == {"c": ((2, 3), (3, 2))}
    assert error.counts == "1 missing, 1 unexpected, 1 misshapen"
    assert str(error).splitlines() == [
        "the arrays do not match the network: 1 missing, 1 unexpected, 1 misshapen",
        "  missing: b",
        "  unexpected: d",
        "  misshapen: c has shape (2, 3), expected (3, 2)",
    ]


def test_arrays_that_match_raise_nothing():
    check_arrays({"a": [1, 2]}, {"a": (1, 2)})
