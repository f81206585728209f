"""Generated source makes the same network as the builders, without this project."""

import ast
import subprocess
import sys
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import resnet_duet
import resnet_spec
import resnet_tf
import resnet_torch
from resnet_duet.codegen import source
from resnet_duet.frameworks import FRAMEWORKS
from resnet_duet.testing.specs import specs
from resnet_duet.weights.convert import relayout
from resnet_spec import ResNetError
from resnet_spec.layers import LayerKind
from support.networks import EVEN, ODD, RARE, bits, every_row, images, short, thin

BUILDERS = {"torch": resnet_torch, "keras": resnet_tf}
SHOWN = ("resnet18", "resnet50", "resnext50_32x4d", "cifar_resnet20", "preresnet18")
SHOWN += ("keras_resnet50v2", "resnet50d")


def executed(spec, framework):
    """The `model` of a network's source code."""
    names = {"__name__": "source"}
    exec(source(resnet_spec.plan(spec), "a network", framework), names)
    return names["model"]


def assert_equal(spec, framework, size):
    """The arrays have the same names in the same order, and the outputs have the same bits."""
    builder, own = BUILDERS[framework], FRAMEWORKS[framework]
    built, model = builder.build(spec), executed(spec, framework)
    assert list(builder.read(model)) == list(builder.read(built))
    weights = resnet_duet.random_weights(spec, 0, norms="random")
    weights = resnet_duet.convert(weights, spec, "torchvision", own.dialect)
    builder.write(built, weights)
    builder.write(model, weights)
    x = relayout(images(size, spec.in_channels).astype(np.float32), "NHWC", own.axes)
    for training in (False, True):
        expected = builder.run(built, x, training)
        np.testing.assert_array_equal(builder.run(model, x, training), expected)
    assert bits(builder.read(model)) == bits(builder.read(built))  # training changed statistics


@pytest.mark.long
@pytest.mark.parametrize("framework", BUILDERS)
@pytest.mark.parametrize("name", every_row())
def test_source_of_every_row_computes_the_same_bits(name, framework):
    spec = short(thin(resnet_spec.get(name)))
    assert_equal(spec, framework, ODD if name.endswith("d") else EVEN)


@pytest.mark.long
@pytest.mark.parametrize("framework", BUILDERS)
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=pytest.mark.slow if n == "resnet50" else pytest.mark.long)
        for n in SHOWN
    ],
)
def test_source_at_full_width_computes_the_same_bits(name, framework):
    assert_equal(resnet_spec.get(name), framework, EVEN)


@pytest.mark.long
@pytest.mark.parametrize("framework", BUILDERS)
def test_source_of_a_thousand_layers_computes_the_same_bits(framework):
    assert_equal(thin(resnet_spec.get("preresnet1001")), framework, (8, 8))


@pytest.mark.long
def test_keras_source_of_a_thousand_layers_raises_the_recursion_limit(tmp_path):
    spec = resnet_spec.get("cifar_plain20", depths=(510,), widths=(1,))
    code = source(resnet_spec.plan(spec), "a deep network", "keras")
    (tmp_path / "net.py").write_text(code + "print(model.count_params())\n")
    run = [sys.executable, "-I", tmp_path / "net.py"]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-1000:]
    assert int(done.stdout) > 1020


@pytest.mark.slow
@pytest.mark.parametrize("framework", BUILDERS)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(spec=specs())
def test_source_of_any_network_computes_the_same_bits(framework, spec):
    assert_equal(spec, framework, ODD)


@pytest.mark.slow
@pytest.mark.parametrize("framework", BUILDERS)
@pytest.mark.parametrize("name", RARE)
def test_source_with_choices_that_no_row_of_the_zoo_has_computes_the_same_bits(name, framework):
    assert_equal(RARE[name], framework, ODD)


@pytest.mark.slow
@pytest.mark.parametrize("choices", [{"output_stride": 8}, {"padding": "same"}])
@pytest.mark.parametrize("framework", BUILDERS)
def test_source_of_a_network_with_choices_computes_the_same_bits(choices, framework):
    spec = resnet_spec.get("resnet50d", widths=(8, 16, 24, 32), num_classes=5, **choices)
    assert_equal(spec, framework, (65, 64))


