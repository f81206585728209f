"""A written .onnx file: valid, of any batch and size, the source's bits, and what it cannot be."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

import resnet_duet
import resnet_spec
import resnet_torch
from resnet_duet import graph
from resnet_duet.errors import FileError, ProofError
from resnet_duet.graph import layers
from resnet_duet.port import files
from resnet_duet.port.arrays import Arrays
from resnet_duet.port.digest import Digest
from resnet_duet.port.files import onnx as onnx_files
from resnet_duet.port.head import AS_FILED
from resnet_duet.port.label import Label
from resnet_duet.port.porter import KEPT, Wish, port
from resnet_spec import ResNetError, WeightsError
from worlds import bits, every_row, images, nchw, thin, twins

NAME = "cifar_resnet20_b"
LABEL = Label(resnet_spec.get(NAME), None, "test")


def weights_of(spec, dtype=np.float32):
    drawn = resnet_duet.random_weights(spec, 0, norms="random")
    return {name: array.astype(dtype) for name, array in drawn.items()}


def write(path, spec, weights, axes=None):
    label = Label(spec, None, "test")
    files.write(path, Arrays.of(weights), label, "torchvision", overwrite=False, axes=axes)
    return onnx.load(path)


@pytest.mark.parametrize("name", every_row())
@pytest.mark.parametrize("axes", ["NCHW", "NHWC"])
def test_the_file_is_the_graph_that_build_makes_and_the_checker_finds_no_fault(
    tmp_path, name, axes
):
    spec = thin(resnet_spec.get(name))
    weights = weights_of(spec)
    found = write(tmp_path / "net.onnx", spec, weights, axes)
    onnx.checker.check_model(str(tmp_path / "net.onnx"), full_check=True)
    built = graph.build(spec, weights, axes)
    onnx.helper.set_model_props(built, {"resnet_duet": Label(spec, None, "test").to_json()})
    assert found == built
    assert bits(graph.read(found)) == bits(weights)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("num_classes", [7, None])
def test_the_weights_precision_is_the_graph_s(dtype, num_classes):
    spec = resnet_spec.get("mlperf_resnet8", num_classes=num_classes)
    model = graph.build(spec, weights_of(spec, dtype), "NHWC")
    onnx.checker.check_model(model, full_check=True)
    x = images((9, 12)).astype(dtype)
    (output,) = ReferenceEvaluator(model).run(None, {"image": x})
    assert output.dtype == dtype
    assert output.shape == ((2, 7) if num_classes else (2, 3, 3, 64))


@pytest.mark.parametrize("axes", ["NCHW", "NHWC"])
def test_one_graph_takes_every_batch_and_size(axes):
    spec = thin(resnet_spec.get("resnet18"))
    torch_net, _ = twins(spec)
    run = ReferenceEvaluator(graph.build(spec, resnet_torch.read(torch_net), axes)).run
    for batch, size in ((1, (32, 40)), (3, (33, 41)), (2, (64, 32))):
        x = images(size, batch=batch)
        (found,) = run(None, {"image": x if axes == "NHWC" else nchw(x)})
        want = resnet_torch.run(torch_net, nchw(x), training=False)
        np.testing.assert_allclose(found, want, rtol=0, atol=1e-9 * np.abs(want).max())


def test_the_graph_says_what_goes_in_and_what_comes_out():
    def told(value):
        shape = value.type.tensor_type.shape.dim
        return value.name, [dim.dim_param or dim.dim_value for dim in shape]

    whole = graph.build(NAME, weights_of(NAME)).graph
    assert [told(value) for value in (*whole.input, *whole.output)] == [
        ("image", ["batch", 3, "height", "width"]),
        ("logits", ["batch", 10]),
    ]
    spec = resnet_spec.get(NAME, num_classes=None)
    bare = graph.build(spec, weights_of(spec), "NHWC").graph
    assert [told(value) for value in (*bare.input, *bare.output)] == [
        ("image", ["batch", "height", "width", 3]),
        ("features", ["batch", 0, 0, 64]),
    ]


def test_nodes_have_the_names_of_layers_and_initializers_those_of_weights():
    plan = resnet_spec.plan(NAME)
    model = graph.build(plan, weights_of(NAME))
    names = [node.name for node in model.graph.node]
    assert len(names) == len(set(names))
    own = {layer.name for layer in plan.layers()} | {block.addition for block in plan.blocks()}
    assert own <= set(names)
    assert {name for name in names if name not in own} == {"avgpool.mean"}
    assert [tensor.name for tensor in model.graph.initializer] == list(weights_of(NAME))


def test_a_plan_of_one_s_own_making_is_built_as_it_is():
    plan = resnet_spec.plan(NAME)
    changed = replace(plan, stem=tuple(
        replace(layer, eps=0.5) if hasattr(layer, "eps") else layer for layer in plan.stem
    ))  # fmt: skip
    nodes = {node.name: node for node in graph.build(changed, weights_of(NAME)).graph.node}
    eps = {n: node.attribute[0].f for n, node in nodes.items() if "bn1" in n}
    assert eps.pop("bn1") == 0.5
    assert set(eps.values()) == {np.float32(1e-5)}


@pytest.fixture
def source(tmp_path):
    """A file that nobody labelled."""
    np.savez(tmp_path / "source.npz", **weights_of(NAME))
    return tmp_path / "source.npz"


def wish(**wishes):
    plain = {"spec": None, "source": None, "choices": {}, "target": None, "dtype": KEPT}
    plain |= {"head": AS_FILED, "fold_bias": False, "verify": False, "overwrite": False}
    return Wish(**(plain | wishes))


@pytest.mark.parametrize("ending", [".pth", ".safetensors", ".npz", ".weights.h5", ".h5"])
def test_into_onnx_and_through_every_format_and_back_every_bit_is_kept(source, ending):
    graph_file, other = source.with_name("a.onnx"), source.with_name(f"b{ending}")
    again, home = source.with_name("c.onnx"), source.with_name("d.npz")
    for old, new in ((source, graph_file), (graph_file, other), (other, again), (again, home)):
        port(old, new, wish(), Digest(old))
    assert bits(files.read(home).arrays) == bits(files.read(source).arrays)
    first, last = onnx.load(graph_file), onnx.load(again)
    assert first.graph == last.graph
    assert files.read(again).label.origin.name == other.name


def test_the_axes_of_images_are_a_wish_that_only_graphs_can_grant(source):
    target = source.with_name("net.onnx")
    port(source, target, wish(axes="NHWC"), Digest(source))
    assert onnx.load(target).graph.node[0].op_type == "Transpose"
    for ending in (".pth", ".weights.h5", ".keras"):
        with pytest.raises(FileError, match=r"images of NHWC can be asked of \.onnx files only"):
            port(source, source.with_name(f"net{ending}"), wish(axes="NHWC"), Digest(source))
    assert not list(source.parent.glob("net.[!o]*"))


def test_verify_runs_the_graph_that_is_to_be_written(tmp_path, monkeypatch):
    spec = resnet_spec.get("cifar_resnet20_a_end")
    np.savez(tmp_path / "source.npz", **weights_of(spec))
    source, target = tmp_path / "source.npz", tmp_path / "net.onnx"
    proven = wish(spec=spec, verify=True, axes="NHWC")
    port(source, target, proven, Digest(source))
    target.unlink()
    right = layers.zero_pad
    monkeypatch.setattr(layers, "zero_pad", lambda x, sides, name: right(x, swapped(sides), name))
    with pytest.raises(ProofError, match=r"another function from layer2\.0\.downsample"):
        port(source, target, proven, Digest(source))
    assert not target.exists()


def swapped(sides):
    """What comes behind before, and what comes before behind."""
    return (*sides[4:], *sides[:4])


def test_a_network_of_either_framework_is_saved_as_a_graph(tmp_path):
    torch_net, keras_net = twins(NAME, dtype="float32")
    resnet_duet.save(torch_net, tmp_path / "a.onnx")
    resnet_duet.save(keras_net, tmp_path / "b.onnx")
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()
    resnet_duet.save(keras_net, tmp_path / "a.onnx", axes="NHWC")
    assert (tmp_path / "a.onnx").read_bytes() != (tmp_path / "b.onnx").read_bytes()
    assert resnet_duet.load(tmp_path / "a.onnx", into="keras").spec == keras_net.spec


def test_a_file_that_lost_any_of_its_end_is_told(tmp_path):
    write(tmp_path / "net.onnx", LABEL.spec, weights_of(NAME))
    content = (tmp_path / "net.onnx").read_bytes()
    cut = tmp_path / "cut.onnx"
    for lost in (*range(1, 300), *range(300, len(content), len(content) // 50)):
        cut.write_bytes(content[:-lost])
        with pytest.raises(FileError, match=r"is damaged|holds no arrays"):
            files.read(cut)


def test_arrays_that_are_not_the_network_s_are_listed():
    weights = weights_of(NAME)
    wrong = {n: a for n, a in weights.items() if n != "fc.bias"} | {"odd": np.zeros(2, "f")}
    with pytest.raises(WeightsError, match=r"1 missing: fc\.bias; 1 unexpected: odd"):
        graph.build(NAME, wrong)


def test_arrays_of_no_precision_or_several_are_told(tmp_path):
    weights = weights_of(NAME)
    mixed = weights | {"fc.bias": weights["fc.bias"].astype(np.float16)}
    line = "computes in one precision, and these arrays are of float16 and float32; say --dtype"
    with pytest.raises(ResNetError, match=line):
        graph.build(NAME, mixed)
    with pytest.raises(ResNetError, match=line):
        write(tmp_path / "net.onnx", LABEL.spec, mixed)
    with pytest.raises(ResNetError, match="dtype must be one of float16, float32, float64"):
        graph.build(NAME, {n: a.astype(np.int64) for n, a in weights.items()})
    with pytest.raises(ResNetError, match="images are NCHW or NHWC, not 'CHWN'"):
        graph.build(NAME, weights, "CHWN")
    assert not list(tmp_path.iterdir())


def test_more_than_a_message_can_be_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_files, "LONGEST", 1_000_000)
    with pytest.raises(FileError, match="ONNX files hold 2 GB, and these arrays are 1,"):
        write(tmp_path / "net.onnx", LABEL.spec, weights_of(NAME))
    assert not list(tmp_path.iterdir())


def test_arrays_in_another_file_are_not_fetched(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = graph.build(NAME, weights_of(NAME))
    onnx.save(model, "net.onnx", save_as_external_data=True, location="net.data")
    assert Path("net.data").is_file()
    with pytest.raises(FileError, match=r"net\.onnx: conv1\.weight lies in another file"):
        files.read("net.onnx")
