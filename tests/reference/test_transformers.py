"""Hugging Face transformers itself opens the folder that our file is put into."""

import pytest
import torch

import resnet_duet
import resnet_spec
from resnet_duet.errors import FileError
from support.networks import assert_close, images, nchw, randomise_statistics

COUNTER = ".num_batches_tracked"  # which our files leave out, and strict loading forgives
SMALL = {"stem": {"channels": [16]}, "depths": (1, 2, 1), "widths": (8, 16, 24)}
NETWORKS = {
    "bottleneck": resnet_spec.get("resnet50", num_classes=7, **SMALL),
    "bottleneck_v1": resnet_spec.get("resnet50_v1", num_classes=7, **SMALL),
    "basic": resnet_spec.get("resnet18", num_classes=7, **SMALL),
    "resnet18": resnet_spec.get("resnet18", num_classes=10),
    "resnet50": resnet_spec.get("resnet50", num_classes=10),
}


def config_of(transformers, spec):
    return transformers.ResNetConfig(
        embedding_size=spec.stem.channels[-1],
        hidden_sizes=list(spec.stage_channels),
        depths=list(spec.depths),
        layer_type=str(spec.block),
        downsample_in_bottleneck=spec.stride_in_1x1,
        num_labels=spec.num_classes or 0,
    )


def opened(cls, config, file):
    """Their network from a folder with our file in it, and what they say of its arrays."""
    folder = file.parent / "checkpoint"
    folder.mkdir()
    file.rename(folder / "model.safetensors")
    config.save_pretrained(folder)
    net, said = cls.from_pretrained(folder, dtype=torch.float64, output_loading_info=True)
    said["missing_keys"] = [n for n in said["missing_keys"] if not n.endswith(COUNTER)]
    assert not any(said.values()), said
    return net.eval()


def images_of(x):
    return torch.from_numpy(nchw(x))


@pytest.mark.parametrize("name", NETWORKS)
def test_from_pretrained_opens_our_file_and_computes_the_same(transformers, ported, name):
    spec = NETWORKS[name]
    ours = ported(spec, "huggingface", ".safetensors")
    config = config_of(transformers, spec)
    theirs = opened(transformers.ResNetForImageClassification, config, ours.file)
    with torch.no_grad():
        ours.assert_computed_by(lambda x: theirs(images_of(x)).logits.numpy())


def test_a_network_without_a_head_is_their_model(transformers, ported):
    spec = resnet_spec.get("resnet50", num_classes=None, **SMALL)
    ours = ported(spec, "huggingface", ".safetensors")
    theirs = opened(transformers.ResNetModel, config_of(transformers, spec), ours.file)

    def run(x):
        with torch.no_grad():
            return theirs(images_of(x)).last_hidden_state.permute(0, 2, 3, 1).numpy()

    ours.assert_computed_by(run)


@pytest.mark.parametrize("name", ["basic", "bottleneck", "bottleneck_v1"])
def test_the_folder_that_they_save_is_read(transformers, ported, tmp_path, name):
    ours = ported(NETWORKS[name], "huggingface", ".safetensors")
    config = config_of(transformers, NETWORKS[name])
    theirs = opened(transformers.ResNetForImageClassification, config, ours.file)
    theirs.save_pretrained(tmp_path / "saved")
    ours.assert_read_from(tmp_path / "saved" / "model.safetensors")


CONFIGS = {  # {configuration: whether it is in this family}
    "v1": ({"downsample_in_bottleneck": True}, True),
    "v1.5": ({"downsample_in_bottleneck": False}, True),
    "basic": ({"layer_type": "basic", "downsample_in_bottleneck": True}, True),
    "equal widths": ({"layer_type": "basic", "hidden_sizes": [16, 16, 32]}, True),
    "gray": ({"num_channels": 1}, True),
    "gelu": ({"hidden_act": "gelu"}, False),
    "first stage": ({"downsample_in_first_stage": True}, False),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_a_saved_folder_is_converted_to_the_same_function_or_refused(transformers, tmp_path, name):
    changes, is_in_family = CONFIGS[name]
    choices = {"embedding_size": 16, "hidden_sizes": [32, 64, 96], "depths": [1, 2, 1]}
    config = transformers.ResNetConfig(**choices | changes, num_labels=5)
    theirs = transformers.ResNetForImageClassification(config).double().eval()
    randomise_statistics(theirs)
    theirs.save_pretrained(tmp_path)
    path = tmp_path / "model.safetensors"
    if not is_in_family:
        with pytest.raises(FileError, match=r"config\.json describes another network"):
            resnet_duet.load(path, into="torch")
        return
    ours = resnet_duet.load(path, into="torch").eval()
    for size in ((64, 96), (65, 97)):
        x = images_of(images(size))[:, : config.num_channels]
        with torch.no_grad():
            assert_close(ours(x).numpy(), theirs(x).logits.numpy(), name)
