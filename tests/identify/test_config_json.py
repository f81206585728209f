"""The configuration that transformers or timm saved next to the weights."""

import json
import time

import numpy as np
import pytest
import safetensors.torch
import torch

import resnet_duet
import resnet_spec
import resnet_torch
from resnet_duet.errors import FileError
from resnet_duet.identify.assumptions import assumptions, choices_of
from resnet_duet.identify.evidence import Origin
from resnet_duet.identify.head import HeadChoice
from resnet_duet.identify.open_checkpoint import open_checkpoint

SMALL = {"stem": {"channels": [16]}, "depths": (1, 2, 1), "widths": (8, 16, 24), "num_classes": 5}
BARE = SMALL | {"num_classes": None}
V1 = resnet_spec.get("resnet50_v1", **SMALL)
TRANSFORMERS = {
    "model_type": "resnet",
    "architectures": ["ResNetForImageClassification"],
    "embedding_size": 16,
    "hidden_sizes": [32, 64, 96],
    "depths": [1, 2, 1],
    "layer_type": "bottleneck",
    "hidden_act": "relu",
    "downsample_in_first_stage": False,
    "downsample_in_bottleneck": True,
    "num_channels": 3,
    "id2label": {str(number): f"LABEL_{number}" for number in range(5)},
}
RESNET18 = resnet_spec.get("resnet18", num_classes=5)
TIMM = {
    "architecture": "resnet18",
    "num_classes": 5,
    "num_features": 512,
    "global_pool": "avg",
    "pretrained_cfg": {"num_classes": 5, "input_size": [3, 224, 224]},
}


@pytest.fixture
def folder(tmp_path):
    """(spec, dialect, configuration) -> the file of the weights next to the configuration."""

    def written(spec, dialect, config):
        weights = resnet_duet.random_weights(spec, 0)
        arrays = resnet_duet.convert(weights, spec, "torchvision", dialect)
        np.savez(tmp_path / "model.npz", **arrays)
        text = config if isinstance(config, str) else json.dumps(config)
        (tmp_path / "config.json").write_text(text)
        return tmp_path / "model.npz"

    return written


def identity_of(path, spec=None, head=HeadChoice.KEEP):
    return open_checkpoint(path, spec, None, head)[1]


def test_transformers_configuration_determines_the_strides(folder):
    identity = identity_of(folder(V1, "huggingface", TRANSFORMERS))
    assert identity.spec == V1
    assert identity.alternatives == ()
    config = TRANSFORMERS | {"downsample_in_bottleneck": False}
    identity = identity_of(folder(V1, "huggingface", config))
    assert identity.spec == resnet_spec.get("resnet50", **SMALL)


def test_nothing_is_assumed_of_a_network_with_a_configuration(folder):
    identity = identity_of(folder(V1, "huggingface", TRANSFORMERS))
    assert {item.origin for item in choices_of(identity)} == {Origin.ARRAYS, Origin.CONFIG}
    assert assumptions(identity, str) == ""
    path = folder(RESNET18, "torchvision", TIMM)
    assert assumptions(identity_of(path), str) == ""
    assert resnet_duet.load(path, into="torch").spec == RESNET18  # warnings are errors


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"hidden_act": "gelu"}, "hidden_act is 'gelu'; this family has 'relu'"),
        ({"downsample_in_first_stage": True}, "in this family the first stage does not stride"),
        ({"layer_type": "fancy"}, "layer_type is 'fancy'"),
        ({"layer_type": ["basic"]}, "layer_type is"),
        ({"auto_map": {"AutoModel": "mine.Net"}}, "auto_map names code of its own repository"),
        ({"downsample_in_bottleneck": 1}, "downsample_in_bottleneck must be true or false"),
        ({"hidden_sizes": "wide"}, "hidden_sizes must be a list of integers"),
        ({"hidden_sizes": [32, 64, 97]}, "must be multiples of 4"),
        ({"depths": [1, -2, 1]}, "depths must be"),
    ],
)
def test_a_network_of_transformers_outside_this_family_is_refused(folder, change, reason):
    with pytest.raises(FileError) as caught:
        identity_of(folder(V1, "huggingface", TRANSFORMERS | change))
    assert reason in str(caught.value)
    assert "--spec" in str(caught.value)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"depths": [1, 3, 1]}, "depths"),
        ({"depths": [1, 10**12, 1]}, "depths"),
        ({"hidden_sizes": [32, 64, 128]}, "widths"),
        ({"embedding_size": 32}, "stem.channels"),
        ({"num_channels": 1}, "in_channels"),
        ({"id2label": {"0": "cat", "1": "dog"}}, "num_classes"),
        ({"layer_type": "basic"}, "block"),
    ],
)
def test_a_configuration_that_the_arrays_contradict_is_an_error(folder, change, path):
    start = time.process_time()
    with pytest.raises(FileError, match=r"config\.json and the arrays contradict") as caught:
        identity_of(folder(V1, "huggingface", TRANSFORMERS | change))
    assert any(line.startswith(f"{path} is ") for line in caught.value.details)
    assert time.process_time() - start < 5


