"""Files of a tutorial's Keras network go in without a flag, in every format that Keras writes."""

import keras
import pytest
import tf_keras

import resnet_duet
from resnet_duet import UndeterminedChoicesWarning
from resnet_spec import Padding, StemPool
from support.tutorial_checks import assert_agrees_in_float32, assert_commands_accept
from support.tutorial_keras import PROJECTION_EPS, Sizes, functional, published, subclassed

pytestmark = pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5:UserWarning")
THIN = 8  # channels of the stem
WEIGHTS = {
    "Keras 3 weights": (keras, "net.weights.h5"),
    "tf_keras weights in Keras 3's format": (tf_keras, "net.weights.h5"),
    "tf_keras weights in HDF5": (tf_keras, "net.h5"),
    "TensorFlow checkpoint": (tf_keras, "net"),
    "index of a TensorFlow checkpoint": (tf_keras, "net.index"),
}
WHOLE = {
    "SavedModel": (tf_keras, "saved"),
    ".keras of Keras 3": (keras, "whole.keras"),
    ".keras of tf_keras": (tf_keras, "whole.keras"),
    ".h5 of Keras 3": (keras, "whole.h5"),
    ".h5 of tf_keras": (tf_keras, "whole.h5"),
}
FORMS = WEIGHTS | WHOLE
FUNCTIONAL_ALONE = (".h5 of tf_keras",)  # tf_keras cannot write subclassed models as HDF5
STYLES = {"subclassed": subclassed, "functional": functional}
SMALL = {
    "basic": Sizes(False),
    "bottleneck": Sizes(True),
    "no classifier": Sizes(True, classes=None),
}


def can_write(form, style):
    """Whether the library writes such models in this form."""
    return style == "functional" or form not in FUNCTIONAL_ALONE


def saved(form, style, sizes, folder):
    """(the model, the path of its file)."""
    library, name = FORMS[form]
    model = STYLES[style](library, sizes)
    if form in WHOLE:
        model.save(folder / name)
    else:
        model.save_weights(folder / name.removesuffix(".index"))
    return model, folder / name


def assert_agrees(path, model):
    """Also in the choices that weights in float32 do not show."""
    spec = assert_agrees_in_float32(path, model)
    assert (spec.padding, spec.stem.pool) == (Padding.SAME, StemPool.SAME)
    assert (spec.norm_eps, spec.shortcut.norm_eps) == (1e-5, PROJECTION_EPS)


@pytest.mark.slow
def test_load_agrees_with_the_model(tmp_path):
    model, path = saved("Keras 3 weights", "subclassed", SMALL["basic"], tmp_path)
    assert_agrees(path, model)


@pytest.mark.slow
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("form", WEIGHTS)
@pytest.mark.parametrize("size", SMALL)
def test_weights_agree_with_the_model(size, form, style, tmp_path):
    model, path = saved(form, style, SMALL[size], tmp_path)
    assert_agrees(path, model)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("form", "style"),
    [(form, style) for form in WHOLE for style in STYLES if can_write(form, style)],
)
@pytest.mark.parametrize("size", SMALL)
def test_whole_models_agree_with_themselves(size, form, style, tmp_path):
    model, path = saved(form, style, SMALL[size], tmp_path)
    assert_agrees(path, model)


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_every_command_accepts_the_file(form, tmp_path):
    style = "subclassed" if can_write(form, "subclassed") else "functional"
    _, path = saved(form, style, SMALL["bottleneck"], tmp_path)
    assert_commands_accept(path, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("form", [".keras of Keras 3", ".h5 of tf_keras"])
def test_every_command_accepts_a_model_with_layers_of_the_users(form, tmp_path):
    _, path = saved(form, "functional", SMALL["basic"], tmp_path)
    assert_commands_accept(path, tmp_path)


def test_load_names_the_code_whose_conventions_it_assumes(tmp_path):
    _, path = saved("Keras 3 weights", "subclassed", SMALL["basic"], tmp_path)
    with pytest.warns(
        UndeterminedChoicesWarning,
        match=r"assumed as in Keras code with names like block1/unit_1: .*padding=same",
    ):
        resnet_duet.load(path, into="torch")


@pytest.mark.long
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("form", WEIGHTS)
@pytest.mark.parametrize("depth", [34, 50, 101])
def test_every_depth_is_accepted(depth, form, style, tmp_path):
    model, path = saved(form, style, published(depth, THIN), tmp_path)
    assert_commands_accept(path, tmp_path)
    assert_agrees(path, model)


@pytest.mark.long
@pytest.mark.parametrize("form", FORMS)
def test_published_sizes_are_accepted(form, tmp_path):
    style = "subclassed" if can_write(form, "subclassed") else "functional"
    model, path = saved(form, style, published(50), tmp_path)
    assert_commands_accept(path, tmp_path)
    assert_agrees(path, model)
