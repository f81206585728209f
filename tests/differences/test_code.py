"""The code of every page runs, and does what the page claims."""

import ast
import builtins
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from resnet_duet.differences import DIFFERENCES
from resnet_duet.differences.difference import MISTAKE

AGREE = 1e-10  # max|torch - keras| / max|torch| in float64, unless code.py states its ROUNDING
DISAGREE = 100  # the error of the mistake is at least this many times larger
FUNCTIONS = ("with_torch", "with_keras", MISTAKE)


def load(name: str, source: str) -> ModuleType:
    """The module of this source."""
    module = ModuleType(name)
    exec(compile(source, f"{name}/code.py", "exec"), vars(module))
    return module


def source_of(name: str) -> str:
    return (DIFFERENCES[name].folder / "code.py").read_text()


def functions_of(source: str) -> dict[str, ast.FunctionDef]:
    return {f.name: f for f in ast.parse(source).body if isinstance(f, ast.FunctionDef)}


def distance(a: np.ndarray, b: np.ndarray) -> float:
    """max|a - b| / max|a|; infinite for different shapes."""
    if a.shape != b.shape:
        return float("inf")
    error, scale = np.abs(a - b).max(), np.abs(a).max()
    return float(error / scale if scale else error)


def check(module: ModuleType) -> None:
    """Assert that both frameworks agree, and that the mistake does not."""
    rounding = getattr(module, "ROUNDING", AGREE)
    arguments = module.example()
    right = module.with_torch(**arguments)
    assert np.isfinite(right).all()
    assert np.abs(right).max() > 0
    assert distance(right, module.with_keras(**arguments)) <= rounding
    assert distance(right, module.mistake(**arguments)) > DISAGREE * rounding


@pytest.mark.parametrize("name", DIFFERENCES)
def test_torch_and_keras_agree_and_the_mistake_does_not(name):
    check(load(name, source_of(name)))


@pytest.mark.parametrize("name", DIFFERENCES)
def test_the_mistake_in_place_of_the_correct_code_is_found(name):
    module: Any = load(name, source_of(name))
    right = f"with_{DIFFERENCES[name].mistake_in}"
    setattr(module, right, module.mistake)
    with pytest.raises(AssertionError):
        check(module)


@pytest.mark.parametrize(
    ("name", "constant", "other"),
    [
        ("norm_eps", "epsilon=1e-5", "epsilon=0.5"),
        ("norm_decay", "momentum=0.9", "momentum=0.99"),
        ("kernel_layout", "(2, 3, 1, 0)", "(3, 2, 1, 0)"),
    ],
)
def test_another_constant_is_found(name, constant, other):
    source = source_of(name)
    assert constant in source
    with pytest.raises(AssertionError):
        check(load(name, source.replace(constant, other)))


@pytest.mark.parametrize("name", DIFFERENCES)
def test_the_three_functions_map_the_same_plain_values_to_an_array(name):
    source = source_of(name)
    signatures = {f: ast.unparse(functions_of(source)[f].args) for f in FUNCTIONS}
    assert len(set(signatures.values())) == 1, signatures
    module = load(name, source)
    arguments = module.example()
    for value in arguments.values():
        assert isinstance(value, (np.ndarray, float, int, str, tuple, bytes)), type(value)
    for function in FUNCTIONS:
        assert type(getattr(module, function)(**arguments)) is np.ndarray


@pytest.mark.parametrize("name", DIFFERENCES)
def test_no_function_changes_its_arguments(name):
    """All three get the same arrays."""
    module = load(name, source_of(name))
    for function in FUNCTIONS:
        arguments, untouched = module.example(), module.example()
        getattr(module, function)(**arguments)
        for key, value in untouched.items():
            np.testing.assert_array_equal(arguments[key], value, f"{key} after {function}")


def undefined(source: str, shown: str) -> set[str]:
    """What a shown piece of code.py uses that is neither imported nor defined in it."""
    imports = [n for n in ast.parse(source).body if isinstance(n, ast.Import | ast.ImportFrom)]
    known = {alias.asname or alias.name for node in imports for alias in node.names}
    nodes = list(ast.walk(ast.parse(shown)))
    names = [node for node in nodes if isinstance(node, ast.Name)]
    known |= {node.id for node in names if isinstance(node.ctx, ast.Store)}
    known |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    return {node.id for node in names} - known - set(dir(builtins))


@pytest.mark.parametrize("name", DIFFERENCES)
def test_a_page_shows_all_code_that_its_functions_use(name):
    for shown in DIFFERENCES[name].code.values():
        assert undefined(source_of(name), shown) == set()


def test_code_that_no_page_shows_is_found():
    source = source_of("norm_decay") + "\n\ndef helper():\n    pass\n"
    shown = DIFFERENCES["norm_decay"].code["keras"].replace("norm(x", "helper(x")
    assert undefined(source, shown) == {"helper"}


def test_a_page_shows_the_constants_that_its_functions_use(tmp_path):
    (tmp_path / "code.py").write_text(
        "RATE, DECAY = 0.5, 2\nROUNDING = 1e-5\n\n\ndef with_torch(x):\n    return RATE * x\n"
    )
    code = replace(DIFFERENCES["norm_eps"], folder=tmp_path).code
    assert code == {"torch": "RATE, DECAY = 0.5, 2\n\ndef with_torch(x):\n    return RATE * x"}
