"""`assert_equivalent`: one line in a user's test, whose failure names the layer, cause and fix."""

import re
import subprocess
import sys
import textwrap

import pytest

import resnet_duet
import resnet_spec
import resnet_tf
import resnet_torch
from resnet_duet import Function
from resnet_duet.testing import assert_equivalent
from resnet_spec import ResNetError
from support.custom_networks import custom_keras_net, custom_torch_net
from support.networks import matching_networks

NAME = "cifar_resnet20"


@pytest.fixture(scope="module")
def nets():
    return matching_networks(NAME)


@pytest.fixture(scope="module")
def wrong(nets):
    """The Keras network with Keras' default eps."""
    net = resnet_tf.build(resnet_spec.get(NAME, norm_eps=1e-3), "float64")
    resnet_tf.write(net, resnet_tf.read(nets[1]))
    return net


def function(model):
    return Function(lambda x: model(x, training=False), "NHWC", None)


def failure(*arguments, **options):
    """The message of the failed assertion."""
    with pytest.raises(AssertionError) as raised:
        assert_equivalent(*arguments, **options)
    return str(raised.value)


@pytest.mark.slow
def test_matching_networks_pass_in_either_order(nets):
    torch_net, keras_net = nets
    assert_equivalent(torch_net, keras_net)
    assert_equivalent(keras_net, torch_net, seeds=(1, 2))


@pytest.mark.slow
def test_anything_that_compare_takes_is_taken(nets, tmp_path):
    torch_net, keras_net = nets
    resnet_duet.save(torch_net, tmp_path / "net.safetensors")
    assert_equivalent(tmp_path / "net.safetensors", function(keras_net))
    plain, keras_plain = matching_networks("cifar_resnet20_b")
    assert_equivalent(plain, custom_torch_net(plain))
    keras_model = custom_keras_net(resnet_tf.read(keras_plain), "valid", {"epsilon": 1e-5})
    assert_equivalent(custom_torch_net(plain), function(keras_model), tolerance=1e-5)


def test_the_message_has_the_verdict_the_table_the_cause_and_the_fix(nets, wrong):
    message = failure(nets[0], wrong)
    verdict, networks, table, diagnosis = message.split("\n\n")
    first = resnet_duet.compare(nets[0], wrong).first_divergence
    assert first.layer == "bn1"
    assert verdict == (
        f"MISMATCH: first divergence: bn1, relative error {first.error:.1e}"
        " (tolerance 1e-10, float64). 74 of 75 layers differ."
    )
    assert networks == "reference: the PyTorch network\nother:     the Keras network"
    stages = [line.split()[0] for line in table.splitlines()]
    assert stages == ["stage", "stem", "layer1", "layer2", "layer3", "head"]
    assert "Cause found (residual " in diagnosis
    assert "norm_eps: norm_eps is 0.001, not 1e-05" in diagnosis
    assert "in bn1, layer1.0.bn1 ... layer3.2.bn2 (19 in total)" in diagnosis
    assert "fix: BatchNormalization(epsilon=1e-05)" in diagnosis


def test_the_cause_is_found_in_a_plain_function_too(nets, wrong):
    message = failure(nets[0], function(wrong))
    assert "first divergence: fc, " in message
    assert "Only the outputs were compared." in message
    assert "norm_eps: norm_eps is 0.001, not 1e-05" in message


def test_a_plain_function_as_the_reference_has_no_diagnosis(nets, wrong):
    message = failure(function(nets[1]), wrong)
    assert "MISMATCH: first divergence: output" in message
    assert "No diagnosis: the function <lambda> cannot be the reference" in message


def test_without_diagnosis_the_message_ends_with_the_table(nets, wrong):
    message = failure(nets[0], wrong, diagnose=False)
    assert message.startswith("MISMATCH: first divergence: bn1")
    assert "norm_eps" not in message
    assert message.splitlines()[-1].startswith("head")


def test_a_smaller_tolerance_fails_on_rounding(nets):
    message = failure(*nets, tolerance=1e-18, diagnose=False)
    assert "(tolerance 1e-18, float64)" in message


@pytest.mark.slow
def test_an_unknown_cause_refers_to_the_search_for_pairs(nets):
    """Two mistakes at once: the quick search tests single ones."""
    spec = resnet_spec.get(NAME, norm_eps=1e-3, padding="same")
    net = resnet_tf.build(spec, "float64")
    resnet_tf.write(net, resnet_tf.read(nets[1]))
    message = failure(nets[0], net)
    assert "No known cause among" in message
    assert "First diverging layer: bn1: relative error" in message
    assert "resnet_duet.diagnose(reference, other) tests more, such as pairs of causes." in message


def test_other_architectures_are_named():
    one, two = (resnet_torch.build(name) for name in ("cifar_resnet20", "cifar_resnet32"))
    assert "Different architectures: cifar_resnet20 vs cifar_resnet32" in failure(one, two)


def test_networks_that_cannot_be_compared_are_an_error():
    with pytest.raises(ResNetError, match="objects of type int cannot be compared"):
        assert_equivalent(1, 2)


@pytest.mark.slow
def test_a_failing_test_of_a_user_shows_the_message(nets, wrong, tmp_path):
    """Run by pytest: the traceback ends at the user's line."""
    resnet_duet.save(nets[0], tmp_path / "right.safetensors")
    resnet_duet.save(wrong, tmp_path / "wrong.weights.h5")
    (tmp_path / "test_port.py").write_text(
        textwrap.dedent("""
        from resnet_duet.testing import assert_equivalent

        def test_port():
            assert_equivalent("right.safetensors", "wrong.weights.h5")
        """)
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_port.py"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 1
    assert re.search("^E +norm_eps: norm_eps is 0.001, not 1e-05$", run.stdout, re.MULTILINE)
    assert "resnet_duet/testing/__init__.py" not in run.stdout


def test_importing_the_assertion_imports_neither_numpy_nor_a_framework():
    code = (
        "import sys, resnet_duet.testing; "
        "print([m for m in ('numpy', 'torch', 'keras', 'hypothesis') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
