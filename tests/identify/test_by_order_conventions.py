"""Files that are placed by order get the conventions of the code that has such names."""

import pytest

import resnet_spec
from resnet_duet.identify.by_order.conventions import KERAS_DEFAULTS, conventions_of
from resnet_duet.identify.by_order.match import by_order
from resnet_spec import Padding
from support.dialects import shapes_of
from support.networks import thin

BLOCKS = {  # {naming: the name of a block}
    "unit_1": lambda stage, block: f"block{stage}/unit_{block + 1}",
    "checkpoint": lambda stage, block: f"block{stage}/layer_with_weights-{block}",
    "checkpoint of a functional model": lambda stage, block: (
        f"layer_with_weights-{stage + 1}/layer_with_weights-{block}"
    ),
    "counted": lambda stage, block: (
        f"sequential{f'_{stage - 1}' if stage > 1 else ''}/block{f'_{block}' if block else ''}"
    ),
    "of HDF5": lambda stage, block: f"block{stage}/net/block{stage}/unit_{block + 1}",
    "after other names": lambda stage, block: f"net/block{stage}/unit_{block + 1}",
}


def shapes(block_name, shortcut="shortcut", dialect="keras"):
    """{array name: shape} of a network whose blocks have these names."""
    found = {}
    for name, shape in shapes_of(thin(resnet_spec.get("resnet50")), dialect).items():
        stage, _, rest = name.partition(".")
        if stage.startswith("layer"):
            block, _, layer = rest.partition(".")
            layer = layer.replace("downsample.", f"{shortcut}/")
            name = f"{block_name(int(stage.removeprefix('layer')), int(block))}/{layer}"
        found[name] = shape
    return found


def found(names):
    return conventions_of(by_order(names, None))


@pytest.mark.parametrize("naming", BLOCKS)
def test_the_names_of_the_tutorial_have_its_conventions(naming):
    conventions = found(shapes(BLOCKS[naming]))
    assert conventions.code.startswith("Keras code with names like ")
    assert conventions.choices["shortcut.norm_eps"] == 1.001e-5


@pytest.mark.parametrize(
    "names",
    [
        shapes(lambda stage, block: f"block{stage}/part_{block + 1}"),
        shapes(lambda stage, block: f"block{stage + 1}/unit_{block + 1}"),
        shapes(lambda stage, block: f"block{stage}/unit_{block}"),
        shapes(BLOCKS["checkpoint"], shortcut="projection"),
        shapes(BLOCKS["counted"], shortcut="projection"),
    ],
    ids=["another word", "stages from 2", "units from 0", "another shortcut", "no shortcut"],
)
def test_other_names_in_keras_layout_have_the_defaults_of_keras(names):
    assert found(names) == KERAS_DEFAULTS
    assert KERAS_DEFAULTS.choices["padding"] is Padding.SAME


def test_pytorchs_layout_has_no_conventions_of_its_own():
    names = shapes(lambda stage, block: f"stage{stage}.{block}", dialect="torchvision")
    assert found({name.replace("/", "."): shape for name, shape in names.items()}) is None
