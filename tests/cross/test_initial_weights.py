"""The initial weights of both builders: random, with zeros in the last norms, or empty."""

import keras
import numpy as np
import pytest
import torch

import resnet_duet
import resnet_spec
import resnet_tf
import resnet_torch
from resnet_duet.frameworks import FRAMEWORKS
from resnet_spec import SpecError
from resnet_spec.initial import last_norms
from resnet_spec.layers import Conv
from support.networks import bits, images, nchw

BUILDERS = {"torch": resnet_torch, "keras": resnet_tf}
SMALL = {"depths": (2, 1), "widths": (8, 16), "num_classes": 7, "stem": {"channels": (8,)}}
NORMAL = {0.5: 0.6170751, 1: 0.3173105, 2: 0.0455003, 3: 0.0026998}  # P(|z| > x)
ORDERINGS = ("original", "relu_before_addition", "relu_preactivation")


def scales(net, framework, plan):
    """{canonical name of a norm: its scale} of the norms in the branches."""
    read = BUILDERS[framework].read(net)
    word = "weight" if framework == "torch" else "gamma"
    separator = "." if framework == "torch" else "/"
    names = [layer.name for layer in plan.layers() if ".bn" in layer.name]
    return {name: read[f"{name}{separator}{word}"] for name in names}


@pytest.mark.parametrize("framework", BUILDERS)
@pytest.mark.parametrize("ordering", ORDERINGS)
@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_only_the_last_norm_of_each_branch_is_zero(name, ordering, framework):
    plan = resnet_spec.plan(name, **SMALL, ordering=ordering)
    net = FRAMEWORKS[framework].build(plan, initial="zero_last_norm")
    number = 2 if name == "resnet18" else 3
    last = {f"{block.name}.bn{number}" for block in plan.blocks()}
    assert {norm.name for norm in last_norms(plan)} == last
    for norm, scale in scales(net, framework, plan).items():
        assert (scale == (0 if norm in last else 1)).all(), norm


@pytest.mark.parametrize("framework", BUILDERS)
def test_a_block_starts_as_its_shortcut(framework):
    own, plan = FRAMEWORKS[framework], resnet_spec.plan("resnet18", **SMALL)
    trace = own.trace(own.build(plan, "float64", initial="zero_last_norm"), images((18, 26)))
    assert np.ptp(trace["layer1.0.conv2"]) > 0
    np.testing.assert_array_equal(trace["layer1.1"], trace["maxpool"])
    shortcut = np.maximum(trace["layer2.0.downsample.1"], 0)
    np.testing.assert_array_equal(trace["layer2.0"], shortcut)


@pytest.mark.parametrize("choices", [
    {"ordering": "full_preactivation"}, {"ordering": "norm_after_addition"}, {"norm": "none"},
])  # fmt: skip
@pytest.mark.parametrize("framework", BUILDERS)
def test_without_a_norm_at_the_end_of_the_branch_there_is_nothing_to_set_to_zero(
    framework, choices
):
    build = BUILDERS[framework].build
    with pytest.raises(SpecError, match=r"^zero_last_norm needs a norm at the end of each branch"):
        build("resnet18", **SMALL, **choices, initial="zero_last_norm")
    with pytest.raises(SpecError, match=r"^zero_last_norm needs"):
        resnet_duet.random_weights(resnet_spec.get("resnet18", **choices), 0, norms="zero_last")


@pytest.mark.parametrize("framework", BUILDERS)
def test_other_initial_weights_are_refused(framework):
    message = r"^initial must be one of random, zero_last_norm, empty, not 'zeros'$"
    with pytest.raises(SpecError, match=message):
        BUILDERS[framework].build("resnet18", initial="zeros")


def test_random_weights_with_zeros_differ_in_the_last_norms_alone():
    spec = resnet_spec.get("resnet50", **SMALL)
    one = resnet_duet.random_weights(spec, 3)
    two = resnet_duet.random_weights(spec, 3, norms="zero_last")
    other = [name for name in one if bits({name: one[name]}) != bits({name: two[name]})]
    assert other == [f"layer{n}.bn3.weight" for n in ("1.0", "1.1", "2.0")]
    assert not any(two[name].any() for name in other)


@pytest.mark.parametrize("framework", BUILDERS)
def test_kernels_are_he_normal_by_fan_out(framework):
    keras.utils.set_random_seed(0)  # of PyTorch and Keras
    plan = resnet_spec.plan("resnet18", **SMALL | {"widths": (96, 160)}, bias="always")
    weights = BUILDERS[framework].read(BUILDERS[framework].build(plan))
    own = FRAMEWORKS[framework]
    canonical = resnet_duet.convert(weights, plan, own.dialect, "torchvision")
    values = []
    for layer in plan.layers():
        if isinstance(layer, Conv):
            kernel = canonical[f"{layer.name}.weight"]
            outputs, _, height, width = kernel.shape
            values.append(kernel.ravel() / np.sqrt(2 / (outputs * height * width)))
            assert not canonical[f"{layer.name}.bias"].any()
    z = np.concatenate(values)
    assert abs(z.mean()) < 5 / np.sqrt(z.size)
    for limit, share in NORMAL.items():
        noise = np.sqrt(share * (1 - share) / z.size)
        assert abs((np.abs(z) > limit).mean() - share) < 5 * noise, limit
    assert np.unique(z).size > 0.95 * z.size
    fc = canonical["fc.weight"], canonical["fc.bias"]
    assert all(np.abs(array).max() < 160**-0.5 and np.ptp(array) > 0 for array in fc)


