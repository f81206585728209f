"""`list` and `show`."""

import json

import pytest

import resnet_spec
from resnet_spec.zoo import FAMILIES
from support.command import invoke, lines_of

ROW = {
    "name": "resnet18",
    "family": "resnet",
    "source": "torchvision, fb.resnet.torch",
    "year": 2016,
    "image": "224x224",
    "layers": 18,
    "parameters": 11_689_512,
    "macs": 1_814_073_344,
}


def listed(*arguments: str) -> list[str]:
    return lines_of(invoke("list", *arguments, COLUMNS="80").stdout)


def test_a_program_gets_every_network_with_whole_numbers():
    rows = json.loads(invoke("list", "--json").stdout)
    assert [row["name"] for row in rows] == resnet_spec.names()
    assert rows[0] == ROW


def test_networks_are_grouped_by_family_with_source_and_year():
    lines = listed()
    for family in FAMILIES:
        place = lines.index(f"{family.title}  {family.source}, {family.year}")
        names = [line.split()[0] for line in lines[place + 1 :][: len(family.networks)]]
        assert names == list(family.networks)
    assert "  resnet50                224x224      50  25.6 M  4.09 G" in lines


def test_a_pattern_selects_names_and_leaves_out_other_families():
    rows = json.loads(invoke("list", "resnet5*", "*v2", "--json").stdout)
    names = [row["name"] for row in rows]
    assert names == [n for n in resnet_spec.names() if n.startswith("resnet5") or n.endswith("v2")]
    lines = listed("preresnet1?")
    assert [line.split()[0] for line in lines if line][1:3] == ["Pre-activation", "preresnet18"]


@pytest.mark.parametrize(
    ("pattern", "hint"),
    [
        ("resnet5", "did you mean 'resnet5*'?"),
        ("50", "did you mean '*50*'?"),
        ("resnett50", "did you mean resnet50"),
        ("vgg*", "`resnet-duet list` prints all names"),
    ],
)
def test_a_pattern_without_a_match_is_an_error_with_a_hint(pattern, hint):
    assert hint in invoke("list", pattern, code=2).stderr


def test_the_layers_of_deep_stems_are_explained_where_they_are_listed():
    assert "adds two" in " ".join(listed("resnet18d"))
    assert "adds two" not in " ".join(listed("resnet18"))


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_lists_and_tables_fit_the_terminal(columns):
    for arguments in (["list"], ["show", "resnext101_32x8d"], ["show", "resnet50d", "--layers"]):
        lines = invoke(*arguments, COLUMNS=str(columns)).stdout.splitlines()
        assert max(map(len, lines)) <= columns


def test_show_prints_the_stages():
    out = invoke("show", "resnet50").stdout
    assert "25,557,032 parameters" in out
    assert "[1x1, 256  3x3, 256  1x1, 1024] x 6" in out
    assert "1.46 G" in out


@pytest.mark.parametrize("columns", range(50, 80, 6))
def test_a_narrow_table_of_stages_breaks_between_convolutions_only(columns):
    lines = lines_of(invoke("show", "resnet152", COLUMNS=str(columns)).stdout)
    stages = lines[lines.index("") :]
    assert any(line.endswith("1x1, 1024] x 36") for line in stages)
    assert not any(line.endswith((",", "]", "x")) for line in stages)


def test_show_takes_choices_sizes_layers_and_a_spec_file(tmp_path):
    choices = ("--set", "output_stride=8", "--set", "padding=same", "--layers")
    assert "3x3, 512, dilation 4 (same)" in invoke("show", "resnet50", *choices).stdout
    shown = json.loads(invoke("show", "resnet18", "--size", "64x96", "--json").stdout)
    assert shown["size"] == [64, 96]
    assert shown["rows"][1] == {
        "name": "layer1",
        "output": "16x24x64",
        "description": "[3x3, 64  3x3, 64] x 2",
        "parameters": 147_968,
        "macs": 56_623_104,
    }
    (tmp_path / "my.json").write_text(json.dumps(shown["spec"]))
    assert "11,689,512 parameters" in invoke("show", tmp_path / "my.json").stdout


@pytest.mark.parametrize("framework", ["torch", "keras"])
def test_a_program_gets_the_source_code_and_the_spec(framework):
    arguments = ["show", "resnet18", "--set", "num_classes=5", "--code", framework]
    facts = json.loads(invoke(*arguments, "--json").stdout)
    assert facts["code"] == invoke(*arguments).stdout
    assert facts["framework"] == framework
    assert facts["spec"]["num_classes"] == 5


@pytest.mark.parametrize(
    ("choice", "hint"),
    [
        ("norm_epsilon=1e-3", "there is no choice 'norm_epsilon'; did you mean norm_eps?"),
        ("eps=1e-3", "did you mean norm_eps?"),
        ("stem.size=3", "did you mean stem.stride?"),
        ("xyz=1", "choices: block, depths, widths,"),
        ("padding", "--set takes CHOICE=VALUE, not 'padding'"),
    ],
)
def test_an_unknown_choice_is_answered_with_the_nearest(choice, hint):
    assert hint in invoke("show", "resnet18", "--set", choice, code=2).stderr


@pytest.mark.parametrize(
    ("arguments", "nearest", "page"),
    [
        (["list", "--jsn"], "--json", "resnet-duet list -h"),
        (["convert", "a.pth", "b.npz", "--overwite"], "--overwrite", "resnet-duet convert -h"),
        (["verify", "a.pth", "--sed", "3"], "--seeds", "resnet-duet verify -h"),
        (["lst"], "list", "resnet-duet -h"),
    ],
)
def test_an_unknown_option_or_command_is_answered_with_the_nearest(arguments, nearest, page):
    first, *others = invoke(*arguments, code=2).stderr.splitlines()
    assert first.startswith("resnet-duet: No such ")
    assert nearest in first
    assert others[-1] == f"  help: {page}"
