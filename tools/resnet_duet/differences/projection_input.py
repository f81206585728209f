"""What a projection beside a pre-activation reads."""

from collections.abc import Iterator

from resnet_duet.experiments.difference import Difference, Exercise, Group, Mistake, World
from resnet_duet.experiments.nets import at_even_size
from resnet_duet.experiments.use import Use, amended, concerned
from resnet_spec import ProjectionInput

READS = {
    ProjectionInput.BLOCK_INPUT: "the block's input",
    ProjectionInput.PREACTIVATION: "the pre-activation",
    ProjectionInput.PREACTIVATION_IN_FIRST: "the pre-activation in the first block only",
}
MENDS = {
    ProjectionInput.BLOCK_INPUT: "shortcut = self.shortcut(x)",
    ProjectionInput.PREACTIVATION: "shortcut = self.shortcut(F.relu(self.bn1(x)))",
    ProjectionInput.PREACTIVATION_IN_FIRST: "shortcut = self.shortcut(h if first else x)",
}


def mistakes(world: World) -> Iterator[Mistake]:
    if not isinstance(world, Use):
        return
    right, made = world.spec.shortcut.reads, list[Use]()
    for reads in ProjectionInput:
        wrong = amended(world, {"shortcut": {"reads": reads}})
        # Where the first block has no projection, two of the three are one.
        if wrong and all(concerned(other, wrong) for other in made):
            made.append(wrong)
            what = f"projections read {READS[reads]}, not {READS[right]}"
            yield Mistake(what, wrong, MENDS[right])


DIFFERENCE = Difference(
    name="projection_input",
    group=Group.ARCHITECTURE,
    title="a projection beside a pre-activation: it reads what is before it, or behind it",
    about=(
        "In a pre-activation block a norm and a ReLU stand before the first convolution. An"
        " identity shortcut goes past them, or the block would be none of *Identity Mappings*. A"
        " projection may read either side: Facebook's Torch code, keras.applications' V2 and timm"
        " let it read the pre-activation; Keras' CIFAR example does so in the network's first"
        " block only; others read the block's input everywhere. The paper's figures show no"
        " projection. Arrays are the same in all of them. There are but three or four projections"
        " in a network, so that most of its layers are right. With random norms and images it"
        " hides nowhere."
    ),
    torch="h = F.relu(self.bn1(x))\ny = self.branch(h) + self.shortcut(h)",
    keras=(
        'h = layers.Activation("relu")(layers.BatchNormalization()(x))\n'
        "y = layers.Add()([branch(h), shortcut(h)])"
    ),
    wrong="y = layers.Add()([branch(h), shortcut(x)])  # where weights were trained with h",
    wrong_in="keras",
    mistakes=mistakes,
    shown=lambda: at_even_size("preresnet50"),
    hidden=(),
    check=(
        "Compare outputs with random norms on random images, stage by stage: the first block with"
        " a projection is the first to differ. Arrays are the same, and a block of positive inputs"
        " with a norm that does nothing computes the same either way."
    ),
    exercise=Exercise(
        task=(
            "A pre-activation block has one channel, a branch whose last kernel is 0, and a"
            " projection of 3. Its norm has scale 1, offset 0, mean m and variance 1 (and no eps)."
            " Write down the block's output for the inputs -2, 0 and 2 under both readings for m ="
            " 0 and for m = 1. On which inputs would a test with a fresh norm see nothing?"
        ),
        solution="""\
import numpy as np

x = np.array([-2.0, 0.0, 2.0])


def block(x, mean, reads_preactivation):
    h = np.maximum(x - mean, 0.0)
    branch = 0.0 * h
    return branch + 3.0 * (h if reads_preactivation else x)


assert block(x, 0.0, reads_preactivation=False).tolist() == [-6, 0, 6]
assert block(x, 0.0, reads_preactivation=True).tolist() == [0, 0, 6]
assert block(x, 1.0, reads_preactivation=True).tolist() == [0, 0, 3]

# A fresh norm passes on what it gets, and a ReLU passes on what is not negative: a block whose
# input comes from a ReLU hides the mistake as long as its norm is fresh.
positive = np.linspace(0.0, 3.0, 7)
assert np.array_equal(block(positive, 0.0, True), block(positive, 0.0, False))
assert not np.array_equal(block(positive, 1.0, True), block(positive, 1.0, False))
print("a fresh norm hides it on inputs that are not negative; a mean of 1 does not")
""",
    ),
)
