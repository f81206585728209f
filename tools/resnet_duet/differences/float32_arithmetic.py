"""A network that computes in float32 where float64 is meant."""

from collections.abc import Iterator

from resnet_duet.experiments.difference import Difference, Exercise, Group, Hidden, Mistake, World
from resnet_duet.experiments.nets import asked_for_the_class, at_even_size
from resnet_duet.experiments.use import Use


def mistakes(world: World) -> Iterator[Mistake]:
    if isinstance(world, Use) and world.dtype == "float64":
        mend = 'net.double(); Conv2D(64, 3, dtype="float64"), and so for every layer'
        yield Mistake("the network computes in float32", world.rounded(), mend)


DIFFERENCE = Difference(
    name="float32_arithmetic",
    group=Group.NUMERICS,
    title="float32 is the default of both, and two of them never agree",
    about=(
        "Sums of hundreds of rounded numbers depend on their order, and every library, processor"
        " and number of threads has an order of its own. So two correct networks in float32 differ,"
        " a deep one more than a shallow one, and a wrong eps of 1.001e-5 makes less of a"
        " difference than that: in float32 nobody can say whether two networks are the same"
        " function. In float64 everybody can, as noise begins nine digits further down. It has to"
        " be asked for, and Keras makes it easy to ask in vain: set_floatx changes neither the"
        " layers that exist nor, once the first of them has asked for it, the dtype policy of those"
        " to come. It is no mistake to use float32, but it is one to compare in it."
    ),
    torch="net = net.double()",
    keras='layer = layers.Conv2D(64, 3, dtype="float64")\nassert layer.compute_dtype == "float64"',
    wrong='keras.config.set_floatx("float64")  # after the model was built',
    wrong_in="keras",
    mistakes=mistakes,
    shown=lambda: at_even_size("resnet18"),
    hidden=(Hidden("only the class is asked for", lambda: asked_for_the_class("resnet18")),),
    check=(
        "Compare in float64, and ask the output's dtype and each layer's `compute_dtype` whether"
        " it was. If a comparison has to be in float32, hold the difference of the two against what"
        " each differs from its own float64. The class of the largest output says nothing."
    ),
    exercise=Exercise(
        task=(
            "Keras' eps of 1.001e-5 is meant and 1e-5 is given. For running variances of 1, 0.01"
            " and 0.0001, predict where `variance + eps` is the very same float32 number with both,"
            " and check it. Then add up 10,000 random numbers forwards and backwards by"
            " `np.cumsum`, in float32 and in float64, and compare the two differences with what the"
            " wrong eps does to a norm of variance 1."
        ),
        solution="""\
import numpy as np

single = np.float32
same = {}
for variance in (1.0, 0.01, 0.0001):
    sums = [single(variance) + single(eps) for eps in (1e-5, 1.001e-5)]
    same[variance] = bool(sums[0] == sums[1])
# Numbers of float32 lie 2 ** -23 apart behind 1, which is more than 1e-8.
assert same == {1.0: True, 0.01: False, 0.0001: False}

numbers = np.random.default_rng(0).uniform(size=10_000)


def by_order(dtype):
    x = numbers.astype(dtype)
    there, back = np.cumsum(x)[-1], np.cumsum(x[::-1])[-1]
    return abs(float(there - back)) / float(there)


wrong_eps = np.sqrt((1 + 1.001e-5) / (1 + 1e-5)) - 1
assert by_order(np.float64) < wrong_eps < by_order(np.float32)
print("order in float64:", by_order(np.float64), " in float32:", by_order(np.float32))
print("wrong eps:", wrong_eps)
""",
    ),
)
