"""The number that is added to the variance."""

from collections.abc import Iterator

from resnet_duet.experiments.difference import Difference, Group, Hidden, Mistake, World
from resnet_duet.experiments.nets import at_even_size
from resnet_duet.experiments.use import Use, amended, reweighted
from resnet_spec import Role

# PyTorch, Keras, keras.applications, MXNet, and what papers' code has
KNOWN = (1e-5, 1e-3, 1.001e-5, 2e-5, 1e-4, 1e-6)


def mistakes(world: World) -> Iterator[Mistake]:
    if not isinstance(world, Use):
        return
    right = world.spec.norm_eps
    for eps in KNOWN:
        if wrong := amended(world, {"norm_eps": eps}):
            mend = f"BatchNormalization(epsilon={right:g}); BatchNorm2d(eps={right:g})"
            yield Mistake(f"norm_eps is {eps:g}, not {right:g}", wrong, mend)


def huge_variances() -> Use:
    """Running variances of 1e12, beside which any eps is nothing."""

    def huge(slot, array):
        return array * 1e12 if slot.role is Role.VAR else array

    return reweighted(at_even_size("resnet18"), huge)


DIFFERENCE = Difference(
    name="norm_eps",
    group=Group.NORMALISATION,
    title="the eps of a batch norm: 1e-5 in PyTorch, 1e-3 in Keras",
    about=(
        "A batch norm divides by sqrt(variance + eps), so that a channel without variance does no"
        " harm. PyTorch's default eps is 1e-5, Keras' 1e-3; keras.applications sets 1.001e-5, MXNet"
        " had 2e-5. It is no weight, so no checkpoint holds it: a loaded network has the eps of the"
        " code that built it, not of the code that trained it. A wrong one moves every output a"
        " little, by a tenth or so in a ResNet-50 with Keras' default: a ResNet-20 trained for"
        " CIFAR-10 then has 935 of 1,000 images right, and 934 with its own. With 1.001e-5 the"
        " error is less than the rounding of float32, in which nobody will ever find it."
    ),
    torch="nn.BatchNorm2d(64)  # eps=1e-5",
    keras="layers.BatchNormalization(epsilon=1e-5)",
    wrong="layers.BatchNormalization()  # epsilon=1e-3",
    mistakes=mistakes,
    shown=lambda: at_even_size("resnet18"),
    hidden=(Hidden("the variances are so large that eps is lost beside them", huge_variances),),
)
