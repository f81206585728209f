"""A network that computes in float32 where float64 is meant."""

from collections.abc import Iterator

from resnet_duet.experiments.difference import Difference, Group, Hidden, Mistake, World
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
        " and number of threads has an order of its own. So two correct networks in float32 differ"
        " by 1e-6 in a ResNet-18 and by 1e-5 in a ResNet-50, and a wrong eps of 1.001e-5 by less"
        " than that: in float32 nobody can say whether two networks are the same function. In"
        " float64 everybody can, as the noise is 1e-14. It has to be asked for, and Keras makes it"
        " easy to ask in vain: set_floatx changes neither the layers that exist nor, once the first"
        " of them has asked for it, the dtype policy of those to come. It is no mistake to use"
        " float32, but it is one to compare in it."
    ),
    torch="net = net.double()",
    keras='layer = layers.Conv2D(64, 3, dtype="float64")\nassert layer.compute_dtype == "float64"',
    wrong='keras.config.set_floatx("float64")  # after the model was built',
    mistakes=mistakes,
    shown=lambda: at_even_size("resnet18"),
    hidden=(Hidden("only the class is asked for", lambda: asked_for_the_class("resnet18")),),
)
