"""State dicts under any names are placed by order and shapes, or refused with the reason."""

import random
from dataclasses import replace

import numpy as np
import pytest
import torch

import resnet_duet
import resnet_spec
from resnet_duet.errors import FileError
from resnet_duet.identify.by_order.match import by_order
from resnet_duet.identify.placement import PlacedBy, relabelled
from resnet_duet.weights.arrays import Arrays
from resnet_spec import Bias, Ordering, PlaceBias, ProjectionNorm, ShortcutStride
from support.dialects import shapes_of
from support.networks import EVEN, ODD, assert_close, every_row, images, nchw, thin
from support.tutorial_modules import TUTORIALS

THOUSAND_LAYERS = tuple(n for n in resnet_spec.names() if "1001" in n or "1202" in n)


def renamed(shapes, seed=0):
    """{random name: shape}: every component of a name but numbers and the last is another word."""
    rng, words = random.Random(seed), {}

    def word(component):
        if component.isdecimal():
            return component
        return words.setdefault(component, "".join(rng.choices("abcdefgh", k=8)))

    names = {}
    for name in shapes:
        *path, last = name.split(".")
        names[name] = ".".join([*map(word, path), last])
    return names


def flat(shapes, seed=0):
    """{name: random name without a hierarchy}."""
    layers = {name.rpartition(".")[0] for name in shapes}
    rng = random.Random(seed)
    words = {layer: "".join(rng.choices("abcdefgh", k=8)) for layer in sorted(layers)}
    return {
        name: ".".join((words[name.rpartition(".")[0]], name.rpartition(".")[2])) for name in shapes
    }


def under(names, shapes):
    return {names[name]: shape for name, shape in shapes.items()}


def assert_placed(shapes, names):
    """Every array is in its place. Returns the spec."""
    placement = by_order(under(names, shapes), None)
    assert placement is not None
    assert placement.placed_by is PlacedBy.ORDER
    assert list(placement.names.values()) == [names[name] for name in shapes]
    return placement.spec


@pytest.mark.parametrize("name", every_row())
def test_every_row_under_random_names_is_placed(name):
    spec = resnet_spec.get(name, num_classes=17, in_channels=4)
    shapes = shapes_of(spec, "torchvision")
    found = assert_placed(shapes, renamed(shapes))
    assert (found.num_classes, found.in_channels) == (17, 4)
    assert shapes_of(found, "torchvision") == shapes


@pytest.mark.parametrize("name", ["resnet18", "resnet50", "resnext50_32x4d", "resnet50c"])
def test_names_without_a_hierarchy_need_only_the_order(name):
    shapes = shapes_of(resnet_spec.get(name), "torchvision")
    assert_placed(shapes, flat(shapes))


@pytest.mark.parametrize("name", ["cifar_resnet20", "preresnet18", "keras_cifar_resnet20"])
def test_an_order_that_several_networks_have_is_refused(name):
    shapes = shapes_of(resnet_spec.get(name), "torchvision")
    with pytest.raises(FileError, match=r"fit \d networks; pass --spec NAME, or --rename FILE"):
        by_order(under(flat(shapes), shapes), None)
    placement = by_order(under(flat(shapes), shapes), name)
    assert list(placement.names) == list(shapes)
    assert placement.spec == resnet_spec.get(name)


def test_an_average_pool_before_a_projection_shows_in_its_number():
    shapes = shapes_of(thin(resnet_spec.get("resnet18d")), "torchvision")
    found = assert_placed(shapes, renamed(shapes))
    assert found.shortcut.stride_by is ShortcutStride.AVG_POOL


@pytest.mark.parametrize("tutorial", TUTORIALS)
def test_a_tutorial_network_agrees_with_its_module_in_float64(tutorial):
    net = TUTORIALS[tutorial]()
    state = {n: a.numpy() for n, a in net.state_dict().items() if "num_batches" not in n}
    placement = by_order({name: array.shape for name, array in state.items()}, None)
    assert placement is not None
    built = resnet_torch_network(placement.spec, relabelled(Arrays.of(state), placement))
    for size in (EVEN, ODD):
        x = torch.from_numpy(nchw(images(size)))
        with torch.no_grad():
            assert_close(built(x).numpy(), net(x).numpy(), tutorial)


def resnet_torch_network(spec, arrays):
    import resnet_torch

    net = resnet_torch.build(spec, dtype="float64")
    resnet_torch.write(net, dict(arrays))
    return net.eval()


def test_biases_are_chosen_by_place():
    net = TUTORIALS["biased basic"]()
    shapes = {n: tuple(a.shape) for n, a in net.state_dict().items() if a.ndim}
    spec = by_order(shapes, None).spec
    assert (spec.bias, spec.stem.bias) == (Bias.ALWAYS, PlaceBias.NEVER)
    assert spec.shortcut.bias is PlaceBias.AS_BRANCH
    assert spec.num_classes is None