def test_source_draws_the_same_initial_weights():
    import torch

    torch.manual_seed(0)
    built = resnet_torch.build("cifar_resnet20")
    torch.manual_seed(0)
    assert bits(resnet_torch.read(executed("cifar_resnet20", "torch"))) == bits(
        resnet_torch.read(built)
    )


def test_source_has_the_initializers_of_the_built_network_in_keras():
    """The builder draws their distributions with NumPy, so the values differ."""
    built = resnet_tf.build("cifar_resnet20")
    for layer, other in zip(built.layers, executed("cifar_resnet20", "keras").layers, strict=True):
        assert layer.get_config() == other.get_config()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the source of every network of the zoo in both frameworks."""
    folder = tmp_path_factory.mktemp("source")
    for name in resnet_spec.names():
        for framework in BUILDERS:
            code = source(resnet_spec.plan(name), name, framework)
            (folder / f"{name}_{framework}.py").write_text(code)
    for number, spec in enumerate(RARE.values()):
        for framework in BUILDERS:
            code = source(resnet_spec.plan(spec), "a network", framework)
            (folder / f"rare{number}_{framework}.py").write_text(code)
    return folder


@pytest.mark.parametrize(
    "command", [["format", "--check"], ["check", "--select=E,F,I,B,UP,C4,RET"]]
)
def test_source_is_formatted_and_clean(folder, command):
    ruff = [sys.executable, "-m", "ruff", *command, "--isolated", "--no-cache", folder]
    done = subprocess.run(ruff, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("framework", BUILDERS)
def test_source_is_short(framework):
    for name in SHOWN:
        lines = source(resnet_spec.plan(name), name, framework).count("\n")
        assert lines < 120, name


@pytest.mark.parametrize("framework", BUILDERS)
def test_source_imports_only_its_framework(folder, framework):
    for path in folder.glob(f"*_{framework}.py"):
        found = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            if isinstance(node, ast.ImportFrom):
                found.add(node.module.partition(".")[0])
        assert found - {"sys"} == {framework}


@pytest.mark.slow
def test_the_output_of_the_command_runs_in_another_process(tmp_path):
    show = [sys.executable, "-m", "resnet_duet", "show", "cifar_resnet20", "--code", "torch"]
    code = subprocess.run(show, capture_output=True, text=True, check=True).stdout
    code += "import sys\nassert not [m for m in sys.modules if m.startswith('resnet_')]\n"
    code += "import torch\nprint(tuple(model(torch.zeros(2, 3, 32, 32)).shape))\n"
    (tmp_path / "net.py").write_text(code)
    run = [sys.executable, "-I", "net.py"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == "(2, 10)\n", done.stderr


@pytest.mark.parametrize("flags", [["--layers"], ["--size", "32x32"]])
def test_code_takes_neither_layers_nor_size(flags):
    from click.testing import CliRunner

    from resnet_duet.cli import main

    done = CliRunner().invoke(main, ["show", "resnet18", "--code", "torch", *flags])
    assert done.exit_code == 2
    assert "--code prints source code" in done.output


@dataclass(frozen=True, slots=True)
class Mish(LayerKind):
    """A layer kind that only builders know."""


@pytest.mark.parametrize("framework", BUILDERS)
@pytest.mark.parametrize("chain", ["stem", "branch", "head"])
def test_a_layer_kind_without_a_source_form_is_refused_by_name(framework, chain):
    plan = resnet_spec.plan("resnet18")
    layer = Mish("layer1.0.mish" if chain == "branch" else "mish")
    if chain == "branch":
        stages = [
            replace(
                stage, blocks=tuple(replace(b, branch=(*b.branch, layer)) for b in stage.blocks)
            )
            for stage in plan.stages
        ]
        plan = replace(plan, stages=tuple(stages))
    else:
        plan = replace(plan, **{chain: (*getattr(plan, chain), layer)})
    with pytest.raises(
        ResNetError, match=rf"no source code for the layer kind Mish \({layer.name}\)"
    ):
        source(plan, "a network", framework)
