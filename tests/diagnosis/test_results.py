"""What a diagnosis shows, and on which scale: relative to the reference's output."""

from dataclasses import replace

import numpy as np
import pytest

import resnet_duet
from resnet_duet.diagnosis.diagnose import search_all
from resnet_duet.diagnosis.diagnosis import Cause, Diagnosis
from resnet_duet.diagnosis.evaluation import random_network
from resnet_duet.diagnosis.explain import explain
from resnet_duet.scenarios.networks import small
from resnet_duet.weights.relative_error import relative_error
from support.networks import matching_networks

EPS = Cause(
    "norm_eps", "norm_eps is 0.001, not 1e-05", "eps=1e-05", ("bn1", "layer1.0.bn1"), 0.02, None
)
SIDES = Cause("image_sides", "height & width <swapped>", "transpose", (), 0.5, 2.0)


def diagnosis(**fields):
    """One that found nothing, but for these fields."""
    base = Diagnosis(("a", "b"), False, 4.9e-4, "float64", None, (), 1.7e-15, None, 1462, 2)
    return replace(base, **fields)


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (
            diagnosis(match=True, error=1.7e-15),
            "Outputs match (1.7e-15, float64); nothing to diagnose.",
        ),
        (
            diagnosis(different_architectures="resnet18 vs resnet50; first difference: x"),
            "Different architectures: resnet18 vs resnet50; first difference: x.",
        ),
        (
            diagnosis(),
            "MISMATCH: relative error 4.9e-04 between a and b (float64).\n"
            "No known cause among 1,462 combinations.",
        ),
        (
            diagnosis(explanations=((EPS,), (EPS, SIDES))),
            "MISMATCH: relative error 4.9e-04 between a and b (float64).\n"
            "Cause found (residual 1.7e-15):\n"
            "  norm_eps: norm_eps is 0.001, not 1e-05\n"
            "    in bn1, layer1.0.bn1; on its own: error 2.0e-02\n"
            "    fix: eps=1e-05\n"
            "or, indistinguishable by the outputs:\n"
            "  norm_eps: norm_eps is 0.001, not 1e-05\n"
            "    in bn1, layer1.0.bn1; on its own: error 2.0e-02\n"
            "    fix: eps=1e-05\n"
            "  image_sides: height & width <swapped>\n"
            "    outside the network; on its own: error 5.0e-01; without it: residual 2.0e+00\n"
            "    fix: transpose",
        ),
    ],
)
def test_str_is_the_whole_report(found, text):
    assert str(found) == text


def test_repr_is_one_short_line():
    found = diagnosis(explanations=((EPS, SIDES),))
    assert repr(found) == (
        "<Diagnosis of a and b: Causes found (residual 1.7e-15): norm_eps + image_sides.>"
    )
    assert repr(EPS) == "<Cause norm_eps: norm_eps is 0.001, not 1e-05>"


def test_the_html_has_a_table_for_each_explanation_and_escapes_text():
    html = diagnosis(explanations=((EPS,), (SIDES,)))._repr_html_()
    assert html.count("<table>") == 2
    assert "height &amp; width &lt;swapped&gt;" in html
    assert "<swapped>" not in html + SIDES._repr_html_()
    assert "No known cause" in diagnosis()._repr_html_()


@pytest.mark.slow
def test_the_error_of_a_diagnosis_is_that_of_the_comparison():
    torch_net, keras_net = matching_networks("mlperf_resnet8")
    classifier = keras_net.get_layer("fc")
    classifier.kernel.assign(2 * classifier.kernel)
    classifier.bias.assign(2 * classifier.bias)  # b = 2 a
    for a, b, error in ((torch_net, keras_net, 1), (keras_net, torch_net, 1 / 2)):
        found = resnet_duet.diagnose(a, b, max_causes=1)
        assert found.error == pytest.approx(error)
        assert found.error == pytest.approx(resnet_duet.compare(a, b).layers[-1].error)


def test_residual_and_errors_of_causes_are_on_the_scale_of_the_reference():
    """Images multiplied by 255 make the outputs larger than the reference's."""
    candidates = random_network(small("cifar_resnet20"))
    (mistake,) = (
        one for one in candidates.singles() if one.key[1] == "images are multiplied by 255"
    )
    rights = [candidates.output(None, batch) for batch in range(2)]
    wrongs = [candidates.output(mistake, batch) for batch in range(2)]
    rest = 1e-9 * np.abs(wrongs[0]).max()  # that the mistake leaves unexplained
    outputs = tuple(wrong + rest for wrong in wrongs)
    found = explain(candidates, outputs, ("a", "b"), search_all(max_causes=1), 1)
    ((cause,),) = found.explanations
    assert cause.error == relative_error(rights[0], wrongs[0]) > 2
    assert found.error == max(map(relative_error, rights, outputs)) > 2
    scale = min(np.abs(right).max() for right in rights)
    assert found.residual == pytest.approx(rest / scale, rel=1e-3)
