"""What the registry says of every difference is true, and the test that says so can fail."""

import ast
import inspect
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch
from keras import layers, ops
from torch import nn
from torch.nn import functional as F

from resnet_duet import differences
from resnet_duet.differences import DIFFERENCES, MODULES, difference
from resnet_duet.differences.flatten_order import HWC, flattened
from resnet_duet.differences.resize import ROUGH, resized
from resnet_duet.experiments.difference import Difference, Group, Hidden, Mistake
from resnet_duet.experiments.layouts import reshaped, transpose
from resnet_duet.experiments.measure import CLEAR, TINY, Measurement, measure
from resnet_duet.experiments.nets import at_even_size
from resnet_duet.experiments.steps import SOFTMAX
from resnet_duet.experiments.use import Use, amended
from resnet_duet.port.convert import relayout
from resnet_duet.proof.rows import relative_error
from resnet_duet.proof.suspects import mistakes_of
from resnet_spec import ResNetError
from worlds import SAME

# Noise of the experiments is 1e-16 to 2e-15 but where float32 (3e-7) or sampling (3e-3) is part of
# the matter.
QUIET = 1e-14


def faults(difference: Difference, found: Measurement) -> Iterator[str]:
    """What is not as the registry says: a sentence each."""
    if not found.shown:
        yield "nothing is shown"
    for row in found.shown:
        if not row.shows or (row.noise < QUIET and row.error < SAME):
            yield f"{row.what}: {row.error} does not show"
    for row in (row for _, row in found.hidden if row.shows):
        yield f"{row.what}: {row.error} is not hidden"
    seen = [why for why, _ in found.hidden]
    for why in (hidden.why for hidden in difference.hidden if hidden.why not in seen):
        yield f"{why}: no mistake is made there"


@pytest.mark.slow
@pytest.mark.parametrize("name", DIFFERENCES)
def test_mistakes_show_and_hide_where_it_is_said(name):
    difference = DIFFERENCES[name]
    assert list(faults(difference, measure(difference))) == []


NORM_EPS = DIFFERENCES["norm_eps"]
NOTHING = lambda world: iter([Mistake("nothing", world, "")])  # noqa: E731
EVERYWHERE = Hidden("it is the same world", NORM_EPS.shown)
ELSEWHERE = Hidden("there is no such choice", lambda: at_even_size("resnet18"))


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        (replace(NORM_EPS, mistakes=NOTHING), "does not show"),
        (replace(NORM_EPS, mistakes=lambda world: iter(())), "nothing is shown"),
        (replace(NORM_EPS, hidden=(EVERYWHERE,)), "is not hidden"),
        (replace(DIFFERENCES["grouped_kernels"], hidden=(ELSEWHERE,)), "no mistake is made there"),
    ],
)
def test_the_test_can_fail(bad, sentence):
    assert any(sentence in fault for fault in faults(bad, measure(bad)))


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n, d in DIFFERENCES.items() if isinstance(d.shown(), Use)])
def test_a_mistake_is_the_same_in_both_frameworks(name):
    """So that whichever framework is at hand may search for it."""
    world = DIFFERENCES[name].shown()
    right = world.run("torch")
    noise = relative_error(right, world.run("keras"))
    for mistake in DIFFERENCES[name].mistakes(world):
        rounds = mistake.world.dtype != world.dtype
        allowed = relative_error(right, world.rounded().run("keras")) if rounds else noise
        error = relative_error(mistake.world.run("torch"), mistake.world.run("keras"))
        assert error <= CLEAR * max(allowed, TINY), mistake.what


@pytest.mark.parametrize(("source", "target"), [("OIHW", "HWIO"), ("HWIO", "OIHW"), ("IO", "OI")])
def test_the_line_that_mends_a_reshape_is_the_transpose(source, target):
    kernel = np.arange(np.prod(range(2, 2 + len(source)))).reshape(range(2, 2 + len(source)))
    mended = eval(transpose("kernel", source, target), {"kernel": kernel})
    np.testing.assert_array_equal(mended, relayout(kernel, source, target))
    back = reshaped(relayout(mended, target, source), source, source, target)
    assert back.shape == kernel.shape
    assert not np.array_equal(back, kernel)


