"""`--rename` and `--write-mapping`: names of arrays that the user gives."""

import json

import numpy as np
import pytest

import resnet_duet
import resnet_spec
from resnet_duet import formats
from resnet_duet.errors import FileError
from resnet_duet.identify.mapping import read_mapping
from support.command import invoke
from support.networks import bits, thin

SPEC = resnet_spec.get("resnet18", num_classes=7, widths=(4, 8, 12, 16), stem={"channels": (4,)})


@pytest.fixture
def weights():
    return resnet_duet.random_weights(SPEC, 0, norms="random")


@pytest.fixture
def anonymous(tmp_path, weights):
    """A file of the weights in reverse order under numbers, and {number: canonical name}."""
    names = {f"x{i}.{name.rpartition('.')[2]}": name for i, name in enumerate(reversed(weights))}
    np.savez(tmp_path / "anonymous.npz", **{new: weights[old] for new, old in names.items()})
    return tmp_path / "anonymous.npz", names


def columns(names, separator="\t"):
    return "".join(f"{new}{separator}{old}\n" for new, old in names.items())


@pytest.mark.parametrize("separator", ["\t", " ", ", ", "   "])
def test_two_columns_name_the_arrays(anonymous, tmp_path, weights, separator):
    path, names = anonymous
    mapping = tmp_path / "names.txt"
    mapping.write_text(f"# my network\n\n{columns(names, separator)}")
    out = invoke("convert", path, tmp_path / "net.safetensors", "--rename", mapping).stdout
    assert "assigned by the given mapping: 102 tensors" in out
    assert bits(formats.read(tmp_path / "net.safetensors").arrays) == bits(weights)


def test_a_json_object_names_the_arrays_for_every_command(anonymous, tmp_path, weights):
    path, names = anonymous
    mapping = tmp_path / "names.json"
    mapping.write_text(json.dumps(names))
    assert "resnet" in invoke("inspect", path, "--rename", mapping).stdout
    for rename in (mapping, names):
        net = resnet_duet.load(path, into="torch", rename=rename, spec=SPEC)
        state = {n: a.numpy() for n, a in net.state_dict().items() if n in weights}
        assert bits(state) == bits({n: weights[n] for n in state})


def test_arrays_of_keras_are_put_in_canonical_layouts(tmp_path, weights):
    arrays = resnet_duet.convert(weights, SPEC, "torchvision", "keras")
    names = dict(zip(arrays, _canonical_order(), strict=True))
    renamed = {f"a{i}/{name.rpartition('/')[2]}": name for i, name in enumerate(arrays)}
    np.savez(tmp_path / "keras.npz", **{new: arrays[old] for new, old in renamed.items()})
    mapping = {new: names[old] for new, old in renamed.items()}
    (tmp_path / "names.json").write_text(json.dumps(mapping))
    target = tmp_path / "net.npz"
    invoke("convert", tmp_path / "keras.npz", target, "--rename", tmp_path / "names.json")
    assert bits(formats.read(target).arrays) == bits(weights)


def _canonical_order():
    """The canonical names in the order of Keras."""
    from resnet_duet.weights.dialects import dialect

    plan = resnet_spec.plan(SPEC)
    canonical = {array: name for name, array in dialect("torchvision").table(plan).items()}
    return [canonical[array] for array in dialect("keras").table(plan).values()]


