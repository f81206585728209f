"""What a comparison shows: a line, a table by stage, an HTML table; shapes that differ."""

from dataclasses import replace

import numpy as np
import pytest

import resnet_duet
import resnet_spec
import resnet_tf
import resnet_torch
from resnet_duet.comparison.layer_errors import LayerError
from support.networks import matching_networks


@pytest.fixture(scope="module")
def match():
    return resnet_duet.compare(*matching_networks("mlperf_resnet8"))


@pytest.fixture(scope="module")
def mismatch():
    """Another eps in Keras."""
    torch_net, keras_net = matching_networks("mlperf_resnet8")
    wrong = resnet_tf.build(resnet_spec.get("mlperf_resnet8", norm_eps=1e-5), "float64")
    resnet_tf.write(wrong, resnet_tf.read(keras_net))
    return resnet_duet.compare(torch_net, wrong)


@pytest.fixture(scope="module")
def other_widths():
    """Two networks of the same layers; those of the second stage have other widths."""
    spec = resnet_spec.get("mlperf_resnet8", widths=(16, 24, 64))
    return resnet_duet.compare(resnet_torch.build("mlperf_resnet8"), resnet_torch.build(spec))


def test_the_verdict_names_the_first_divergence_its_error_and_the_number_of_layers(match, mismatch):
    count = len(match.layers)
    assert match.verdict == f"Match: all {count} layer outputs agree within 1e-10 (float64)."
    first = mismatch.first_divergence
    assert first.layer == "bn1"
    differ = sum(not layer.match for layer in mismatch.layers)
    assert mismatch.verdict == (
        f"MISMATCH: first divergence: bn1, relative error {first.error:.1e}"
        f" (tolerance 1e-10, float64). {differ} of {count} layers differ."
    )
    assert differ == count - 1  # all but conv1


def test_str_is_a_table_by_stage_and_the_verdict(mismatch):
    heading, *rows, verdict = str(mismatch).splitlines()
    assert heading.split() == ["stage", "last", "layer", "shape", "worst", "error", "result"]
    assert [row.split()[0] for row in rows] == ["stem", "layer1", "layer2", "layer3", "head"]
    assert "2x32x40x16" in rows[0]
    assert rows[0].endswith(f"{mismatch.stages['stem'][1].error:.1e}      MISMATCH in bn1")
    assert verdict == mismatch.verdict


def test_repr_is_one_short_line(match, mismatch):
    for result in (match, mismatch):
        assert "\n" not in repr(result)
        assert len(repr(result)) < 250
        assert result.verdict in repr(result)


def test_the_html_is_a_small_table_and_escapes_names(mismatch):
    html = mismatch._repr_html_()
    assert html.count("<tr>") == 6
    assert mismatch.verdict in html
    layer = LayerError("<b>", (2, 3), 0.5, 1e-10, None)
    assert "&lt;b&gt;" in layer._repr_html_()
    assert "<b>" not in layer._repr_html_()


def test_the_error_of_a_layer_is_relative_to_the_first_network():
    torch_net, keras_net = matching_networks("mlperf_resnet8")
    classifier = keras_net.get_layer("fc")
    classifier.kernel.assign(2 * classifier.kernel)
    classifier.bias.assign(2 * classifier.bias)  # b = 2 a
    assert resnet_duet.compare(torch_net, keras_net).worst.error == pytest.approx(1)
    assert resnet_duet.compare(keras_net, torch_net).worst.error == pytest.approx(1 / 2)


def test_other_shapes_are_reported_as_shapes_not_as_an_infinite_error(other_widths):
    layer = next(layer for layer in other_widths.layers if layer.reason)
    assert layer.layer == "layer2.0.conv1"
    assert layer.reason == "shape 2x16x20x32 vs 2x16x20x24"
    assert not layer.match
    assert "inf" not in str(other_widths)
    assert "inf" not in other_widths._repr_html_()
    assert "MISMATCH in layer2.0.conv1: shape 2x16x20x32 vs 2x16x20x24" in str(other_widths)
    assert "The structures differ from layer2.0.conv1 on: shape 2x16x20x32" in other_widths.verdict


def test_a_layer_that_one_network_lacks_is_reported_as_such():
    plain, residual = resnet_torch.build("cifar_plain20"), resnet_torch.build("cifar_resnet20_b")
    layers = {layer.layer: layer for layer in resnet_duet.compare(plain, residual).layers}
    name = "layer2.0.downsample.0"
    assert layers[name].reason == "the reference has no such layer"
    layers = {layer.layer: layer for layer in resnet_duet.compare(residual, plain).layers}
    assert layers[name].reason == "only the reference has this layer"


def test_nan_is_the_worst_error_of_a_stage(match):
    shape = LayerError("a", (1,), np.inf, 1, "shape 1 vs 2")
    rows = (shape, LayerError("b", (1,), np.nan, 1, None))
    result = replace(match, layers=rows, stages={"stem": rows})
    assert result.worst.layer == "b"
    assert str(rows[1]) == "b: relative error nan (tolerance 1)"
    assert str(rows[0]) == "a: shape 1 vs 2 (tolerance 1)"
