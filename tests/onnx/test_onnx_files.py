"""Written .onnx files: valid, for any batch and image size, bit-exact; and errors."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

import resnet_duet
import resnet_spec
import resnet_torch
from resnet_duet import formats
from resnet_duet import onnx as onnx_builder
from resnet_duet.errors import FileError, MismatchError
from resnet_duet.files.convert_file import KEEP_DTYPE, ConvertOptions, convert_file
from resnet_duet.formats import onnx as onnx_files
from resnet_duet.formats.sha256 import BackgroundSha256
from resnet_duet.formats.trust import Trust
from resnet_duet.identify.head import HeadChoice
from resnet_duet.metadata import FileMetadata
from resnet_duet.onnx import layers
from resnet_duet.weights.arrays import Arrays
from resnet_spec import ResNetError, SpecError, WeightsError
from support.networks import bits, every_row, images, matching_networks, nchw, thin

NAME = "cifar_resnet20_b"
METADATA = FileMetadata(resnet_spec.get(NAME), None, "test")


def weights_of(spec, dtype=np.float32):
    drawn = resnet_duet.random_weights(spec, 0, norms="random")
    return {name: array.astype(dtype) for name, array in drawn.items()}


def write(path, spec, weights, input_layout=None):
    metadata = FileMetadata(spec, None, "test")
    target = formats.check_writable(path, None, overwrite=False, input_layout=input_layout)
    formats.write(target, Arrays.of(weights), metadata)
    return onnx.load(path)


@pytest.mark.parametrize("name", every_row())
@pytest.mark.parametrize("input_layout", ["NCHW", "NHWC"])
def test_the_file_is_the_graph_of_build_and_valid(tmp_path, name, input_layout):
    spec = thin(resnet_spec.get(name))
    weights = weights_of(spec)
    found = write(tmp_path / "net.onnx", spec, weights, input_layout)
    onnx.checker.check_model(str(tmp_path / "net.onnx"), full_check=True)
    built = onnx_builder.build(spec, weights, input_layout)
    onnx.helper.set_model_props(built, {"resnet_duet": FileMetadata(spec, None, "test").to_json()})
    assert found == built
    assert bits(onnx_builder.read(found)) == bits(weights)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("num_classes", [7, None])
def test_the_graph_has_the_precision_of_the_weights(dtype, num_classes):
    spec = resnet_spec.get("mlperf_resnet8", num_classes=num_classes)
    model = onnx_builder.build(spec, weights_of(spec, dtype), "NHWC")
    onnx.checker.check_model(model, full_check=True)
    x = images((9, 12)).astype(dtype)
    (output,) = ReferenceEvaluator(model).run(None, {"image": x})
    assert output.dtype == dtype
    assert output.shape == ((2, 7) if num_classes else (2, 3, 3, 64))


@pytest.mark.parametrize("input_layout", ["NCHW", "NHWC"])
def test_one_graph_takes_every_batch_and_image_size(input_layout):
    spec = thin(resnet_spec.get("resnet18"))
    torch_net, _ = matching_networks(spec)
    model = onnx_builder.build(spec, resnet_torch.read(torch_net), input_layout)
    run = ReferenceEvaluator(model).run
    for batch, size in ((1, (32, 40)), (3, (33, 41)), (2, (64, 32))):
        x = images(size, batch=batch)
        (found,) = run(None, {"image": x if input_layout == "NHWC" else nchw(x)})
        expected = resnet_torch.run(torch_net, nchw(x))
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9 * np.abs(expected).max())


def test_the_input_and_the_output_have_names_and_shapes():
    def described(value):
        shape = value.type.tensor_type.shape.dim
        return value.name, [dim.dim_param or dim.dim_value for dim in shape]

    whole = onnx_builder.build(NAME, weights_of(NAME)).graph
    assert [described(value) for value in (*whole.input, *whole.output)] == [
        ("image", ["batch", 3, "height", "width"]),
        ("logits", ["batch", 10]),
    ]
    spec = resnet_spec.get(NAME, num_classes=None)
    bare = onnx_builder.build(spec, weights_of(spec), "NHWC").graph
    assert [described(value) for value in (*bare.input, *bare.output)] == [
        ("image", ["batch", "height", "width", 3]),
        ("features", ["batch", 0, 0, 64]),
    ]


def test_nodes_have_the_names_of_layers_and_initializers_those_of_weights():
    plan = resnet_spec.plan(NAME)
    model = onnx_builder.build(plan, weights_of(NAME))
    names = [node.name for node in model.graph.node]
    assert len(names) == len(set(names))
    own = {layer.name for layer in plan.layers()} | {block.addition for block in plan.blocks()}
    assert own <= set(names)
    assert {name for name in names if name not in own} == {"avgpool.mean"}
    assert [tensor.name for tensor in model.graph.initializer] == list(weights_of(NAME))


def test_a_changed_plan_is_built_as_it_is():
    plan = resnet_spec.plan(NAME)
    changed = replace(plan, stem=tuple(
        replace(layer, eps=0.5) if hasattr(layer, "eps") else layer for layer in plan.stem
    ))  # fmt: skip
    nodes = {node.name: node for node in onnx_builder.build(changed, weights_of(NAME)).graph.node}
    eps = {n: node.attribute[0].f for n, node in nodes.items() if "bn1" in n}
    assert eps.pop("bn1") == 0.5
    assert set(eps.values()) == {np.float32(1e-5)}


def test_choices_override_those_of_the_network():
    spec = resnet_spec.get(NAME, num_classes=3, in_channels=1)
    weights = weights_of(spec)
    model = onnx_builder.build(NAME, weights, num_classes=3, in_channels=1)
    assert model == onnx_builder.build(spec, weights)
    with pytest.raises(SpecError, match="a plan is fixed; to choose num_classes"):
        onnx_builder.build(resnet_spec.plan(NAME), weights, num_classes=3)


@pytest.fixture
def source(tmp_path):
    """A file without metadata."""
    np.savez(tmp_path / "source.npz", **weights_of(NAME))
    return tmp_path / "source.npz"


def options(**changes):
    plain = {"spec": None, "source_dialect": None, "choices": {}, "head": HeadChoice.KEEP}
    plain |= {"fold_bias": False, "dtype": KEEP_DTYPE, "target_dialect": None}
    plain |= {"input_layout": None, "overwrite": False, "verify": False, "trust": Trust.DATA}
    return ConvertOptions(**(plain | changes))


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".pth", ".safetensors", ".npz", ".weights.h5", ".h5"])
def test_conversions_to_onnx_another_format_and_back_are_bit_exact(source, ending):
    graph_file, other = source.with_name("a.onnx"), source.with_name(f"b{ending}")
    again, back = source.with_name("c.onnx"), source.with_name("d.npz")
    for old, new in ((source, graph_file), (graph_file, other), (other, again), (again, back)):
        convert_file(old, new, options(), BackgroundSha256(old))
    assert bits(formats.read(back).arrays) == bits(formats.read(source).arrays)
    first, last = onnx.load(graph_file), onnx.load(again)
    assert first.graph == last.graph
    assert formats.read(again).metadata.provenance.name == other.name


def test_only_graphs_have_an_input_layout(source):
    target = source.with_name("net.onnx")
    convert_file(source, target, options(input_layout="NHWC"), BackgroundSha256(source))
    assert onnx.load(target).graph.node[0].op_type == "Transpose"
    for ending in (".pth", ".weights.h5", ".keras"):
        with pytest.raises(FileError, match=r"an input layout can be chosen for \.onnx files only"):
            convert_file(
                source,
                source.with_name(f"net{ending}"),
                options(input_layout="NHWC"),
                BackgroundSha256(source),
            )
    assert not list(source.parent.glob("net.[!o]*"))


def test_verify_runs_the_graph_before_it_is_written(tmp_path, monkeypatch):
    spec = resnet_spec.get("cifar_resnet20_a_end")
    np.savez(tmp_path / "source.npz", **weights_of(spec))
    source, target = tmp_path / "source.npz", tmp_path / "net.onnx"
    verified = options(spec=spec, verify=True, input_layout="NHWC")
    convert_file(source, target, verified, BackgroundSha256(source))
    target.unlink()
    correct = layers.zero_pad
    monkeypatch.setattr(layers, "zero_pad", lambda x, pads, name: correct(x, swapped(pads), name))
    with pytest.raises(MismatchError, match=r"first divergence at layer2\.0\.downsample"):
        convert_file(source, target, verified, BackgroundSha256(source))
    assert not target.exists()


def swapped(pads):
    """The numbers of zeros before and after the axes, swapped."""
    return (*pads[4:], *pads[:4])


def test_save_writes_a_graph_of_a_network_of_every_framework(tmp_path):
    torch_net, keras_net = matching_networks(NAME, dtype="float32")
    resnet_duet.save(torch_net, tmp_path / "a.onnx")
    resnet_duet.save(keras_net, tmp_path / "b.onnx")
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()
    resnet_duet.save(keras_net, tmp_path / "a.onnx", input_layout="NHWC")
    assert (tmp_path / "a.onnx").read_bytes() != (tmp_path / "b.onnx").read_bytes()
    assert resnet_duet.load(tmp_path / "a.onnx", into="keras").spec == keras_net.spec


def test_a_truncated_file_is_refused(tmp_path):
    write(tmp_path / "net.onnx", METADATA.spec, weights_of(NAME))
    content = (tmp_path / "net.onnx").read_bytes()
    cut = tmp_path / "cut.onnx"
    for lost in (*range(1, 300), *range(300, len(content), len(content) // 50)):
        cut.write_bytes(content[:-lost])
        with pytest.raises(FileError, match=r"or corrupted|contains no arrays"):
            formats.read(cut)


def test_arrays_that_do_not_match_the_network_are_listed():
    weights = weights_of(NAME)
    wrong = {n: a for n, a in weights.items() if n != "fc.bias"} | {"odd": np.zeros(2, "f")}
    with pytest.raises(WeightsError, match=r"missing: fc\.bias\n  unexpected: odd"):
        onnx_builder.build(NAME, wrong)


def test_arrays_of_several_precisions_and_unknown_layouts_are_refused(tmp_path):
    weights = weights_of(NAME)
    mixed = weights | {"fc.bias": weights["fc.bias"].astype(np.float16)}
    line = r"one precision, but the arrays have float16 and float32; .*\(--dtype float32\)"
    with pytest.raises(ResNetError, match=line):
        onnx_builder.build(NAME, mixed)
    with pytest.raises(ResNetError, match=line):
        write(tmp_path / "net.onnx", METADATA.spec, mixed)
    with pytest.raises(ResNetError, match="dtype must be one of float16, float32, float64"):
        onnx_builder.build(NAME, {n: a.astype(np.int64) for n, a in weights.items()})
    with pytest.raises(ResNetError, match="input_layout must be NCHW or NHWC, not 'CHWN'"):
        onnx_builder.build(NAME, weights, "CHWN")
    assert not list(tmp_path.iterdir())


def test_arrays_larger_than_a_protobuf_message_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_files, "LONGEST", 1_000_000)
    with pytest.raises(FileError, match="ONNX files hold 2 GB, and these arrays are 1,"):
        write(tmp_path / "net.onnx", METADATA.spec, weights_of(NAME))
    assert not list(tmp_path.iterdir())


def test_arrays_in_a_second_file_are_read_from_the_same_folder_only(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    weights = weights_of(NAME)
    model = onnx_builder.build(NAME, weights)
    onnx.save(model, "net.onnx", save_as_external_data=True, location="net.data")
    found = formats.read("net.onnx").arrays
    assert all(np.array_equal(found[name], weights[name]) for name in weights)
    content = Path("net.data").read_bytes()
    Path("net.data").write_bytes(content[:-5])
    with pytest.raises(FileError, match=r"net\.data, which cannot be read"):
        formats.read("net.onnx")
    Path("net.data").unlink()
    with pytest.raises(FileError, match=r"net\.data, which cannot be read: keep both files in"):
        formats.read("net.onnx")
    Path("sub").mkdir()
    Path("net.data").write_bytes(content)
    outside = Path("net.onnx").read_bytes().replace(b"net.data", b"../t.dat")
    Path("sub/net.onnx").write_bytes(outside)
    Path("t.dat").write_bytes(content)
    with pytest.raises(FileError, match="cannot be read"):
        formats.read("sub/net.onnx")
