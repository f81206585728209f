"""Single edits that change what a network computes, by kind. Each is a function of its steps.

An edit returns None where a network has nothing to edit. Some edited networks are of the family,
such as v1 for v1.5 in a network with one strided block; most are not.
"""

from collections.abc import Callable
from dataclasses import replace

from resnet_spec.choices import PoolPadding
from resnet_spec.layers import AvgPool, Conv, Dense, GlobalAvgPool, MaxPool, Norm, Relu
from tests.support.corpus_steps import (
    Activated,
    Function,
    GlobalMaxPool,
    Merge,
    StemAveragePool,
    Step,
    Steps,
    consumers,
    inserted,
    of_kind,
    replaced,
    rewired,
)

Edit = Callable[[Steps], Steps | None]


def activation(function: Function, position: int) -> Edit:
    """Another activation for one ReLU."""

    def edit(steps: Steps) -> Steps:
        return replaced(steps, of_kind(steps, Relu)[position], function)

    return edit


def tanh_in_convolution(steps: Steps) -> Steps:
    """An activation inside a convolution, before whatever follows."""
    conv = of_kind(steps, Conv)[1]
    assert isinstance(conv.operation, Conv)
    return replaced(steps, conv, Activated(conv.operation, Function.TANH))


def no_activation(steps: Steps) -> Steps:
    """One ReLU is missing."""
    relu = of_kind(steps, Relu)[1]
    without = tuple(step for step in steps if step is not relu)
    for step in consumers(without, relu.name):
        without = rewired(without, step, relu.name, relu.inputs[0])
    return without


def merge(other: Merge, position: int) -> Edit:
    """Another operation for one addition."""

    def edit(steps: Steps) -> Steps | None:
        merges = of_kind(steps, Merge)
        return replaced(steps, merges[position], other) if merges else None

    return edit


def stem_average(steps: Steps) -> Steps | None:
    """An average pool for the max-pool of the stem."""
    pools = [step for step in of_kind(steps, MaxPool) if step.operation.kernel == 3]
    return replaced(steps, pools[0], StemAveragePool()) if pools else None


def shortcut_maximum(steps: Steps) -> Steps | None:
    """A max-pool for the average pool of a shortcut."""
    pools = [step for step in of_kind(steps, AvgPool) if step.operation.stride == 2]
    if not pools:
        return None
    return replaced(steps, pools[0], MaxPool(pools[0].name, 2, 2, PoolPadding.SAME))


def global_maximum(steps: Steps) -> Steps:
    """A global max-pool for the global average pool."""
    (pool,) = of_kind(steps, GlobalAvgPool)
    return replaced(steps, pool, GlobalMaxPool())


def pool_padding(steps: Steps) -> Steps | None:
    """TensorFlow's padding for PyTorch's in the stem's pool."""
    pools = [step for step in of_kind(steps, MaxPool) if step.operation.kernel == 3]
    if not pools:
        return None
    return replaced(steps, pools[0], replace(pools[0].operation, padding=PoolPadding.SAME))


def stride_earlier(steps: Steps) -> Steps | None:
    """The stride of a bottleneck in its first convolution: v1 for v1.5."""
    return _moved_stride(steps, -1)


def stride_later(steps: Steps) -> Steps | None:
    """The stride of a block in the next convolution of its branch."""
    return _moved_stride(steps, +1)


def _moved_stride(steps: Steps, by: int) -> Steps | None:
    """The stride of a branch's convolution in another convolution of the branch."""
    convolutions = of_kind(steps, Conv)
    for step in convolutions[1:]:
        conv = step.operation
        if conv.stride != 2 or not _in_branch(steps, step):
            continue
        chain = [s for s in convolutions if _in_branch(steps, s)]
        at = chain.index(step) + by
        other = chain[at]
        if not _same_branch(steps, *((other, step) if by < 0 else (step, other))):
            continue
        changed = replaced(steps, step, replace(conv, stride=1))
        return replaced(changed, other, replace(other.operation, stride=2))
    return None


def _in_branch(steps: Steps, step: Step) -> bool:
    """Whether a convolution is one of a branch: it changes no stem and is no projection."""
    following = step
    while following.operation is not Merge.ADD:
        later = consumers(steps, following.name)
        if len(later) != 1:
            return False
        if isinstance(later[0].operation, Conv):
            return True
        following = later[0]
    return step.operation.kernel == 3 or len(_upstream(steps, step)) > 1


def _same_branch(steps: Steps, first: Step, last: Step) -> bool:
    """Whether one convolution follows another one with norms and ReLUs in between."""
    found = _upstream(steps, last)
    return len(found) > 1 and found[1] is first


def _upstream(steps: Steps, step: Step) -> list[Step]:
    """The convolutions that end in this one without a branching in between, last first."""
    by_name = {s.name: s for s in steps}
    found = [step]
    while (before := by_name.get(step.inputs[0])) and len(consumers(steps, before.name)) == 1:
        if not isinstance(before.operation, Conv | Norm | Relu):
            break
        if isinstance(before.operation, Conv):
            found.append(before)
        step = before
    return found