def chosen(name: str, **choices) -> Use:
    """The small network with some choices made otherwise."""
    world = amended(at_even_size(name), choices)
    assert world
    return world


def with_softmax() -> Use:
    return replace(at_even_size("resnet18"), after=(SOFTMAX,))


OTHER_WORLDS = [  # in which the other thing is right
    ("flatten_order", 1, lambda: replace(flattened((32, 48)), after=(HWC,))),
    ("same_convolution", 1, lambda: chosen("resnet18", padding="same")),
    ("same_pool", 2, lambda: chosen("resnet18", stem={"pool": "same"})),
    ("pool_border", 1, lambda: chosen("preresnet18", stem={"pool": "zero"})),
    ("training_mode", 1, lambda: replace(at_even_size("resnet18"), training=True)),
    ("stride_in_1x1", 1, lambda: chosen("resnet50", stride_in_1x1=True)),
    ("stride_block", 1, lambda: at_even_size("resnet18")),
    ("stride_block", 1, lambda: at_even_size("cifar_plain20")),
    ("shortcut_pool", 1, lambda: at_even_size("resnet18")),
    ("shortcut_pool", 1, lambda: at_even_size("cifar_resnet20")),
    ("shortcut_pool", 1, lambda: at_even_size("keras_resnet50v2")),
    ("zero_pad_sides", 1, lambda: at_even_size("cifar_resnet20_a_end")),
    ("missing_shortcut", 2, lambda: at_even_size("cifar_plain20")),
    ("projection_input", 1, lambda: at_even_size("preresnet18")),
    ("projection_input", 2, lambda: chosen("preresnet50", shortcut={"reads": "block_input"})),
    ("relu_position", 3, lambda: at_even_size("cifar_resnet20")),
    ("relu_position", 2, lambda: chosen("resnet18", ordering="relu_preactivation")),
    ("final_norm", 1, lambda: chosen("resnet18", ordering="relu_preactivation")),
    ("softmax", 2, with_softmax),
    ("image_mean", 3, lambda: at_even_size("resnet18")),
    ("resize", 1, lambda: replace(resized((80, 112)), before=(ROUGH,))),
]


@pytest.mark.parametrize(("name", "count", "world"), OTHER_WORLDS)
def test_mistakes_are_made_in_both_directions(name, count, world):
    right = world()
    made = list(DIFFERENCES[name].mistakes(right))
    assert len(made) == count
    for mistake in made:
        assert relative_error(right.run("torch"), mistake.world.run("torch")) > 1e-6, mistake.what


ABSENT = [  # worlds in which there is nothing to get wrong
    ("grouped_kernels", "resnet50"),
    ("average_pool_border", "resnet50"),
    ("average_pool_border", "cifar_plain20"),
    ("same_pool", "cifar_resnet20"),
    ("pool_border", "cifar_resnet20"),
    ("convolution_bias", "resnet18"),
    ("stride_in_1x1", "resnet18"),
    ("zero_pad_sides", "resnet18"),
    ("missing_shortcut", "resnet18"),
    ("projection_input", "resnet18"),
    ("final_norm", "resnet18"),
    ("flatten_order", "resnet18"),
    ("resize", "resnet18"),
    ("shortcut_pool", "cifar_plain20"),
]


@pytest.mark.parametrize(("name", "network"), ABSENT)
def test_nothing_is_made_where_it_cannot_be_made(name, network):
    assert list(DIFFERENCES[name].mistakes(at_even_size(network))) == []


@pytest.mark.parametrize("network", ["resnet18", "keras_resnet50v2", "resnext50_32x4d"])
def test_any_mistake_can_be_made_behind_any_other(network):
    right = at_even_size(network)
    for _, first in list(mistakes_of(right)):
        assert all(second.world is not first.world for _, second in mistakes_of(first.world))


