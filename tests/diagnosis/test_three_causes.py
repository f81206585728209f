"""Three mistakes at once are named, each with the residual without it."""

from dataclasses import replace

import numpy as np
import pytest

import resnet_duet
import resnet_spec
import resnet_torch
from resnet_duet import Function
from resnet_duet.diagnosis.candidates import Candidate, Candidates, changes, mistakes_of
from resnet_duet.diagnosis.combinations import CombinationSearch
from resnet_duet.diagnosis.diagnose import search_all
from resnet_duet.diagnosis.explain import explain
from resnet_duet.diagnosis.search import Search
from resnet_duet.differences import DIFFERENCES
from resnet_duet.scenarios.inference import inference_scenario, with_choices
from resnet_duet.scenarios.transforms import SOFTMAX
from resnet_spec import ResNetSpec

SPEC = ResNetSpec(
    block="bottleneck", depths=(2, 2), widths=(4, 8), stem={"channels": (8,)}, num_classes=5
)
SIZES = ((40, 56), (41, 57))

# What a common tutorial for Keras writes.
SAME = {"padding": "same", "stem": {"pool": "same"}}
TUTORIAL = SAME | {"shortcut": {"norm_eps": 1.001e-5}}
EVERYWHERE = "strided convolutions and the pool have same padding, not symmetric"
PROJECTIONS = "norm_eps of the projections is 1.001e-05, not 1e-05"


@pytest.fixture(scope="module")
def candidates():
    scenario = inference_scenario(SPEC, 0, SIZES[0])
    rng = np.random.default_rng(0)
    images = tuple(rng.standard_normal((2, *size, 3)) for size in SIZES)
    return Candidates(scenario, images, "torch")


def outputs(candidates, choices, postprocessing=()):
    """The outputs of the network with other choices, computed in Keras."""
    wrong = with_choices(candidates.reference, choices)
    return tuple(
        replace(wrong, images=images, postprocessing=postprocessing).run("keras")
        for images in candidates.images
    )


def diagnosed(candidates, wrongs, max_causes=4):
    return explain(candidates, wrongs, ("right", "wrong"), search_all(max_causes=max_causes), 4)


def descriptions(found):
    (causes,) = found.explanations
    return {cause.description for cause in causes}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("choices", "postprocessing", "expected"),
    [
        (TUTORIAL, (), {EVERYWHERE, PROJECTIONS}),
        (
            TUTORIAL,
            (SOFTMAX,),
            {EVERYWHERE, PROJECTIONS, "there is a softmax after the logits"},
        ),
        (
            TUTORIAL | {"norm_eps": 1e-3},
            (),
            {EVERYWHERE, PROJECTIONS, "norm_eps is 0.001, not 1e-05"},
        ),
        (
            TUTORIAL | {"stride_in_1x1": True},
            (),
            {EVERYWHERE, PROJECTIONS, "bottlenecks stride in their first 1x1, not in their 3x3"},
        ),
    ],
    ids=["tutorial", "softmax", "epsilon of the other norms", "strides"],
)
def test_all_mistakes_are_named(candidates, choices, postprocessing, expected):
    found = diagnosed(candidates, outputs(candidates, choices, postprocessing))
    assert descriptions(found) == expected
    assert found.residual < 1e-12
    assert found.tried < 300  # all triples are more than 30,000


def test_the_outputs_do_not_match_without_one_of_the_causes(candidates):
    """Also without the smallest one: the report has its residual."""
    wrongs = outputs(candidates, TUTORIAL | {"norm_eps": 1e-3})
    found = diagnosed(candidates, wrongs)
    (causes,) = found.explanations
    residuals = {cause.description: cause.residual_without for cause in causes}
    assert min(residuals.values()) > 1e-6 > found.residual
    fewer = outputs(candidates, SAME | {"norm_eps": 1e-3})
    errors = [
        np.abs(own - wrong).max() / np.abs(candidates.output(None, n)).max()
        for n, (own, wrong) in enumerate(zip(fewer, wrongs, strict=True))
    ]
    assert residuals[PROJECTIONS] == pytest.approx(max(errors), rel=1e-6)
    assert str(found).count("; without it: residual ") == 3