def relu_before_norm(steps: Steps) -> Steps:
    """A norm and the ReLU after it in the other order."""
    for norm in of_kind(steps, Norm)[1:]:
        after = consumers(steps, norm.name)
        if len(after) == 1 and isinstance(after[0].operation, Relu):
            relu = replace(norm, operation=after[0].operation)
            swapped = tuple(relu if s is norm else s for s in steps)
            return replaced(swapped, after[0], norm.operation)
    raise AssertionError("every network has a norm before a ReLU")


def relu_before_addition(steps: Steps) -> Steps | None:
    """A ReLU after the last operation of one branch."""
    merges = of_kind(steps, Merge)
    if not merges:
        return None
    branch = max(merges[0].inputs, key=[step.name for step in steps].index)
    return inserted(steps, next(s for s in steps if s.name == branch), Relu("", False))


def projection_input(steps: Steps) -> Steps | None:
    """A shortcut reads a tensor before or after a norm and a ReLU, instead of the other one."""
    by_name = {step.name: step for step in steps}
    for step in steps[::-1]:
        if step.operation is Merge.ADD:
            for name in step.inputs:
                reader = step
                while len(consumers(steps, name)) == 1 and name in by_name:
                    reader, name = by_name[name], by_name[name].inputs[0]
                if changed := _read_another(steps, reader, name):
                    return changed
    return None


def _read_another(steps: Steps, reader: Step, name: str) -> Steps | None:
    """The steps with a shortcut's first step reading the tensor before a ReLU, or after one."""
    by_name = {step.name: step for step in steps}
    if isinstance(reader.operation, Norm):
        return None  # the first step of a branch
    read = by_name.get(name)
    if read and isinstance(read.operation, Relu):
        return rewired(steps, reader, name, read.inputs[0])
    for norm in consumers(steps, name):
        for relu in consumers(steps, norm.name):
            pair = isinstance(norm.operation, Norm) and isinstance(relu.operation, Relu)
            if pair and steps.index(relu) < steps.index(reader):
                return rewired(steps, reader, name, relu.name)
    return None


def epsilon(position: int) -> Edit:
    """A hundred times the epsilon of one norm, or a hundredth."""

    def edit(steps: Steps) -> Steps:
        norm = of_kind(steps, Norm)[position]
        eps = norm.operation.eps
        other = eps / 100 if eps > 1e-4 else eps * 100
        return replaced(steps, norm, replace(norm.operation, eps=other))

    return edit


def tanh_before_classifier(steps: Steps) -> Steps:
    """Tanh between the pool and the classifier."""
    (pool,) = of_kind(steps, GlobalAvgPool)
    return inserted(steps, pool, Function.TANH)


def tanh_in_classifier(steps: Steps) -> Steps:
    """An activation inside the classifier."""
    (dense,) = of_kind(steps, Dense)
    return replaced(steps, dense, Activated(dense.operation, Function.TANH))


def sigmoid_at_end(steps: Steps) -> Steps:
    """A sigmoid after the classifier."""
    return inserted(steps, steps[-1], Function.SIGMOID)


def second_classifier(steps: Steps) -> Steps:
    """One more dense layer after the classifier."""
    classes = steps[-1].operation.out_features
    return inserted(steps, steps[-1], Dense("", classes, classes))


def doubled_image(steps: Steps) -> Steps:
    """The image twice, added, in front of the network."""
    first = steps[0]
    double = Step(f"{first.name}0", Merge.ADD, first.inputs * 2)
    return (double, rewired(steps, first, first.inputs[0], double.name)[0], *steps[1:])


# {kind: {name: edit}}. A kind has at least one edit for every network, or the next kind is taken.
EDITS: dict[str, dict[str, Edit]] = {
    "activation": {
        "LeakyReLU": activation(Function.LEAKY, 1),
        "ReLU6": activation(Function.RELU6, -1),
        "GELU": activation(Function.GELU, 0),
        "tanh": activation(Function.TANH, 2),
        "tanh in a convolution": tanh_in_convolution,
        "no ReLU": no_activation,
    },
    "merge": {
        "maximum": merge(Merge.MAXIMUM, 0),
        "average": merge(Merge.AVERAGE, -1),
        "subtraction": merge(Merge.SUBTRACT, 1),
        "product": merge(Merge.MULTIPLY, -1),
    },
    "pooling": {
        "global maximum": global_maximum,
        "average in the stem": stem_average,
        "maximum in a shortcut": shortcut_maximum,
        "padding of the stem's pool": pool_padding,
    },
    "stride": {"earlier": stride_earlier, "later": stride_later},
    "order": {
        "ReLU before norm": relu_before_norm,
        "ReLU before addition": relu_before_addition,
    },
    "shortcut input": {"across a ReLU": projection_input},
    "eps": {"of the stem": epsilon(0), "of the second norm": epsilon(1), "last": epsilon(-1)},
    "head": {
        "tanh before the classifier": tanh_before_classifier,
        "tanh in the classifier": tanh_in_classifier,
        "sigmoid": sigmoid_at_end,
        "two dense layers": second_classifier,
    },
    "image": {"doubled": doubled_image},
}
