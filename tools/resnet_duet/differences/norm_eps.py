"""The number that is added to the variance."""

from collections.abc import Iterator

from resnet_duet.experiments.difference import Difference, Exercise, Group, Hidden, Mistake, World
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
        " little, and may leave nearly every image its class. With 1.001e-5 the error is less than"
        " the rounding of float32, in which nobody will ever find it."
    ),
    torch="nn.BatchNorm2d(64)  # eps=1e-5",
    keras="layers.BatchNormalization(epsilon=1e-5)",
    wrong="layers.BatchNormalization()  # epsilon=1e-3",
    wrong_in="keras",
    mistakes=mistakes,
    shown=lambda: at_even_size("resnet18"),
    hidden=(Hidden("the variances are so large that eps is lost beside them", huge_variances),),
    check=(
        "Compare outputs in float64 with running variances that are small, say between 0.1 and 1,"
        " and read `eps` and `epsilon` of both networks: it is in no checkpoint. Top-1 accuracy"
        " says nothing, a comparison in float32 cannot see 1.001e-5 for 1e-5, and large variances"
        " hide any eps."
    ),
    exercise=Exercise(
        task=(
            "With an eps of 1e-3 in place of 1e-5 a channel with running variance v comes out too"
            " small by the factor sqrt((v + 1e-5) / (v + 1e-3)). Work out below which v the error"
            " is more than one percent of the output, and confirm it with two Keras norms on either"
            " side of that v. What is the factor of a channel whose variance is 0?"
        ),
        solution="""\
import numpy as np
from keras import layers


def output(variance, eps):
    norm = layers.BatchNormalization(epsilon=eps, dtype="float64")
    norm.build((None, 1))
    norm.set_weights([np.ones(1), np.zeros(1), np.zeros(1), np.array([variance])])
    return float(norm(np.ones((1, 1)), training=False)[0, 0])


def error(variance):
    return 1 - output(variance, 1e-3) / output(variance, 1e-5)


# (v + 1e-5) / (v + 1e-3) == 0.99 ** 2, solved for v
share = 0.99**2
limit = (share * 1e-3 - 1e-5) / (1 - share)
assert error(0.9 * limit) > 0.01 > error(1.1 * limit)
# Without variance only the eps is left: a factor of ten, for a channel that has nothing to say.
np.testing.assert_allclose(output(0.0, 1e-3) / output(0.0, 1e-5), 0.1, rtol=1e-6)
print("more than one percent where the variance is below", limit)
""",
    ),
)
