"""The builders correspond to each other: the same files, functions and cases, in the same order."""

import ast

import pytest

from support.paths import ROOT

FILES = ["__init__.py", "initial.py", "layers.py", "network.py", "trace.py", "weights.py"]

# Functions that only one framework needs. Each has a comment or docstring that says why.
ONLY_TORCH = {"SameConv2d", "SameMaxPool2d", "same_padding", "_before_after", "ResidualBlock"}
ONLY_TORCH |= {"ResNet", "Features", "add_layers", "allocate", "_forward", "_mode"}
ONLY_KERAS = {"zero_pad", "residual_block", "allow_depth", "he_fan_out", "fc_initial"}
ONLY_KERAS |= {"he_normal", "_seed", "keras_name", "module_path"}

# The third builder makes ONNX graphs for inference. They are not trained, so it has no initial.py.
# Others run them, so it has no trace.py and no feature maps.
ONNX = "tools/resnet_duet/onnx"
ONNX_FILES = ["__init__.py", "layers.py", "network.py", "weights.py"]
NOT_BUILDER = ["reference.py"]  # runs a graph
NOT_IN_ONNX = {"features", "allow_depth", "keras_name", "module_path"}
ONLY_ONNX = {"Value", "window", "weights", "one_precision", "add_input", "add_output", "transpose"}

CODEGEN = "tools/resnet_duet/codegen"


def tree(folder, file):
    return ast.parse((ROOT / folder / file).read_text())


def functions(folder, file):
    return [
        node.name
        for node in tree(folder, file).body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef))
    ]


def cases(folder, function, file="layers.py"):
    found = next(node for node in tree(folder, file).body if getattr(node, "name", "") == function)
    matches = [node for node in ast.walk(found) if isinstance(node, ast.Match)]
    return [ast.unparse(case.pattern) for match in matches for case in match.cases]


def test_both_builders_have_the_same_files():
    for folder in ("resnet_torch", "resnet_tf"):
        assert sorted(path.name for path in (ROOT / folder).glob("*.py")) == FILES


@pytest.mark.parametrize("file", FILES)
def test_both_builders_have_the_same_functions_in_the_same_order(file):
    in_torch = [name for name in functions("resnet_torch", file) if name not in ONLY_TORCH]
    in_keras = [name for name in functions("resnet_tf", file) if name not in ONLY_KERAS]
    assert in_torch == in_keras


def test_the_onnx_builder_has_the_files_of_a_builder_for_inference():
    found = sorted(path.name for path in (ROOT / ONNX).glob("*.py"))
    assert found == sorted([*ONNX_FILES, *NOT_BUILDER])


@pytest.mark.parametrize("file", ONNX_FILES)
def test_the_onnx_builder_has_the_functions_of_the_keras_builder_in_the_same_order(file):
    in_onnx = [name for name in functions(ONNX, file) if name not in ONLY_ONNX]
    in_keras = [name for name in functions("resnet_tf", file) if name not in NOT_IN_ONNX]
    assert in_onnx == in_keras


@pytest.mark.parametrize("function", ["build_layer", "max_pool"])
def test_all_builders_have_the_same_cases_in_the_same_order(function):
    expected = cases("resnet_torch", function)
    assert expected
    assert cases("resnet_tf", function) == expected
    assert cases(ONNX, function) == expected


@pytest.mark.parametrize("function", ["build_layer", "max_pool"])
def test_generated_source_has_cases_of_the_builders_in_the_same_order(function):
    def kinds(file):
        names = [pattern.removesuffix(" as layer") for pattern in cases(CODEGEN, function, file)]
        return [name for name in names if name != "other"]  # the case that refuses a layer kind

    found = kinds("torch_layers.py")
    assert found == kinds("keras_layers.py") != []
    assert found == [case for case in cases("resnet_torch", function) if case in found]


def test_training_in_both_frameworks_has_the_same_functions_in_the_same_order():
    folder = "tools/resnet_duet/scenarios"
    assert functions(folder, "train_torch.py") == functions(folder, "train_keras.py") != []


def test_both_builders_offer_the_same_functions():
    def public(folder):
        lists = [node for node in tree(folder, "__init__.py").body if isinstance(node, ast.Assign)]
        return {name for node in lists for name in ast.literal_eval(node.value) if name.islower()}

    assert public("resnet_torch") == public("resnet_tf") == {
        "build", "features", "read", "run", "trace", "write"
    }  # fmt: skip
