"""The builders are translations of each other: the same files, functions, cases, in order."""

import ast

import pytest

from meta.imports import ROOT

FILES = ["__init__.py", "initial.py", "layers.py", "network.py", "trace.py", "weights.py"]

# What only one framework needs, each explained where it stands.
ONLY_TORCH = {"SameConv2d", "SameMaxPool2d", "same_padding", "_before_after", "ResidualBlock"}
ONLY_TORCH |= {"ResNet", "Features", "adopt", "initialise"}
ONLY_KERAS = {"zero_pad", "residual_block", "resnet", "allow_depth", "he_fan_out", "fc_initial"}

# The third interpreter writes graphs that are not trained, so nothing is initialised in it, and
# that are run by others, so nothing is traced and no feature maps are asked of it afterwards.
GRAPH = "tools/resnet_duet/graph"
GRAPH_FILES = ["__init__.py", "layers.py", "network.py", "weights.py"]
NOT_IN_GRAPHS = {"features", "allow_depth"}
ONLY_GRAPHS = {"Value", "window", "weights", "one_precision", "enter", "leave", "turned"}


def tree(package, file):
    return ast.parse((ROOT / package / file).read_text())


def functions(package, file):
    return [
        n.name for n in tree(package, file).body if isinstance(n, (ast.FunctionDef, ast.ClassDef))
    ]


def cases(package, function):
    found = next(n for n in tree(package, "layers.py").body if getattr(n, "name", "") == function)
    matches = [n for n in ast.walk(found) if isinstance(n, ast.Match)]
    return [ast.unparse(case.pattern) for match in matches for case in match.cases]


def test_both_have_the_same_files():
    for package in ("resnet_torch", "resnet_tf"):
        assert sorted(p.name for p in (ROOT / package).glob("*.py")) == FILES


@pytest.mark.parametrize("file", FILES)
def test_both_have_the_same_functions_in_the_same_order(file):
    ours = [n for n in functions("resnet_torch", file) if n not in ONLY_TORCH]
    theirs = [n for n in functions("resnet_tf", file) if n not in ONLY_KERAS]
    assert ours == theirs


def test_graphs_have_the_files_that_do_not_train_or_run():
    assert sorted(p.name for p in (ROOT / GRAPH).glob("*.py")) == GRAPH_FILES


@pytest.mark.parametrize("file", GRAPH_FILES)
def test_graphs_have_the_functions_of_keras_in_the_same_order(file):
    ours = [n for n in functions(GRAPH, file) if n not in ONLY_GRAPHS]
    assert ours == [n for n in functions("resnet_tf", file) if n not in NOT_IN_GRAPHS]


@pytest.mark.parametrize("function", ["build_layer", "max_pool"])
def test_graphs_have_the_cases_of_both_in_the_same_order(function):
    assert cases(GRAPH, function) == cases("resnet_tf", function) != []


def test_training_in_both_has_the_same_functions_in_the_same_order():
    folder = "tools/resnet_duet/experiments"
    assert functions(folder, "train_torch.py") == functions(folder, "train_keras.py") != []


@pytest.mark.parametrize("function", ["build_layer", "max_pool"])
def test_both_have_the_same_cases_in_the_same_order(function):
    assert cases("resnet_torch", function) == cases("resnet_tf", function) != []


def test_both_offer_the_same_verbs():
    def verbs(package):
        lists = [n for n in tree(package, "__init__.py").body if isinstance(n, ast.Assign)]
        return {name for n in lists for name in ast.literal_eval(n.value) if name.islower()}

    assert verbs("resnet_torch") == verbs("resnet_tf") == {
        "build", "features", "read", "run", "trace", "write"
    }  # fmt: skip
