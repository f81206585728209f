"""The graphs of exported programs (.pt2) and of TorchScript."""

import json
import zipfile

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import resnet_spec
import resnet_torch
from resnet_duet import formats
from resnet_duet.errors import FileError
from resnet_duet.formats import Trust
from resnet_duet.graphs.operations import (
    AveragePooling,
    Convolution,
    Foreign,
    GlobalAverage,
    Same,
)
from support.networks import assert_close, short, thin
from support.run_graph import run_graph
from support.torch_networks import (
    IN_PLACE,
    BottleneckNet,
    FunctionalNet,
    InPlace,
    OptionANet,
    randomised,
)

NETWORKS = [
    pytest.param(BottleneckNet, (34, 50), id="bottleneck"),
    pytest.param(OptionANet, (32, 32), id="option A"),
    pytest.param(FunctionalNet, (21, 15), id="functional"),
    pytest.param(
        lambda: resnet_torch.build(short(thin(resnet_spec.get("resnet50d")))), (34, 50), id="zoo"
    ),
]


def images(size):
    return np.random.default_rng(0).normal(size=(2, 3, *size))


def export(net, size, path, **options):
    """The file of the network's exported program."""
    program = torch.export.export(net.eval(), (torch.zeros(2, 3, *size),), **options)
    torch.export.save(program, path)
    return path


def assert_read_from(path, net, size, trust=Trust.DATA, tolerance=1e-10):
    """The graph in the file computes what the network does."""
    found = formats.read(path, trust)
    with torch.no_grad():
        want = net.double()(torch.from_numpy(images(size))).numpy()
    computed = run_graph(found.graph, found.arrays, images(size))
    assert_close(computed.reshape(want.shape), want, str(path), tolerance)
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("network", "size"), NETWORKS)
def test_an_exported_program(network, size, tmp_path):
    net = randomised(network()).eval()
    state = {name: tensor.numpy() for name, tensor in net.state_dict().items()}
    found = assert_read_from(export(net, size, tmp_path / "net.pt2"), net, size)
    assert dict(found.arrays).keys() == state.keys()
    for name, array in state.items():
        np.testing.assert_array_equal(found.arrays[name], array)


def test_explicit_padding_of_one_image_size_is_same_where_the_network_had_same(tmp_path):
    net = randomised(resnet_torch.build(short(thin(resnet_spec.get("mlperf_resnet8")))))
    size = (32, 48)
    found = assert_read_from(export(net, size, tmp_path / "net.pt2"), net, size)
    kinds = [op.kind for op in found.graph.operations if isinstance(op.kind, Convolution)]
    strided = [kind for kind in kinds if kind.strides == (2, 2) and kind.kernel.size("H") > 1]
    assert {kind.pads for kind in strided} == {Same()}


@pytest.mark.filterwarnings("ignore::FutureWarning")  # PyTorch's own, in run_decompositions
def test_a_decomposed_program(tmp_path):
    net = randomised(BottleneckNet()).eval()
    program = torch.export.export(net, (torch.zeros(2, 3, 34, 50),)).run_decompositions()
    torch.export.save(program, tmp_path / "net.pt2")
    assert_read_from(tmp_path / "net.pt2", net, (34, 50))


def test_a_program_for_every_image_size(tmp_path):
    net, auto = randomised(BottleneckNet()), torch.export.Dim.AUTO
    sizes = ({0: auto, 2: auto, 3: auto},)
    path = export(net, (64, 96), tmp_path / "net.pt2", dynamic_shapes=sizes)
    assert_read_from(path, net, (33, 45))


class Pool(torch.nn.Module):
    """A pool with a fixed window."""

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 4, 3, padding=1)

    def forward(self, x):
        return F.avg_pool2d(self.conv(x), 8)


def test_a_pool_is_global_if_the_image_size_is_fixed(tmp_path):
    fixed = formats.read(export(Pool(), (8, 8), tmp_path / "fixed.pt2")).graph
    assert isinstance(fixed.operations[-1].kind, GlobalAverage)
    auto = torch.export.Dim.AUTO
    sizes = ({2: auto, 3: auto},)
    dynamic = formats.read(export(Pool(), (8, 8), tmp_path / "a.pt2", dynamic_shapes=sizes)).graph
    assert isinstance(dynamic.operations[-1].kind, AveragePooling)


@pytest.mark.parametrize("shortcut", IN_PLACE)
def test_a_relu_in_place_changes_what_the_shortcut_reads(shortcut, tmp_path):
    net = InPlace(shortcut).eval()
    found = formats.read(export(net, (9, 12), tmp_path / "net.pt2"))
    if not any(isinstance(item.kind, Foreign) for item in found.graph.operations):
        assert_read_from(tmp_path / "net.pt2", net, (9, 12))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda x: F.leaky_relu(x, 0.3), "LeakyReLU(0.3)"),
        (F.gelu, "GELU"),
        (lambda x: torch.maximum(x, -x), "maximum"),
        (lambda x: x.half().float(), "to"),
        (lambda x: F.max_pool2d(x, 3, 2, 1, ceil_mode=True), "MaxPool2d(ceil_mode=True)"),
    ],
)
def test_what_no_resnet_has_is_foreign(change, text, tmp_path):
    class Changed(Pool):
        def forward(self, x):
            return change(self.conv(x))

    graph = formats.read(export(Changed(), (9, 12), tmp_path / "net.pt2")).graph
    assert text in [item.kind.text for item in graph.operations if isinstance(item.kind, Foreign)]


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """The members of a small exported program."""
    path = export(Pool(), (8, 8), tmp_path_factory.mktemp("exported") / "net.pt2")
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def written(members, path):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


