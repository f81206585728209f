"""`inspect` and `convert`."""

import json

import numpy as np
import pytest
import torch

import resnet_duet
import resnet_spec
import resnet_torch
from resnet_duet import formats
from support.command import invoke, on_terminal
from support.networks import bits

BATCH_COUNTERS = "skipped: 21 num_batches_tracked"


@pytest.mark.slow
def test_a_conversion_to_keras_and_back_is_bit_exact(checkpoint, net):
    folder = checkpoint.parent
    out = invoke("convert", checkpoint, folder / "net.weights.h5", "--verify").stdout
    assert "verified: the outputs in PyTorch and Keras match in float64" in out
    assert f"from {checkpoint}: cifar_resnet20_b, torchvision naming" in out
    out = invoke("convert", folder / "net.weights.h5", folder / "[back].safetensors").stdout
    assert f"from {folder / 'net.weights.h5'}: cifar_resnet20_b, keras naming" in out
    (folder / "[back].safetensors").rename(folder / "back.safetensors")
    assert bits(formats.read(folder / "back.safetensors").arrays) == bits(resnet_torch.read(net))


def test_the_result_of_a_conversion_comes_first_and_caveats_below(checkpoint):
    target = checkpoint.with_name("net.weights.h5")
    first, *caveats = invoke("convert", checkpoint, target).stdout.splitlines()
    *facts, size, duration = first.split(" · ")
    assert facts == [f"✓ {target}  107 tensors", "274 k values", "float32", "keras naming"]
    assert size == f"{target.stat().st_size / 1e6:.2f} MB"
    assert duration.endswith(" s")
    assert caveats == [
        f"  from {checkpoint}: cifar_resnet20_b, torchvision naming",
        f"  {BATCH_COUNTERS}",
        "  not determined by the weights, assumed as in torchvision: stem.stride=1 (or 2);"
        " stem.pool=none (or minus_infinity, zero, same); ordering=original (or"
        " relu_before_addition, relu_preactivation); shortcut.norm_eps=null (or 1.001e-05,"
        " 0.001);"
        " padding=symmetric (or same); norm_eps=1e-05 (or 1.001e-05, 0.001)"
        " (override with --set; details: inspect)",
    ]


def test_assumptions_are_written_as_the_option_takes_them(tmp_path):
    weights = resnet_duet.random_weights(resnet_spec.get("resnet50", widths=(8, 8, 8, 8)), 0)
    np.savez(tmp_path / "a.npz", **weights)
    out = invoke("convert", tmp_path / "a.npz", tmp_path / "b.npz").stdout
    text = out.partition("torchvision: ")[2].partition(" (override")[0]
    assumed = [item.partition(" (or ")[0] for item in text.split("; ")]
    assert {"stride_in_1x1=false", "output_stride=null"} <= set(assumed)
    assert assumed.pop().startswith("no anti-aliasing filter")  # which no choice can add
    choices = [word for choice in assumed for word in ("--set", choice)]
    invoke("convert", tmp_path / "a.npz", tmp_path / "c.npz", *choices)
    assert formats.read(tmp_path / "c.npz").spec == formats.read(tmp_path / "b.npz").spec


def test_a_program_gets_the_facts_of_a_conversion(checkpoint):
    target = checkpoint.with_name("net.npz")
    facts = json.loads(invoke("convert", checkpoint, target, "--to", "keras", "--json").stdout)
    assert facts["spec"]["widths"] == [16, 32, 64]
    assert len(facts.pop("skipped")) == 21
    del facts["spec"]
    assert facts == {
        "source": str(checkpoint),
        "target": str(target),
        "network": "cifar_resnet20_b",
        "from": "torchvision",
        "to": "keras",
        "alternatives": [],
        "tensors": 107,
        "values": 274_042,
        "dtypes": ["float32"],
        "nonfinite": {},
        "notes": [],
        "verified": False,
        "verification": None,
    }
    arrays = formats.read(target).arrays
    assert "conv1/kernel" in arrays
    assert sum(array.size for array in arrays.values()) == 274_042