def test_the_fix_of_a_cause_restores_the_value_of_the_reference(candidates):
    """Also if another cause changes the same value before it."""
    found = diagnosed(candidates, outputs(candidates, TUTORIAL | {"norm_eps": 1e-3}))
    fixes = {cause.fix for causes in found.explanations for cause in causes if "eps" in cause.fix}
    assert fixes == {"BatchNormalization(epsilon=1e-05); BatchNorm2d(eps=1e-05)"}


@pytest.mark.parametrize("max_causes", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_no_more_causes_are_searched_for_than_allowed(candidates, max_causes):
    wrongs = outputs(candidates, TUTORIAL | {"norm_eps": 1e-3})
    assert diagnosed(candidates, wrongs, max_causes).explanations == ()


def made(candidates, *mistakes):
    """The candidate with these mistakes: the name of each difference, and a description."""
    scenario, chain = candidates.reference, []
    for name, description in mistakes:
        found = DIFFERENCES[name].mistakes(scenario)
        mistake = next(one for one in found if one.description.startswith(description))
        chain.append((name, mistake))
        scenario = mistake.scenario
    return Candidate(tuple(chain))


def test_a_mistake_that_undoes_an_earlier_one_is_not_tested(candidates):
    first = made(candidates, ("same_convolution", "strided convolutions and the pool"))
    tested = [longer.key[-2:] for longer in candidates.extensions(first, set(), set())]
    possible = {mistake.description for _, mistake in mistakes_of(first.scenario)}
    assert "the stem's pool has minus_infinity padding, not same" in possible
    assert ("same_pool", "the stem's pool has minus_infinity padding, not same") not in tested
    assert "same_convolution" not in [name for name, _ in tested]
    first = made(candidates, ("same_convolution", "strided convolutions have"))
    tested = [longer.key[-2:] for longer in candidates.extensions(first, set(), set())]
    assert ("same_pool", "the stem's pool has same padding, not minus_infinity") in tested


def test_both_epsilons_are_tested_together_in_either_order(candidates):
    for mistakes in (
        (("norm_eps", "norm_eps is 0.001"), ("norm_eps", "norm_eps of the projections is 1.001e")),
        (("norm_eps", "norm_eps of the projections is 1.001e"), ("norm_eps", "norm_eps is 0.001")),
    ):
        both = made(candidates, *mistakes)
        first = Candidate(both.mistakes[:1])
        keys = [longer.key for longer in candidates.extensions(first, set(), set())]
        assert both.key in keys
        assert changes(candidates.reference, both.scenario) == {
            "norm_eps": 1e-3,
            "shortcut.norm_eps": 1.001e-5,
        }


def test_a_candidate_without_a_mistake_has_the_others(candidates):
    both = made(
        candidates,
        ("norm_eps", "norm_eps is 0.001"),
        ("norm_eps", "norm_eps of the projections is 1.001e-05, not 0.001"),
    )
    alone = [candidates.without(both, number).key[-1] for number in range(2)]
    assert alone == [PROJECTIONS, "norm_eps is 0.001, not 1e-05"]


def test_a_mistake_that_explains_nothing_is_dropped(candidates):
    """The share of the old statistics has no effect in inference."""
    both = made(candidates, ("norm_decay", ""), ("norm_eps", "norm_eps is 0.001"))
    wrongs = outputs(candidates, {"norm_eps": 1e-3})
    residual_of = Search(candidates, wrongs, 1e-8, float32=False).residual
    search = CombinationSearch(candidates, residual_of, 1e-8, 1e-12, {}, max_causes=4)
    assert search.needed(both).key == ("norm_eps", "norm_eps is 0.001, not 1e-05")


@pytest.mark.long
@pytest.mark.slow
def test_the_tutorial_network_is_diagnosed_at_full_size_after_few_tests():
    """ResNet-50 with images of the sizes at which networks are compared."""
    right = inference_scenario(resnet_spec.get("resnet50"), 0, (96, 128))
    wrong = with_choices(right, TUTORIAL)
    net = resnet_torch.build("resnet50", "float64")
    resnet_torch.write(net, dict(right.weights))
    logits = Function(lambda x: replace(wrong, images=x).run("torch"), "NHWC", None)
    found = resnet_duet.diagnose(net, logits)
    assert descriptions(found) == {EVERYWHERE, PROJECTIONS}
    assert found.tried < 140  # single mistakes, and one after the nearest of them