MODEL = "net/models/model.json"
WEIGHTS = "net/data/weights/model_weights_config.json"


def with_json(members, name, change):
    """The members with a change in one that is JSON."""
    document = json.loads(members[name])
    change(document)
    return {**members, name: json.dumps(document).encode()}


def nodes(document):
    return document["graph_module"]["graph"]["nodes"]


def weights(document):
    return document["config"]["conv.weight"]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        pytest.param(MODEL, lambda d: d.clear(), id="no graph"),
        pytest.param(MODEL, lambda d: d.update(graph_module=3), id="graph is a number"),
        pytest.param(MODEL, lambda d: nodes(d).reverse(), id="order"),
        pytest.param(MODEL, lambda d: nodes(d).append(nodes(d)[0]), id="a node twice"),
        pytest.param(MODEL, lambda d: nodes(d)[0].pop("inputs"), id="no inputs"),
        pytest.param(MODEL, lambda d: nodes(d)[0].update(target=[]), id="target is a list"),
        pytest.param(WEIGHTS, lambda d: d["config"].pop("conv.weight"), id="no array"),
        pytest.param(WEIGHTS, lambda d: weights(d).update(path_name="../x"), id="no record"),
        pytest.param(WEIGHTS, lambda d: weights(d).update(use_pickle=True), id="pickle"),
        pytest.param(
            WEIGHTS,
            lambda d: weights(d)["tensor_meta"]["sizes"][0].update(as_int=2**40),
            id="larger than its record",
        ),
        pytest.param(
            WEIGHTS, lambda d: weights(d)["tensor_meta"].update(dtype="FLOAT"), id="dtype"
        ),
    ],
)
def test_a_damaged_program_is_refused(name, change, exported, tmp_path):
    path = written(with_json(exported, name, change), tmp_path / "net.pt2")
    with pytest.raises(FileError, match=r"net\.pt2: "):
        formats.read(path)


def test_a_number_that_is_a_string_is_foreign(exported, tmp_path):
    def change(document):
        groups = {"name": "groups", "arg": {"as_string": "1"}, "kind": 1}
        nodes(document)[0]["inputs"].append(groups)

    path = written(with_json(exported, MODEL, change), tmp_path / "net.pt2")
    assert isinstance(formats.read(path).graph.operations[0].kind, Foreign)


def test_a_truncated_program_is_refused(exported, tmp_path):
    path = written(exported, tmp_path / "net.pt2")
    content = path.read_bytes()
    for length in (0, 10, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:length])
        with pytest.raises(FileError):
            formats.read(path)


@pytest.mark.parametrize("name", [MODEL, WEIGHTS])
@pytest.mark.parametrize("content", [b"", b"[" * 100_000, b'{"a": 1, "a": 2}', b"\xff"])
def test_json_that_is_none_is_refused(name, content, exported, tmp_path):
    with pytest.raises(FileError):
        formats.read(written({**exported, name: content}, tmp_path / "net.pt2"))


def test_an_earlier_format_is_named(tmp_path):
    path = written({"serialized_exported_program.json": b"{}"}, tmp_path / "old.pt2")
    with pytest.raises(FileError, match=r"PyTorch 2\.7 and earlier"):
        formats.read(path)


jit = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")


@jit
@pytest.mark.parametrize(("network", "size"), NETWORKS[:3])
def test_a_traced_torchscript_program(network, size, tmp_path):
    net = randomised(network()).eval()
    torch.jit.trace(net, torch.zeros(2, 3, *size)).save(tmp_path / "net.pt")
    found = assert_read_from(tmp_path / "net.pt", net, size, Trust.CODE)
    assert set(found.arrays) >= set(dict(net.named_parameters()))


@jit
def test_a_scripted_torchscript_program(tmp_path):
    net = randomised(BottleneckNet()).train()
    torch.jit.script(net).save(tmp_path / "net.pt")
    assert_read_from(tmp_path / "net.pt", net.eval(), (33, 45), Trust.CODE)


@jit
def test_a_frozen_torchscript_program_has_folded_norms(tmp_path):
    net = randomised(BottleneckNet()).eval()
    torch.jit.freeze(torch.jit.script(net)).save(tmp_path / "net.pt")
    assert_read_from(tmp_path / "net.pt", net, (33, 45), Trust.CODE, tolerance=1e-5)  # in float32


@jit
def test_torchscript_without_trust_is_refused(tmp_path):
    torch.jit.script(Pool()).save(tmp_path / "net.pt")
    with pytest.raises(FileError, match=r"TorchScript(.|\n)*pass --trust"):
        formats.read(tmp_path / "net.pt")


@jit
def test_a_damaged_torchscript_program_is_refused(tmp_path):
    path = tmp_path / "net.pt"
    torch.jit.script(Pool()).save(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    for name in members:
        if name.endswith((".py", ".pkl")):
            with pytest.raises(FileError):
                formats.read(written({**members, name: b"damaged"}, path), Trust.CODE)


def test_a_whole_model_is_refused_with_advice(tmp_path):
    torch.save(BottleneckNet(), tmp_path / "net.pth")
    with pytest.raises(
        FileError, match=r"run code(.|\n)*model\.state_dict\(\)(.|\n)*convert_module"
    ):
        formats.read(tmp_path / "net.pth")


def test_a_pickle_that_calls_the_system_gets_no_advice(tmp_path):
    class Attack:
        def __reduce__(self):
            return (print, ("attack",))

    torch.save({"state_dict": Attack()}, tmp_path / "net.pth")
    with pytest.raises(FileError, match="run code") as caught:
        formats.read(tmp_path / "net.pth")
    assert "state_dict()" not in str(caught.value)
