"""Arrays in the places of a network get canonical names and layouts."""

from dataclasses import replace

import numpy as np
import pytest

import resnet_duet
import resnet_spec
from resnet_duet.graphs.operations import Filled, Weight
from resnet_duet.identify.placement import PlacedBy, Placement, relabelled, unplaced
from resnet_duet.weights.arrays import Arrays
from resnet_duet.weights.dialects import dialect
from resnet_spec import ResNetSpec, Role, WeightsError
from support.networks import bits, thin

SPEC = replace(thin(resnet_spec.get("resnet18")), depths=(1, 1), widths=(4, 8))


def placed(spec: ResNetSpec, source: str) -> tuple[Arrays, Placement]:
    """The arrays of a dialect under names without meaning, each in its place."""
    plan = resnet_spec.plan(spec)
    own = dialect(source)
    table = own.table(plan)
    names = {name: f"array{i}" for i, name in enumerate(table)}
    weights = {
        array: Weight(names[name], own.axes(array), own.shape(array))
        for name, array in table.items()
    }
    random = resnet_duet.random_weights(spec, 1, norms="random")
    arrays = resnet_duet.convert(random, spec, "torchvision", source)
    renamed = {names[name]: array for name, array in arrays.items()}
    return Arrays.of(renamed), Placement(spec, weights, PlacedBy.GRAPH)


@pytest.mark.parametrize("source", ["torchvision", "keras"])
def test_relabelled_arrays_are_the_canonical_ones_bit_for_bit(source):
    arrays, placement = placed(SPEC, source)
    expected = resnet_duet.random_weights(SPEC, 1, norms="random")
    found = relabelled(arrays, placement)
    assert list(found) == list(dialect("torchvision").table(resnet_spec.plan(SPEC)))
    assert bits(found) == bits({name: expected[name] for name in found})
    assert found.shapes == {name: array.shape for name, array in found.items()}


def test_an_array_is_not_read_before_it_is_used():
    arrays, placement = placed(SPEC, "keras")

    def refuse():
        raise AssertionError("read")

    unread = Arrays({name: replace(entry, read=refuse) for name, entry in arrays.entries.items()})
    assert len(relabelled(unread, placement)) == len(arrays)


def test_a_constant_has_the_precision_of_the_file():
    arrays, placement = placed(SPEC, "torchvision")
    scale = next(array for array in placement.weights if array.role is Role.SCALE)
    weights = {**placement.weights, scale: Filled(1.0, "C", scale.shape)}
    arrays = Arrays.of({name: array.astype("float16") for name, array in arrays.items()})
    constant = relabelled(arrays, replace(placement, weights=weights))["bn1.weight"]
    assert constant.dtype == np.float16
    assert constant.tolist() == [1.0] * scale.shape[0]


def test_a_dense_kernel_may_come_from_a_1x1_convolution():
    arrays, placement = placed(SPEC, "torchvision")
    dense = next(array for array in placement.weights if array.axes == "OI")
    name = placement.names["fc.weight"]
    kernel = arrays[name]
    wide = Arrays.of({**arrays, name: kernel.T[None, None]})
    weights = {**placement.weights, dense: Weight(name, "11IO", (1, 1, *kernel.T.shape))}
    found = relabelled(wide, replace(placement, weights=weights))
    np.testing.assert_array_equal(found["fc.weight"], kernel)


def test_an_array_without_a_place_or_of_another_shape_is_an_error():
    arrays, placement = placed(SPEC, "torchvision")
    first, second, *_ = placement.weights
    weights = {array: weight for array, weight in placement.weights.items() if array != first}
    weights[second] = Weight("array1", "C", (99,))
    with pytest.raises(WeightsError) as caught:
        relabelled(arrays, replace(placement, weights=weights))
    assert caught.value.missing == ("conv1.weight",)
    assert caught.value.misshapen == {"bn1.weight": ((99,), second.shape)}


def test_arrays_of_the_file_without_a_place_are_listed():
    arrays, placement = placed(SPEC, "torchvision")
    more = Arrays.of({**arrays, "extra": np.zeros(3)})
    assert unplaced(more, placement) == ("extra",)
