"""Published counts of parameters and multiply-adds, derived from the plan exactly."""

import pytest

import resnet_spec
from resnet_spec.measure import count, depth, shapes, total

IMAGENET = (224, 224)

TORCHVISION = [
    # name, parameters, running statistics, multiply-adds at 224x224
    ("resnet18", 11_689_512, 9_600, 1_814_073_344),
    ("resnet34", 21_797_672, 17_024, 3_663_761_408),
    ("resnet50", 25_557_032, 53_120, 4_089_184_256),
    ("resnet101", 44_549_160, 105_344, 7_801_405_440),
    ("resnet152", 60_192_808, 151_424, 11_513_626_624),
    ("resnext50_32x4d", 25_028_904, 68_224, 4_230_479_872),
    ("resnext101_32x8d", 88_791_336, 202_880, 16_414_015_488),
    ("resnext101_64x4d", 83_455_272, 202_880, 15_460_270_080),
    ("wide_resnet50_2", 68_883_240, 68_224, 11_398_021_120),
    ("wide_resnet101_2", 126_886_696, 137_856, 22_753_050_624),
]
V1_MACS = [
    ("resnet50_v1", 3_857_973_248),
    ("resnet101_v1", 7_570_194_432),
    ("resnet152_v1", 11_282_415_616),
]
KERAS_TOTALS = [  # with running statistics, as Keras counts them
    ("keras_resnet50", 25_636_712),
    ("keras_resnet101", 44_707_176),
    ("keras_resnet152", 60_419_944),
    ("keras_resnet50v2", 25_613_800),
    ("keras_resnet101v2", 44_675_560),
    ("keras_resnet152v2", 60_380_648),
]
KERAS_EXAMPLE = [  # the output of Keras' CIFAR-10 example, which tests/cross builds too
    ("keras_cifar_resnet20", 273_066, 1_376),
    ("keras_cifar_resnet56", 857_706, 4_064),
    ("keras_cifar_resnet20v2", 570_602, 3_488),
    ("keras_cifar_resnet56v2", 1_663_338, 10_400),
]
PARAMETERS = [
    ("cifar_resnet20", 269_722),
    ("cifar_resnet32", 464_154),
    ("cifar_resnet44", 658_586),
    ("cifar_resnet56", 853_018),
    ("cifar_resnet110", 1_727_962),
    ("cifar_resnet1202", 19_421_274),
    ("resnet50d", 25_576_264),
    ("preresnet50", 25_549_352),
]


def counts(name: str):
    return total(resnet_spec.plan(resnet_spec.get(name)), IMAGENET)


@pytest.mark.parametrize(("name", "parameters", "statistics", "macs"), TORCHVISION)
def test_torchvision_networks_have_their_published_counts(name, parameters, statistics, macs):
    found = counts(name)
    assert (found.parameters, found.statistics, found.macs) == (parameters, statistics, macs)


@pytest.mark.parametrize(("name", "macs"), V1_MACS)
def test_striding_in_the_1x1_saves_multiply_adds_and_no_parameter(name, macs):
    assert counts(name).macs == macs
    assert counts(name).parameters == counts(name.removesuffix("_v1")).parameters


@pytest.mark.parametrize(("name", "total"), KERAS_TOTALS)
def test_keras_applications_totals(name, total):
    assert counts(name).parameters + counts(name).statistics == total


@pytest.mark.parametrize(("name", "parameters", "statistics"), KERAS_EXAMPLE)
def test_keras_cifar_example_has_the_counts_that_it_prints(name, parameters, statistics):
    assert (counts(name).parameters, counts(name).statistics) == (parameters, statistics)


def test_keras_resnet50_has_biases_that_torchvisions_lacks():
    assert counts("keras_resnet50").parameters - counts("resnet50").parameters == 26_560


@pytest.mark.parametrize(("name", "parameters"), PARAMETERS)
def test_other_published_parameter_counts(name, parameters):
    assert counts(name).parameters == parameters


@pytest.mark.parametrize("number", [20, 32, 44, 56, 110, 1202])
def test_option_b_adds_two_projections_to_option_a(number):
    a, b = counts(f"cifar_resnet{number}"), counts(f"cifar_resnet{number}_b")
    assert b.parameters - a.parameters == 2_752


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        ("resnet18", 18),
        ("resnet152", 152),
        ("plain34", 34),
        ("preresnet200", 200),
        ("cifar_resnet110", 110),
        ("keras_cifar_resnet56", 56),
        ("keras_cifar_resnet20v2", 20),
        ("keras_cifar_resnet56v2", 56),
        ("preresnet1001", 1001),
        ("cifar_resnet1202", 1202),
    ],
)
def test_the_number_in_a_name_is_the_depth(name, layers):
    assert depth(resnet_spec.plan(resnet_spec.get(name))) == layers


@pytest.mark.parametrize(
    ("name", "channels", "weights"),
    [("resnet18", 64, 73_728), ("resnet50", 256, 69_632)],
)
def test_a_basic_block_costs_about_what_a_bottleneck_of_four_times_the_channels_does(
    name, channels, weights
):
    plan = resnet_spec.plan(resnet_spec.get(name))
    block = plan.stages[0].blocks[1]
    convs = [layer for layer in block.branch if layer.name.rpartition(".")[2].startswith("conv")]
    assert convs[0].in_channels == channels
    assert count(convs, shapes(plan, IMAGENET)).parameters == weights