def test_a_name_that_is_skipped_is_reported(anonymous, tmp_path, weights):
    path, names = anonymous
    extra = tmp_path / "extra.npz"
    np.savez(extra, **np.load(path), queue=np.zeros(3, np.float32))
    mapping = tmp_path / "names.tsv"
    mapping.write_text(columns(names))
    message = invoke("convert", extra, tmp_path / "a.npz", "--rename", mapping, code=2).stderr
    assert "queue is not in the mapping; to skip it, write: queue -" in message
    mapping.write_text(columns({**names, "queue": "-"}))
    assert "queue" in invoke("convert", extra, tmp_path / "a.npz", "--rename", mapping).stdout


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("a.weight\n", "line 1: a.weight has no target; write torchvision's name, or - to skip it"),
        ("\n# x\na b c\n", "line 3 has 3 columns; it must have two"),
        ("a x.weight\nb y.bias\na z.bias\n", "line 1: a comes 2 times"),
        ("a x.weight\nb x.weight\n", "line 2: x.weight comes 2 times"),
        ('{"a": "x.weight", "a": "y.weight"}', "entry 'a': a comes 2 times"),
        ('{"a": 3}', "the target of a must be a name in quotes"),
        ('{"a": ', "is not JSON"),
    ],
)
def test_a_wrong_line_is_named(tmp_path, text, error):
    (tmp_path / "names").write_text(text)
    with pytest.raises(FileError, match=r".") as caught:
        read_mapping(tmp_path / "names")
    assert error in str(caught.value)


def test_names_that_do_not_exist_are_errors_with_their_lines(anonymous, tmp_path):
    path, names = anonymous
    first = next(iter(names))
    wrong = {"nothing.weight": "other.weight", **names}
    wrong[first] = "fc.kernel"
    (tmp_path / "names").write_text(columns(wrong))
    message = invoke("inspect", path, "--rename", tmp_path / "names", code=2).stderr
    assert "line 1: the checkpoint has no array nothing.weight" in message
    assert "line 2: fc.kernel is not a name of torchvision" in message


def test_a_mapping_of_some_arrays_is_refused_with_the_missing_names(anonymous, tmp_path):
    path, names = anonymous
    few = {new: "-" if old == "conv1.weight" else old for new, old in names.items()}
    (tmp_path / "names").write_text(columns(few))
    message = invoke("inspect", path, "--rename", tmp_path / "names", code=2).stderr
    assert "missing: conv1.weight" in message


def test_write_mapping_proposes_the_mapping_that_rename_takes(tmp_path):
    spec = thin(resnet_spec.get("resnet34"))
    weights = resnet_duet.random_weights(spec, 0, norms="random")
    path, mapping = tmp_path / "net.npz", tmp_path / "names.tsv"
    np.savez(path, **{n.replace("layer", "stage"): a for n, a in weights.items()})
    out = invoke("inspect", path, "--write-mapping", mapping).stdout
    assert f"{len(weights)} of {len(weights)} tensors have a target" in out
    assert "assigned by order and shapes" in out
    invoke("convert", path, tmp_path / "out.npz", "--rename", mapping)
    assert bits(formats.read(tmp_path / "out.npz").arrays) == bits(weights)
    assert "exists" in invoke("inspect", path, "--write-mapping", mapping, code=2).stderr


def test_write_mapping_says_what_is_uncertain(tmp_path):
    spec = thin(resnet_spec.get("cifar_resnet20"))
    shapes = resnet_duet.random_weights(spec, 0)
    layers = {name.rpartition(".")[0]: None for name in shapes}
    words = {layer: f"p{i:03}" for i, layer in enumerate(layers)}
    flat = {f"{words[n.rpartition('.')[0]]}.{n.rpartition('.')[2]}": a for n, a in shapes.items()}
    np.savez(tmp_path / "net.npz", **flat)
    invoke("inspect", tmp_path / "net.npz", "--write-mapping", tmp_path / "names.tsv")
    assert "# uncertain: " in (tmp_path / "names.tsv").read_text()


def test_write_mapping_of_an_unknown_network_has_empty_targets(tmp_path):
    np.savez(tmp_path / "net.npz", a=np.zeros((3, 3), np.float32))
    out = invoke("inspect", tmp_path / "net.npz", "--write-mapping", tmp_path / "names.tsv").stdout
    assert "0 of 1 tensors have a target" in out
    assert (tmp_path / "names.tsv").read_text().splitlines()[1:] == ["a\t"]
    with pytest.raises(FileError, match="a has no target"):
        read_mapping(tmp_path / "names.tsv")
