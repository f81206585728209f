"""What stands between the last block and the classifier of a pre-activation network."""

from collections.abc import Iterator
from dataclasses import replace

from resnet_duet.experiments.difference import Difference, Exercise, Group, Mistake, World
from resnet_duet.experiments.edits import edited
from resnet_duet.experiments.nets import at_even_size
from resnet_duet.experiments.use import Use
from resnet_spec import Plan
from resnet_spec.layers import Norm, Relu


def without_norm_and_relu(plan: Plan) -> Plan:
    """The last sum goes into the mean as it is."""
    match plan.head:
        case (Norm(), Relu(), *rest):
            return replace(plan, head=tuple(rest))
    return plan


def without_relu(plan: Plan) -> Plan:
    """The last norm, or the last sum, goes into the mean as it is."""
    match plan.head:
        case (Norm() as norm, Relu(), *rest):
            return replace(plan, head=(norm, *rest))
        case (Relu(), *rest):
            return replace(plan, head=tuple(rest))
    return plan


EDITS = {
    without_norm_and_relu: "the head has neither norm nor ReLU",
    without_relu: "the head has no ReLU",
}


def mistakes(world: World) -> Iterator[Mistake]:
    if isinstance(world, Use):
        for edit, what in EDITS.items():
            if wrong := edited(world, edit):
                yield Mistake(what, wrong, "x = self.fc(self.avgpool(F.relu(self.norm(x))))")


DIFFERENCE = Difference(
    name="final_norm",
    group=Group.ARCHITECTURE,
    title="the norm and the ReLU behind the last block of a pre-activation network",
    about=(
        "Pre-activation moves the norm and the ReLU from the end of each block to the beginning of"
        " the next, and behind the last block there is no next. So the head has to begin with a"
        " norm and a ReLU of its own, as *Identity Mappings* says in one sentence of its appendix."
        " Several well-known re-implementations forgot it, and they train all the same; their"
        " weights and the others' do not fit each other. If a checkpoint has the norm, a strict"
        " loader complains that the network has not, and a lenient one passes over it. The ReLU has"
        " no arrays, and nobody complains about that. It hides nowhere, since sums have no reason"
        " to be positive."
    ),
    torch="x = self.fc(self.avgpool(F.relu(self.norm(x))))",
    keras=(
        'x = layers.Activation("relu")(layers.BatchNormalization()(x))\n'
        "x = layers.Dense(1000)(layers.GlobalAveragePooling2D()(x))"
    ),
    wrong="x = layers.Dense(1000)(layers.GlobalAveragePooling2D()(x))",
    wrong_in="keras",
    mistakes=mistakes,
    shown=lambda: at_even_size("preresnet18"),
    hidden=(),
    check=(
        "Compare the layers' names and arrays on both sides, and treat whatever a lenient loader"
        " leaves over as an error: that finds the norm. The ReLU has no arrays; only a comparison"
        " of outputs, or of the sign of what goes into the mean, finds it."
    ),
    exercise=Exercise(
        task=(
            "Write three heads in PyTorch as `nn.Sequential` of an `OrderedDict` with the names"
            " norm, relu, pool, flatten and fc: the whole one, one without the ReLU, and one"
            " without norm and ReLU. Load the whole one's `state_dict` into the other two with"
            " `strict=False`. Predict what is left over each time, and in which case no loader can"
            " help."
        ),
        solution="""\
from collections import OrderedDict

import numpy as np
import torch
from torch import nn


def head(*left_out):
    layers = OrderedDict(
        norm=nn.BatchNorm2d(4),
        relu=nn.ReLU(),
        pool=nn.AdaptiveAvgPool2d(1),
        flatten=nn.Flatten(),
        fc=nn.Linear(4, 2),
    )
    kept = ((name, layer) for name, layer in layers.items() if name not in left_out)
    return nn.Sequential(OrderedDict(kept)).double().eval()


x = torch.from_numpy(np.random.default_rng(0).standard_normal((2, 4, 3, 3)))
whole = head()
for left_out in (("norm", "relu"), ("relu",)):
    other = head(*left_out)
    over = other.load_state_dict(whole.state_dict(), strict=False).unexpected_keys
    assert not torch.allclose(other(x), whole(x))
    print(f"without {left_out}:", over)
    # To be lenient honestly: raise if anything is left over. A ReLU leaves nothing over.
    assert len(over) == (5 if "norm" in left_out else 0)
""",
    ),
)
