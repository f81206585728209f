"""The PyTorch builder: torchvision's names, plain modules, and PyTorch's own tools work on them."""

import copy
import io
import math
import pickle

import numpy as np
import pytest
import torch

import resnet_duet
import resnet_spec
import resnet_torch
from resnet_spec import SpecError, WeightsError
from support.networks import TOLERANCE, bits, images, nchw, thin

NAMES = ("resnet18", "keras_resnet50v2", "resnet50d", "mlperf_resnet8", "cifar_resnet20")


def net_of(name, **choices):
    return resnet_torch.build(thin(resnet_spec.get(name, **choices)), dtype="float64").eval()


def image(size=(33, 48), channels=3):
    return torch.from_numpy(nchw(images(size, channels)))


def saved_and_loaded(net):
    """The network after `torch.save` and `torch.load`."""
    file = io.BytesIO()
    torch.save(net, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


RESNET18_BLOCK = (
    "conv1.weight bn1.weight bn1.bias bn1.running_mean bn1.running_var bn1.num_batches_tracked"
    " conv2.weight bn2.weight bn2.bias bn2.running_mean bn2.running_var bn2.num_batches_tracked"
)


def test_resnet18_has_the_state_dict_keys_of_torchvision_in_the_same_order():
    stem, projection = RESNET18_BLOCK.split(" conv2")[0].split(), ["0.weight"]
    projection += [f"1.{leaf.partition('.')[2]}" for leaf in stem[1:]]
    keys = list(stem)
    for stage in (1, 2, 3, 4):
        for block in (0, 1):
            keys += [f"layer{stage}.{block}.{leaf}" for leaf in RESNET18_BLOCK.split()]
            if stage > 1 and block == 0:
                keys += [f"layer{stage}.{block}.downsample.{leaf}" for leaf in projection]
    assert list(resnet_torch.build("resnet18").state_dict()) == [*keys, "fc.weight", "fc.bias"]


CIFAR = {"num_classes": 7, "depths": (1, 2, 1), "padding": "same"}
NETWORKS = {
    "a name": ("cifar_resnet20", CIFAR),
    "a spec": (resnet_spec.get("cifar_resnet20"), CIFAR),
    "a spec with choices": (resnet_spec.get("cifar_resnet20", **CIFAR), {}),
    "a plan": (resnet_spec.plan("cifar_resnet20", **CIFAR), {}),
}


@pytest.mark.parametrize("given", NETWORKS)
def test_a_name_a_spec_and_a_plan_build_the_same_network(given):
    def drawn(network, choices):
        torch.manual_seed(0)
        return resnet_torch.build(network, dtype="float64", **choices).eval()

    network, choices = NETWORKS[given]
    net, reference = drawn(network, choices), drawn(*NETWORKS["a plan"])
    assert net.spec == reference.spec
    assert bits(resnet_torch.read(net)) == bits(resnet_torch.read(reference))
    torch.testing.assert_close(net(image()), reference(image()), rtol=0, atol=0)


def test_choices_are_refused_for_a_plan_and_an_unknown_name_gets_a_hint():
    with pytest.raises(SpecError, match="a plan is fixed; to choose num_classes, depths, pass a"):
        resnet_torch.build(resnet_spec.plan("resnet18"), num_classes=3, depths=(1, 1, 1, 1))
    with pytest.raises(SpecError, match="cifar_resnet20"):
        resnet_torch.build("cifar_resnet2")


def test_a_state_dict_loads_strictly_with_and_without_counters():
    net = resnet_torch.build("resnet18")
    other = resnet_torch.build("resnet18")
    other.load_state_dict(net.state_dict(), strict=True)
    arrays = {n: torch.from_numpy(a) for n, a in resnet_torch.read(net).items()}
    assert "bn1.num_batches_tracked" not in arrays
    other.load_state_dict(arrays, strict=True)


@pytest.mark.parametrize(
    ("decay", "printed"), [(0.9, "0.1"), (0.99, "0.01"), (0.997, "0.003"), (0.0, "1.0")]
)
def test_a_norm_prints_its_momentum_as_a_short_decimal(decay, printed):
    norm = resnet_torch.build("mlperf_resnet8", norm_decay=decay).bn1
    assert f"momentum={printed}," in str(norm)
    assert abs(norm.momentum - (1 - decay)) < 2**-52
    assert np.float32(norm.momentum) == np.float32(1 - decay)  # the same training in float32


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_network_compiles_into_one_graph(name):
    net, x = net_of(name), image()
    graphs = []

    def eager(graph, inputs):
        graphs.append(graph)
        return graph.forward

    compiled = torch.compile(net, backend=eager, fullgraph=True)
    torch.testing.assert_close(compiled(x), net(x), rtol=0, atol=0)
    assert len(graphs) == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_network_exports(name):
    net, x = net_of(name), image()
    program = torch.export.export(net, (x,))
    torch.testing.assert_close(program.module()(x), net(x), rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("name", NAMES)
def test_a_network_pickles_and_copies(name):
    net, x = net_of(name), image()
    for copied in (pickle.loads(pickle.dumps(net)), copy.deepcopy(net)):
        torch.testing.assert_close(copied(x), net(x), rtol=0, atol=0)
        assert copied.spec == net.spec


def test_a_layer_that_is_replaced_is_the_one_that_runs():
    net, x = net_of("resnet18"), image()
    before = net(x)
    net.layer1[0].conv1 = torch.nn.Conv2d(8, 8, 3, padding=1).double()
    assert not torch.equal(before, net(x))


@pytest.mark.parametrize("name", [*NAMES, "preresnet18"])
def test_features_are_the_feature_maps_of_the_stages_with_shared_weights(name):
    net, x = net_of(name), image()
    maps = resnet_torch.features(net)(x)
    trace = resnet_torch.trace(net, x.numpy())
    assert list(maps) == [stage.name for stage in resnet_spec.plan(net.spec).stages]
    for stage, feature_map in maps.items():
        np.testing.assert_array_equal(feature_map.detach().numpy(), trace[stage])
    parameters = {id(p) for p in net.parameters()}
    assert {id(p) for p in resnet_torch.features(net).parameters()} == parameters


@pytest.mark.parametrize("reopen", [saved_and_loaded, copy.deepcopy])
def test_features_work_on_a_network_that_was_saved_or_copied(reopen):
    net, x = net_of("resnet50d"), image()
    expected, found = (resnet_torch.features(n)(x) for n in (net, reopen(net)))
    assert list(found) == list(expected)
    for stage in expected:
        torch.testing.assert_close(found[stage], expected[stage], rtol=0, atol=0)


@pytest.mark.parametrize("ordering", resnet_spec.Ordering)
def test_no_relu_overwrites_the_input_of_a_shortcut(ordering):
    """With all ReLUs out of place, the outputs and gradients are the same."""
    net = net_of("resnet18", ordering=ordering)
    careful = copy.deepcopy(net)
    for module in careful.modules():
        if isinstance(module, torch.nn.ReLU):
            module.inplace = False
    assert any(m.inplace for m in net.modules() if isinstance(m, torch.nn.ReLU))
    gradients = []
    for network in (net, careful):
        x = image().requires_grad_()
        network(x).square().sum().backward()
        gradients.append((network(x), x.grad))
    torch.testing.assert_close(*gradients, rtol=0, atol=0)


def test_an_unknown_precision_is_refused():
    with pytest.raises(SpecError, match="dtype must be one of float16, float32, float64"):
        resnet_torch.build("cifar_resnet20", dtype="float23")


@pytest.mark.parametrize("forward", [resnet_torch.run, resnet_torch.trace])
@pytest.mark.parametrize("training", [False, True])
def test_run_and_trace_leave_the_mode_of_every_module_as_it_was(forward, training):
    net = net_of("resnet18").train(not training)
    net.bn1.train(training)  # as a user freezes some norms
    modes = [module.training for module in net.modules()]
    forward(net, nchw(images((32, 32))), training=training)
    assert [module.training for module in net.modules()] == modes
    assert not any(module._forward_hooks for module in net.modules())


@pytest.mark.parametrize("forward", [resnet_torch.run, resnet_torch.trace])
def test_only_training_changes_the_running_statistics(forward):
    net = net_of("resnet18")
    before = bits(resnet_torch.read(net))
    forward(net, nchw(images((32, 32))))
    assert bits(resnet_torch.read(net)) == before
    forward(net, nchw(images((32, 32))), training=True)
    changed = {n for n, array in bits(resnet_torch.read(net)).items() if array != before[n]}
    assert changed == {n for n in before if "running" in n}


def test_read_is_a_copy():
    net = net_of("cifar_resnet20")
    resnet_torch.read(net)["fc.bias"][:] = 1e9
    assert net.fc.bias.abs().max() < 1e9


def test_write_lists_every_error_and_writes_nothing():
    net = net_of("cifar_resnet20")
    before = resnet_torch.read(net)
    weights = {n: a + 1 for n, a in before.items()}
    weights["fc.weight"] = weights["fc.weight"].T
    weights["extra"] = weights.pop("bn1.bias")
    with pytest.raises(WeightsError) as caught:
        resnet_torch.write(net, weights)
    assert caught.value.missing == ("bn1.bias",)
    assert caught.value.unexpected == ("extra",)
    assert list(caught.value.misshapen) == ["fc.weight"]
    for name, array in resnet_torch.read(net).items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.slow
def test_a_network_starts_from_he_s_distribution_by_fan_out():
    torch.manual_seed(0)
    spec = resnet_spec.get("keras_resnet50", num_classes=1000)
    weights = resnet_torch.read(resnet_torch.build(spec))
    reference = resnet_duet.random_weights(spec, 0)
    assert weights.keys() == reference.keys()
    for name, array in weights.items():
        if array.size > 10_000:
            assert math.isclose(array.std(), reference[name].std(), rel_tol=0.05), name
        elif array.ndim == 1 and name != "fc.bias":
            np.testing.assert_array_equal(array, reference[name], err_msg=name)


def test_grouped_kernels_count_all_outputs_in_their_fan_out():
    weights = resnet_torch.read(resnet_torch.build("resnext50_32x4d"))
    kernel = weights["layer4.1.conv2.weight"]
    assert math.isclose(kernel.std(), math.sqrt(2 / (kernel.shape[0] * 9)), rel_tol=0.05)