def test_a_mistake_made_again_is_the_same_mistake():
    """So that networks are built once: edits and steps are objects of a module."""
    for name, own in DIFFERENCES.items():
        world = own.shown()
        pairs = zip(own.mistakes(world), own.mistakes(world), strict=True)
        for one, two in pairs:
            assert (one.what, one.mend) == (two.what, two.mend)
            if isinstance(world, Use):
                assert parts(one.world) == parts(two.world), name


def parts(world: Use) -> tuple:
    return world.spec, world.edits, world.before, world.after, world.training, world.dtype


@pytest.mark.parametrize("name", DIFFERENCES)
def test_every_difference_is_told(name):
    own = DIFFERENCES[name]
    assert 20 <= len(own.title) <= 100
    assert "\n" not in own.title + own.about
    assert 400 <= len(own.about) <= 1000
    assert own.about.endswith(".")
    assert not own.title.endswith(".")
    made = list(own.mistakes(own.shown()))
    assert len({mistake.what for mistake in made}) == len(made)
    assert all(mistake.mend for mistake in made)
    assert all(hidden.why and not hidden.why.endswith(".") for hidden in own.hidden)
    assert own.hidden or "hides nowhere" in own.about


MODULE_NAMES = {"torch": torch, "nn": nn, "F": F, "keras": keras, "layers": layers, "ops": ops}
MODULE_NAMES |= {"tf": tf, "np": np}


def unknown(code: str) -> Iterator[str]:
    """What a piece of code says of the frameworks and they do not have."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Attribute) and resolved(node) is None:
            yield ast.unparse(node)
        if isinstance(node, ast.Call) and callable(made := resolved(node.func)):
            yield from unknown_keywords(made, node)


def resolved(node: ast.expr) -> object:
    """What the frameworks call so; None if nothing, ... if it is not for them to say."""
    if isinstance(node, ast.Name):
        return MODULE_NAMES.get(node.id, ...)
    if not isinstance(node, ast.Attribute):
        return ...
    home = resolved(node.value)
    return home if home in (None, ...) else getattr(home, node.attr, None)


def unknown_keywords(made, call: ast.Call) -> Iterator[str]:
    try:
        known = inspect.signature(made).parameters
    except ValueError:  # written in C
        return
    if not any(p.kind is p.VAR_KEYWORD for p in known.values()):
        yield from (
            f"{k.arg}= of {ast.unparse(call.func)}" for k in call.keywords if k.arg not in known
        )


@pytest.mark.parametrize("name", DIFFERENCES)
def test_snippets_are_code_of_the_frameworks(name):
    own = DIFFERENCES[name]
    for code in (own.torch, own.keras, own.wrong):
        assert list(unknown(code)) == []


def test_the_test_of_snippets_can_fail():
    assert list(unknown("nn.Conv2D(3)")) == ["nn.Conv2D"]
    assert list(unknown("y = F.pad(x, sides, fill=0)")) == ["fill= of F.pad"]


def test_every_file_is_a_difference_and_every_difference_a_file():
    files = {path.stem for path in Path(differences.__file__).parent.glob("*.py")}
    assert list(DIFFERENCES) == [module.__name__.rpartition(".")[2] for module in MODULES]
    assert set(DIFFERENCES) == files - {"__init__"}


def test_differences_are_told_chapter_by_chapter():
    chapters = [list(Group).index(own.group) for own in DIFFERENCES.values()]
    assert chapters == sorted(chapters)
    assert set(chapters) == set(range(len(Group)))


def test_an_unknown_difference_is_told_the_nearest():
    assert difference("norm_eps") is NORM_EPS
    with pytest.raises(ResNetError, match="no difference 'norm_epsilon'; did you mean norm_eps"):
        difference("norm_epsilon")
    with pytest.raises(ResNetError, match="resnet-duet differences lists them"):
        difference("?")