def test_every_kernel_and_every_network_has_its_own_values():
    keras.utils.set_random_seed(0)
    one, two = (resnet_tf.read(resnet_tf.build("resnet18", **SMALL)) for _ in range(2))
    names = [f"layer1.{block}.conv{conv}/kernel" for block in (0, 1) for conv in (1, 2)]
    assert (
        len({one[name].tobytes() for name in names} | {two[name].tobytes() for name in names}) == 8
    )
    keras.utils.set_random_seed(0)
    assert bits(resnet_tf.read(resnet_tf.build("resnet18", **SMALL))) == bits(one)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_kernels_are_drawn_in_the_network_s_precision(dtype):
    kernel = resnet_tf.read(resnet_tf.build("resnet18", dtype, **SMALL))["conv1/kernel"]
    assert kernel.dtype == dtype
    is_exact_in_float32 = (kernel.astype(np.float32) == kernel).all()
    assert is_exact_in_float32 == (dtype != "float64")


@pytest.mark.parametrize("initial", ["random", "empty", "zero_last_norm"])
def test_a_configuration_names_the_distributions(initial):
    """A saved network and a clone start with them, not with the zeros of the builder."""
    net = resnet_tf.build("resnet18", **SMALL, initial=initial)
    configs = {layer["class_name"]: layer["config"] for layer in net.get_config()["layers"]}
    found = {
        (kind, name): (value["class_name"], value["config"].get("distribution"))
        for kind in ("Conv2D", "Dense")
        for name, value in configs[kind].items()
        if name in ("kernel_initializer", "bias_initializer")
    }
    he, uniform = ("VarianceScaling", "untruncated_normal"), ("RandomUniform", None)
    assert found["Conv2D", "kernel_initializer"] == he
    assert found["Dense", "kernel_initializer"] == found["Dense", "bias_initializer"] == uniform
    clone = keras.models.clone_model(net)
    assert np.ptp(clone.get_layer("conv1").kernel.numpy()) > 0
    assert clone.get_layer("layer1.0.bn2").gamma.numpy().any() == (initial != "zero_last_norm")


def states():
    """The states of all generators that a builder may use."""
    seeds = keras.src.backend.common.global_state.get_global_attribute("global_seed_generator")
    keras_state = None if seeds is None else seeds.state.numpy().tolist()
    return torch.get_rng_state().tolist(), keras_state, np.random.get_state()[1].tolist()


@pytest.fixture
def no_draws(monkeypatch):
    """A function that asserts that nothing was drawn since the test began."""

    def refuse(*arguments, **keywords):
        raise AssertionError("random numbers are drawn")

    for cls in (keras.initializers.VarianceScaling, keras.initializers.RandomUniform):
        monkeypatch.setattr(cls, "__call__", refuse)
    monkeypatch.setattr(np.random, "default_rng", refuse)
    before = states()
    return lambda: states() == before


@pytest.mark.parametrize("framework", BUILDERS)
def test_an_empty_network_draws_no_random_numbers(framework, no_draws):
    net = BUILDERS[framework].build("resnet18", **SMALL, initial="empty")
    assert no_draws()
    plan = resnet_spec.plan("resnet18", **SMALL)
    assert all((scale == 1).all() for scale in scales(net, framework, plan).values())


@pytest.mark.parametrize("framework", BUILDERS)
def test_loading_a_checkpoint_draws_no_random_numbers(framework, tmp_path, monkeypatch, request):
    weights = resnet_duet.random_weights("cifar_resnet20", 0, norms="random")
    source = resnet_torch.build("cifar_resnet20")
    resnet_torch.write(source, weights)
    resnet_duet.save(source, tmp_path / "net.safetensors")
    no_draws = request.getfixturevalue("no_draws")
    net = resnet_duet.load(tmp_path / "net.safetensors", into=framework)
    assert no_draws()
    own = FRAMEWORKS[framework]
    found = resnet_duet.convert(own.read(net), net.spec, own.dialect, "torchvision")
    assert bits(found) == bits(resnet_torch.read(source))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_an_empty_pytorch_network_is_complete(dtype):
    net = resnet_torch.build("resnet18", dtype, **SMALL, initial="empty")
    full = resnet_torch.build("resnet18", dtype, **SMALL)
    assert list(net.state_dict()) == list(full.state_dict())
    for name, array in full.state_dict().items():
        other = net.state_dict()[name]
        assert (other.shape, other.dtype, other.device) == (array.shape, array.dtype, array.device)
    assert [p.requires_grad for p in net.parameters()] == [True] * len(list(full.parameters()))
    assert net.training
    assert int(net.bn1.num_batches_tracked) == 0
    net.load_state_dict(full.state_dict())
    x = torch.from_numpy(nchw(images((18, 26)))).to(net.conv1.weight.dtype)
    with torch.no_grad():
        np.testing.assert_array_equal(net.eval()(x).numpy(), full.eval()(x).numpy())
