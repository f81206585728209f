"""`inspect` and `convert` name the source of each choice."""

import json

import numpy as np
import pytest
import torch

import resnet_duet
import resnet_spec
import resnet_tf
import resnet_torch
from support.command import invoke

SPEC = resnet_spec.get("resnet18", widths=(4, 8, 8, 8), num_classes=3)
CONFIG = {
    "model_type": "resnet",
    "embedding_size": 64,
    "hidden_sizes": [4, 8, 8, 8],
    "depths": [2, 2, 2, 2],
    "layer_type": "basic",
}
SETS = "not determined by the weights, "


@pytest.fixture
def folder(tmp_path):
    """A folder of transformers with a network of random weights."""
    weights = resnet_duet.random_weights(SPEC, 0)
    arrays = resnet_duet.convert(weights, SPEC, "torchvision", "huggingface")
    state = {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}
    torch.save(state, tmp_path / "pytorch_model.bin")
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    return tmp_path


def test_inspect_of_a_folder_names_its_configuration(folder):
    lines = invoke("inspect", folder, COLUMNS="80").stdout.splitlines()
    assert f"{SETS}read from config.json:" in lines
    assert not any("assumed" in line for line in lines)
    assert max(map(len, lines)) <= 80


def test_convert_of_a_folder_assumes_nothing(folder):
    out = invoke("convert", folder, folder / "net.npz").stdout
    assert "assumed" not in out
    assert (
        "assumed as in huggingface"
        in invoke("convert", moved(folder), folder / "b.npz", "--from", "huggingface").stdout
    )


def moved(folder):
    """The weights without their configuration."""
    (folder / "config.json").unlink()
    return folder / "pytorch_model.bin"


def test_a_configuration_that_is_not_used_is_a_caveat(folder):
    (folder / "config.json").write_text("{}")
    line = "config.json is not used: it describes no ResNet of transformers or timm"
    assert line in invoke("inspect", folder / "pytorch_model.bin").stdout
    assert line in invoke("convert", folder / "pytorch_model.bin", folder / "a.npz").stdout
    found = json.loads(invoke("inspect", folder / "pytorch_model.bin", "--json").stdout)
    assert found["notes"][0].endswith(line)


def test_the_origins_are_words_in_json(folder):
    found = json.loads(invoke("inspect", folder, "--set", "norm_eps=1e-3", "--json").stdout)
    origins = {path: item["origin"] for path, item in found["evidence"].items()}
    assert set(origins.values()) == {"arrays", "config", "user"}
    assert (origins["norm_eps"], origins["padding"], origins["widths"]) == (
        "user",
        "config",
        "arrays",
    )
    assert found["assumptions"] == []


def test_a_graph_is_named_where_there_is_one(tmp_path):
    resnet_tf.build(SPEC).save(tmp_path / "net.keras")
    out = invoke("inspect", tmp_path / "net.keras").stdout
    assert "read from the file's graph: block=basic" in out
    assert "not determined" not in out


def test_the_user_is_named_for_a_given_spec(tmp_path):
    torch.save(resnet_torch.build(SPEC).state_dict(), tmp_path / "net.pth")
    (tmp_path / "spec.json").write_text(SPEC.to_json())
    out = invoke("inspect", tmp_path / "net.pth", "--spec", tmp_path / "spec.json").stdout
    assert "given by the user:" in out
    assert "assumed" not in out
    out = invoke("inspect", tmp_path / "net.pth").stdout
    assert f"{SETS}assumed as in torchvision:" in out
    assert "no anti-aliasing filter (timm's resnetaa50" in out