def test_a_given_spec_overrides_a_configuration(folder):
    path = folder(V1, "huggingface", TRANSFORMERS | {"hidden_act": "gelu"})
    assert identity_of(path, V1).spec == V1


def test_a_removed_or_new_classifier_is_no_contradiction(folder):
    path = folder(V1, "huggingface", TRANSFORMERS)
    assert identity_of(path, head=None).spec == resnet_spec.get("resnet50_v1", **BARE)
    assert identity_of(path, head=3).spec.num_classes == 3
    assert identity_of(path, head=3).spec.stride_in_1x1


@pytest.mark.parametrize("kind", ["resnetaa50", "resnetaa50d", "resnetblur18", "resnetblur101d"])
def test_an_anti_aliased_network_of_timm_is_refused(folder, kind):
    with pytest.raises(FileError, match=f"{kind} has anti-aliasing filters; this family has none"):
        identity_of(folder(RESNET18, "torchvision", TIMM | {"architecture": kind}))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"model_args": {"act_layer": "gelu"}}, "model_args has act_layer='gelu'"),
        ({"model_args": {"aa_layer": "blur"}}, "model_args has aa_layer='blur'"),
        ({"model_args": {"global_pool": "max"}}, "global_pool is 'max'; this family has 'avg'"),
        ({"global_pool": "catavgmax"}, "global_pool is 'catavgmax'"),
        ({"model_args": ["aa_layer"]}, "model_args must be an object"),
        ({"model_args": {"output_stride": 5}}, "output_stride must be a power of two"),
    ],
)
def test_a_network_of_timm_outside_this_family_is_refused(folder, change, reason):
    with pytest.raises(FileError) as caught:
        identity_of(folder(RESNET18, "torchvision", TIMM | change))
    assert reason in str(caught.value)


def test_the_arguments_of_timm_that_this_family_has_are_read(folder):
    arguments = {"output_stride": 8, "drop_path_rate": 0.1, "act_layer": None, "in_chans": 3}
    identity = identity_of(folder(RESNET18, "torchvision", TIMM | {"model_args": arguments}))
    assert identity.spec == resnet_spec.get("resnet18", num_classes=5, output_stride=8)
    config = TIMM | {"model_args": {"output_stride": 32}}
    assert identity_of(folder(RESNET18, "torchvision", config)).spec == RESNET18


def test_another_architecture_of_timm_contradicts_the_arrays(folder):
    path = folder(RESNET18, "torchvision", TIMM | {"architecture": "resnet34"})
    with pytest.raises(FileError, match=r"contradict each other.*\n  depths is \(3, 4, 6, 3\)"):
        identity_of(path)


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ("{", "it is not JSON"),
        ("[" * 100_000, "it is not JSON"),
        ("[1]", "it describes no ResNet of transformers or timm"),
        ({"model_type": "bert"}, "it describes no ResNet of transformers or timm"),
        ({"architecture": "resnet9000"}, "its architecture is not known"),
        (TRANSFORMERS, "it is of transformers, but the arrays have torchvision names"),
    ],
)
def test_another_configuration_is_ignored_and_reported(folder, config, reason):
    identity = identity_of(folder(RESNET18, "torchvision", config))
    assert identity.spec == RESNET18
    assert identity.evidence.general is Origin.CONVENTION
    (note,) = identity.evidence.notes
    assert note.endswith(f"config.json is not used: {reason}")


@pytest.mark.parametrize("names", [("model.safetensors", "pytorch_model.bin"), ("x", "x")])
def test_a_folder_is_opened_by_its_weights(tmp_path, names):
    net = resnet_torch.build(RESNET18)
    (tmp_path / "config.json").write_text(json.dumps(TIMM))
    safetensors.torch.save_file(net.state_dict(), tmp_path / names[0])
    torch.save({}, tmp_path / names[1])
    if names[0] == "x":
        with pytest.raises(FileError, match="is a directory, not a checkpoint"):
            identity_of(tmp_path)
    else:
        assert identity_of(tmp_path).spec == RESNET18