def test_a_projection_without_norm_is_found():
    net = TUTORIALS["projection without norm"]()
    shapes = {n: tuple(a.shape) for n, a in net.state_dict().items() if a.ndim}
    spec = by_order(shapes, None).spec
    assert spec.shortcut.norm is ProjectionNorm.NEVER
    assert spec.ordering is Ordering.ORIGINAL


def test_arrays_in_another_order_are_refused_where_the_names_contradict():
    shapes = shapes_of(thin(resnet_spec.get("resnet34")), "torchvision")
    names = renamed(shapes)
    a, b = (next(n for n in shapes if n == f"layer1.{i}.conv1.weight") for i in (0, 1))
    order = [b if n == a else a if n == b else n for n in shapes]
    with pytest.raises(FileError, match="contradict"):
        by_order(under(names, {n: shapes[n] for n in order}), None)


def test_blocks_in_another_order_are_placed_by_their_numbers():
    shapes = shapes_of(thin(resnet_spec.get("resnet34")), "torchvision")
    names = {n: n.replace("layer", "stage").replace("conv", "c") for n in shapes}
    moved = [n for n in shapes if n.startswith("layer1.0.")]
    rest = [n for n in shapes if n not in moved]
    at = rest.index("layer1.2.conv1.weight")
    order = [*rest[:at], *moved, *rest[at:]]
    placement = by_order(under(names, {n: shapes[n] for n in order}), None)
    assert placement.names == {n: names[n] for n in shapes}


def test_a_file_that_lists_its_arrays_by_name_is_placed_by_the_tree_of_names():
    shapes = shapes_of(thin(resnet_spec.get("resnet34")), "torchvision")
    names = {n: n.replace("layer", "stage").replace("conv", "convolution_") for n in shapes}
    ordered = {n: shapes[n] for n in sorted(shapes, key=lambda n: names[n])}
    placement = by_order(under(names, ordered), None)
    assert placement.names == {n: names[n] for n in shapes}


def test_keras_layouts_are_known_by_their_words():
    spec = thin(resnet_spec.get("resnet50"))
    shapes = shapes_of(spec, "keras")
    found = by_order(
        {f"net/{name}x".replace("x", "") or name: s for name, s in shapes.items()}, None
    )
    assert found is not None
    arrays = resnet_duet.convert(
        resnet_duet.random_weights(spec, 0, norms="random"), spec, "torchvision", "keras"
    )
    renamed_arrays = Arrays.of({f"net/{name}": array for name, array in arrays.items()})
    placement = by_order(renamed_arrays.shapes, None)
    expected = resnet_duet.convert(arrays, spec, "keras", "torchvision")
    for name, array in relabelled(renamed_arrays, placement).items():
        np.testing.assert_array_equal(array, expected[name], err_msg=name)


def test_a_norm_without_scale_has_the_scale_one():
    spec = thin(resnet_spec.get("resnet18"))
    shapes = shapes_of(spec, "keras")
    bare = {f"n/{name}": s for name, s in shapes.items() if not name.endswith("gamma")}
    placement = by_order(bare, None)
    arrays = Arrays.of({name: np.zeros(s, np.float32) for name, s in bare.items()})
    assert relabelled(arrays, placement)["bn1.weight"].tolist() == [1.0] * spec.stem.channels[0]


def test_a_network_without_norms_is_placed():
    spec = replace(thin(resnet_spec.get("resnet18")), norm="none", bias="always")
    shapes = shapes_of(spec, "torchvision")
    assert assert_placed(shapes, renamed(shapes)) == spec


def test_other_networks_are_not_placed():
    shapes = shapes_of(resnet_spec.get("resnet18"), "torchvision")
    names = renamed(shapes)
    more = {**under(names, shapes), "extra.weight": (7, 7, 3, 3)}
    assert by_order(more, None) is None
    assert by_order({"a.weight": (3, 4)}, None) is None
    assert by_order({}, None) is None


@pytest.mark.slow
def test_load_places_a_file_without_a_flag(tmp_path):
    net = TUTORIALS["biased bottleneck"]()
    torch.save(net.state_dict(), tmp_path / "net.pth")
    with pytest.warns(resnet_duet.UndeterminedChoicesWarning, match="stem.pool"):
        loaded = resnet_duet.load(tmp_path / "net.pth", into="torch", num_classes=None).eval()
    x = torch.from_numpy(nchw(images(ODD)))
    with torch.no_grad():
        assert_close(loaded(x).numpy(), net(x).numpy(), "output")