@pytest.mark.slow
def test_a_spec_chooses_among_networks_with_the_same_weights(tmp_path):
    weights = resnet_duet.random_weights("cifar_resnet20", 0, norms="random")
    np.savez(tmp_path / "net.npz", **weights)
    spec = resnet_spec.get("cifar_plain20")
    (tmp_path / "plain.json").write_text(spec.to_json())
    out = invoke("convert", tmp_path / "net.npz", tmp_path / "a.npz").stdout
    assert "also matches cifar_resnet20_a_end, cifar_plain20; choose with --spec" in out
    invoke("convert", tmp_path / "net.npz", tmp_path / "b.npz", "--spec", tmp_path / "plain.json")
    assert formats.read(tmp_path / "b.npz").spec == spec
    invoke("verify", tmp_path / "a.npz", tmp_path / "b.npz", code=1)


def test_inspect_prints_what_a_file_is_and_what_was_assumed(checkpoint):
    first, *others = invoke("inspect", checkpoint).stdout.splitlines()
    assert first == (
        f"{checkpoint}  cifar_resnet20_b · torchvision naming · 107 tensors · 274 k values"
        f" · float32 · {checkpoint.stat().st_size / 1e6:.2f} MB"
    )
    assert "272,474 parameters" in others[0]
    assert f"  {BATCH_COUNTERS}" in others
    assert "not determined by the weights, assumed as in torchvision:" in others
    assert any(line.split()[:2] == ["padding", "symmetric"] for line in others)


def test_a_program_gets_the_facts_of_a_file(checkpoint):
    found = json.loads(invoke("inspect", checkpoint, "--json").stdout)
    evidence = found.pop("evidence")
    assert evidence["padding"] == {
        "value": "symmetric",
        "origin": "convention",
        "alternatives": ["same"],
        "description": "where a convolution with a stride pads",
    }
    assert evidence["widths"]["origin"] == "arrays"
    assert set(found) == {
        "file", "network", "spec", "dialect", "alternatives", "tensors", "values", "dtypes",
        "nonfinite", "skipped", "metadata", "assumptions", "notes",
    }  # fmt: skip
    assert (found["tensors"], found["values"]) == (107, 274_042)
    assert (found["dtypes"], found["metadata"]) == ({"float32": 107}, None)


def test_inspect_prints_the_metadata_of_a_converted_file_and_counts_nan(checkpoint, net):
    state = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    state["fc.bias"][:2] = float("nan")
    torch.save(state, checkpoint)
    target = checkpoint.with_name("net.safetensors")
    out = invoke(
        "convert", checkpoint, target, "--set", "norm_eps=1e-3", "--dtype", "float16"
    ).stdout
    assert "fc.bias: 2 values are NaN or infinite" in out
    assert " · float16 · torchvision naming · " in out
    out = invoke("inspect", target).stdout
    assert "fc.bias: 2 values are NaN or infinite" in out
    assert "converted from net.pth" in out
    assert "not determined by the weights, read from the file's metadata:" in out
    found = json.loads(invoke("inspect", target, "--json").stdout)
    assert found["spec"]["norm_eps"] == 1e-3
    assert found["metadata"]["provenance"]["name"] == "net.pth"
    assert found["nonfinite"] == {"fc.bias": 2}


def test_warnings_about_nan_are_counted_after_the_first_twenty(checkpoint, net):
    state = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    for tensor in state.values():
        if tensor.is_floating_point():
            tensor.view(-1)[0] = float("inf")
    torch.save(state, checkpoint)
    out = invoke("inspect", checkpoint).stdout
    assert out.count("1 values are NaN or infinite") == 20
    assert "and 87 more tensors" in out


def test_skipped_entries_are_counted_by_kind(checkpoint, net):
    state = {f"module.{name}": tensor for name, tensor in net.state_dict().items()}
    torch.save({"state_dict": state, "optimizer": {"lr": 0.1}, "epoch": 3}, checkpoint)
    out = invoke("inspect", checkpoint).stdout
    assert "skipped: optimizer, epoch, 21 num_batches_tracked" in out


def test_a_network_outside_the_zoo_is_named_by_its_depth(tmp_path):
    spec = resnet_spec.get("cifar_resnet20_b", depths=(1, 2, 1))
    np.savez(tmp_path / "net.npz", **resnet_duet.random_weights(spec, 0))
    assert "unnamed 10-layer ResNet" in invoke("inspect", tmp_path / "net.npz").stdout


