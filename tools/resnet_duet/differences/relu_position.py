"""The ReLU before the addition, or behind it."""

from collections.abc import Iterator

from resnet_duet.experiments.difference import Difference, Exercise, Group, Mistake, World
from resnet_duet.experiments.nets import at_even_size
from resnet_duet.experiments.use import Use, amended
from resnet_spec import Ordering

BLOCK = {
    Ordering.ORIGINAL: "norm, addition, ReLU",
    Ordering.NORM_AFTER_ADDITION: "addition, norm, ReLU",
    Ordering.RELU_BEFORE_ADDITION: "norm, ReLU, addition",
    Ordering.RELU_PREACTIVATION: "norm, addition, and begin with a ReLU",
    Ordering.FULL_PREACTIVATION: "addition, and begin with norm and ReLU",
}
MENDS = {
    Ordering.ORIGINAL: "y = relu(bn2(conv2(y)) + x)",
    Ordering.NORM_AFTER_ADDITION: "y = relu(bn2(conv2(y) + x))",
    Ordering.RELU_BEFORE_ADDITION: "y = relu(bn2(conv2(y))) + x",
    Ordering.RELU_PREACTIVATION: "y = bn2(conv2(relu(bn1(conv1(relu(x)))))) + x",
    Ordering.FULL_PREACTIVATION: "y = conv2(relu(bn2(conv1(relu(bn1(x)))))) + x",
}


def mistakes(world: World) -> Iterator[Mistake]:
    if not isinstance(world, Use):
        return
    right = world.spec.ordering
    for ordering in Ordering:
        if wrong := amended(world, {"ordering": ordering}):
            yield Mistake(
                f"blocks end in {BLOCK[ordering]}, not in {BLOCK[right]}", wrong, MENDS[right]
            )


DIFFERENCE = Difference(
    name="relu_position",
    group=Group.ARCHITECTURE,
    title="the last ReLU of a block: behind the addition, before it, or before the next block",
    about=(
        "*Identity Mappings*, figure 4, compares five orders of norm, ReLU and addition. A ReLU has"
        " no arrays, so that several of them fit the same checkpoint. The original block adds and"
        " then rectifies. Layers that bring their own activation, such as Keras'"
        ' Conv2D(activation="relu") or a helper "conv, norm, ReLU" called once too often, rectify'
        " the branch before the addition; then the branch can only add, never take away, and sums"
        " grow from block to block. Leaving the last ReLU to the next block, which then hands the"
        " sum on unrectified, is a third function. All three train well, each with weights of its"
        " own, and it hides nowhere."
    ),
    torch="y = F.relu(self.bn2(self.conv2(y)) + x)",
    keras='y = layers.Activation("relu")(layers.Add()([y, x]))',
    wrong='y = layers.Add()([layers.Activation("relu")(y), x])',
    wrong_in="keras",
    mistakes=mistakes,
    shown=lambda: at_even_size("resnet18"),
    hidden=(),
    check=(
        "Compare outputs on random images, block by block, or look at the sign of what a block"
        " hands on: a sum that was rectified has no negative number. Arrays, names and shapes are"
        " the same, and all of these networks train."
    ),
    exercise=Exercise(
        task=(
            "Let n blocks each add a standard normal number b to x, from x = 0: as `x + b`, as"
            " `relu(x + b)`, and as `x + relu(b)`. Predict for each how the mean of x grows with n"
            " (not at all, with the root of n, or with n), then measure it behind 100 and 400"
            " blocks on 10,000 channels. The mean of relu(b) is 1 / sqrt(2 pi)."
        ),
        solution="""\
import numpy as np

rng = np.random.default_rng(0)
blocks = 400
rules = {
    "x + b": lambda x, b: x + b,
    "relu(x + b)": lambda x, b: np.maximum(x + b, 0.0),
    "x + relu(b)": lambda x, b: x + np.maximum(b, 0.0),
}
found = {}
for name, rule in rules.items():
    x, means = np.zeros(10_000), []
    for _ in range(blocks):
        x = rule(x, rng.standard_normal(x.shape))
        means.append(float(x.mean()))
    found[name] = means[99], means[399]  # of 100 blocks, and of four times as many

assert abs(found["x + b"][1]) < 1.0  # branches take away as often as they add
small, large = found["relu(x + b)"]
assert 1.8 < large / small < 2.2  # the root of 4
small, large = found["x + relu(b)"]
assert 3.9 < large / small < 4.1  # the branch can only add
np.testing.assert_allclose(large, blocks / np.sqrt(2 * np.pi), rtol=0.01)
print(found)
""",
    ),
)
