"""`convert --verify` of a whole model: the reference is the file's own function."""

import os
from pathlib import Path

import pytest

import resnet_duet
from resnet_duet.errors import FileError, MismatchError
from resnet_duet.files.convert_file import KEEP_DTYPE, ConvertOptions
from resnet_duet.files.convert_file import convert_file as convert_with
from resnet_duet.files.verify_conversion import Side, verify_conversion
from resnet_duet.formats.sha256 import BackgroundSha256
from resnet_duet.formats.trust import Trust
from resnet_duet.identify.head import HeadChoice
from resnet_duet.identify.open_checkpoint import open_checkpoint
from support.whole_models import leaky, networks, rebuilt, save_keras, softmax

DATA = os.environ.get("RESNET_DUET_DATA", "")


@pytest.fixture(scope="module")
def nets():
    return networks()


def convert_file(source: Path, target: Path, head=HeadChoice.KEEP, fold_bias=False):
    """Convert with `verify`."""
    options = ConvertOptions(
        spec=None,
        source_dialect=None,
        choices={},
        head=head,
        fold_bias=fold_bias,
        dtype=KEEP_DTYPE,
        target_dialect=None,
        input_layout=None,
        overwrite=False,
        verify=True,
        trust=Trust.DATA,
    )
    return convert_with(source, target, options, BackgroundSha256(source))


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_another_activation_in_the_file_stops_the_conversion(nets, tmp_path, ending):
    right = save_keras(nets.keras, tmp_path / f"right{ending}")
    found = convert_file(right, tmp_path / "right.safetensors").verification
    assert found.own_function
    assert (found.converted, found.precision) == ("PyTorch", "float64")
    wrong = save_keras(rebuilt(nets.keras, leaky), tmp_path / f"wrong{ending}")
    with pytest.raises(FileError, match="LeakyReLU"):
        convert_file(wrong, tmp_path / "wrong.safetensors")
    assert not (tmp_path / "wrong.safetensors").exists()


def as_if_read_from(source: Path) -> Side:
    """Our reading of a file."""
    checkpoint, identity = open_checkpoint(source, None, None, HeadChoice.KEEP)
    return Side(checkpoint.arrays, identity.spec, identity.dialect, identity.layers)


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".keras", ".h5", ".onnx"])
def test_a_wrong_reading_of_a_file_does_not_match_the_file(nets, tmp_path, ending):
    """Verification does not rely on the reading: here it is that of another file."""
    right = save_keras(nets.keras, tmp_path / f"right{ending}")
    wrong = save_keras(rebuilt(nets.keras, leaky), tmp_path / f"wrong{ending}")
    side = as_if_read_from(right)
    assert verify_conversion(
        right, side, side, side, None, Trust.DATA, has_custom_head=False
    ).own_function
    with pytest.raises(MismatchError, match="differs from the file's own function"):
        verify_conversion(wrong, side, side, side, None, Trust.DATA, has_custom_head=False)


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".weights.h5", ".onnx"])
def test_the_converted_network_is_built_for_its_target(nets, tmp_path, ending):
    source = save_keras(nets.keras, tmp_path / "source.keras")
    found = convert_file(source, tmp_path / f"target{ending}").verification
    assert found.converted == {".weights.h5": "Keras", ".onnx": "ONNX"}[ending]
    assert found.own_function


@pytest.mark.slow
def test_a_changed_head_is_verified_in_two_steps(nets, tmp_path):
    source = save_keras(rebuilt(nets.keras, softmax), tmp_path / "source.keras")
    found = convert_file(source, tmp_path / "target.safetensors", head=3).verification
    assert found.own_function
    assert "softmax was removed" in found.notes[0]
    assert "before its head was changed" in found.notes[-1]


@pytest.mark.slow
@pytest.mark.skipif(not DATA, reason="RESNET_DUET_DATA names no folder")
def test_a_published_model_of_keras_2_and_its_conversion(tmp_path):
    source = Path(DATA) / "mlcommons" / "pretrainedResnet.h5"
    for ending, converted in ((".safetensors", "PyTorch"), (".weights.h5", "Keras")):
        found = convert_file(source, tmp_path / f"target{ending}").verification
        assert (found.own_function, found.converted) == (True, converted)
        assert found.precision == "float64"
        assert "softmax was removed" in found.notes[0]
    assert resnet_duet.compare(source, tmp_path / "target.safetensors").match