def test_a_head_is_dropped_or_replaced(checkpoint):
    bare, new = checkpoint.with_name("bare.npz"), checkpoint.with_name("new.npz")
    assert "fc.bias" in invoke("convert", checkpoint, bare, "--no-head").stdout
    assert not any(name.startswith("fc.") for name in formats.read(bare).arrays)
    invoke("convert", bare, new, "--num-classes", "5")
    assert formats.read(new).arrays["fc.weight"].shape == (5, 64)
    assert json.loads(invoke("inspect", bare, "--json").stdout)["spec"]["num_classes"] is None


def test_an_onnx_graph_takes_images_of_the_chosen_layout(checkpoint):
    shapes = {}
    for layout in ("NCHW", "NHWC"):
        target = checkpoint.with_name(f"{layout}.onnx")
        invoke("convert", checkpoint, target, "--input-layout", layout)
        import onnx

        (image,) = onnx.load(target).graph.input
        shapes[layout] = [dim.dim_value for dim in image.type.tensor_type.shape.dim]
    assert (shapes["NCHW"].index(3), shapes["NHWC"].index(3)) == (1, 3)


def test_many_files_are_converted_into_a_new_folder_and_failures_are_reported(bad_folder, tmp_path):
    out = tmp_path / "new" / "folder"
    paths = (bad_folder / "net.pth", bad_folder / "cut.pth", out)
    result = invoke("convert", *paths, "--format", "npz", code=2)
    assert result.stdout == f"✓ {out / 'net.npz'}  cifar_resnet20_b\n1 converted, 1 failed\n"
    assert result.stderr.startswith(f"resnet-duet: {bad_folder / 'cut.pth'}")
    assert [path.name for path in out.iterdir()] == ["net.npz"]
    pattern = (bad_folder / "ne*.pth", tmp_path, "--format", ".safetensors", "--json")
    found = json.loads(invoke("convert", *pattern).stdout)
    assert [row["network"] for row in found["converted"]] == ["cifar_resnet20_b"]
    assert found["failed"] == []


def test_a_file_in_place_of_the_folder_is_reported(bad_folder, tmp_path):
    blocked = tmp_path / "file"
    blocked.touch()
    arguments = ("convert", bad_folder / "net.pth", blocked, "--format", "npz")
    assert "the folder cannot be created" in invoke(*arguments, code=2).stderr


def test_folded_biases_change_the_spec(tmp_path):
    weights = resnet_duet.random_weights("mlperf_resnet8", 0, norms="random")
    np.savez(tmp_path / "a.npz", **weights)
    out = invoke("convert", tmp_path / "a.npz", tmp_path / "b.h5", "--fold-bias", "--json").stdout
    facts = json.loads(out)
    assert facts["spec"]["bias"] == "without_norm"
    assert facts["tensors"] == 41
    arrays = formats.read(tmp_path / "b.h5").arrays
    assert facts["values"] == sum(array.size for array in arrays.values())


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_results_fit_the_terminal(checkpoint, columns, monkeypatch):
    monkeypatch.chdir(checkpoint.parent)
    for arguments in (["inspect", "net.pth"], ["convert", "net.pth", "new.npz"]):
        lines = invoke(*arguments, COLUMNS=str(columns)).stdout.splitlines()
        assert max(map(len, lines)) <= columns
        text = " ".join(" ".join(lines).split())
        assert "1e-05" in text
        assert "original" in text


def test_on_a_terminal_the_sign_is_green_facts_are_dim_and_assumptions_yellow(checkpoint):
    target = checkpoint.with_name("net.npz")
    out = on_terminal(200, "convert", checkpoint, target)
    assert f"\x1b[32m✓\x1b[0m \x1b[1m{target}\x1b[0m\x1b[2m" in out
    assert f"\x1b[2m  {BATCH_COUNTERS}\x1b[0m" in out
    out = on_terminal(200, "inspect", checkpoint)
    assert "\x1b[36mpadding" in out
    assert "\x1b[33msymmetric\x1b[0m" in out
    assert "\x1b" not in on_terminal(200, "inspect", checkpoint, NO_COLOR="1")
