"""Training steps in PyTorch, by its own optimizer and loss. Beside it: train_keras.py.

What a recipe asks for and PyTorch has, its own code does; what only Keras has is put right by hand,
and that is what the comments are about.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from resnet_duet.experiments.recipe import Decay, Recipe, Reduction, Variance, Velocity

if TYPE_CHECKING:
    import torch

EPSILON = 1e-7  # keras.config.epsilon(): no probability is smaller in Keras' losses


def train(
    net: "torch.nn.Module",
    images: np.ndarray,
    labels: np.ndarray,
    recipe: Recipe,
    counts: Mapping[str, int],
    after_step: Callable[[], None],
) -> None:
    """Train a network of `resnet_torch.build` in place.

    Args:
        net: the network, weights as they are.
        images: (N, C, H, W), the batch of every step.
        labels: (N,) int64.
        recipe: how.
        counts: {name of a norm: how many numbers of the batch each of its channels has}.
        after_step: is called after every step.
    """
    import torch

    x, y = torch.from_numpy(images).to(next(net.parameters())), torch.from_numpy(labels)
    optimizer = sgd(net, recipe)
    for rate in recipe.rates:
        before = variances(net, counts)
        # PyTorch adds to the gradients that are there; a tape of TensorFlow's begins with none.
        optimizer.zero_grad()
        loss(net.train()(x), y, recipe).backward()
        set_rate(optimizer, rate, recipe)
        decay_by_hand(net, rate, recipe)
        optimizer.step()
        correct_variances(net, before, counts, recipe)
        after_step()


def sgd(net: "torch.nn.Module", recipe: Recipe) -> "torch.optim.SGD":
    """The optimizer, with the coupled decay that is PyTorch's."""
    import torch

    return torch.optim.SGD(
        net.parameters(),
        recipe.rates[0],
        recipe.momentum,
        # PyTorch refuses Nesterov's momentum without momentum; Keras ignores it.
        nesterov=recipe.nesterov and recipe.momentum > 0,
        weight_decay=recipe.weight_decay if recipe.decay is Decay.COUPLED else 0.0,
    )


def loss(outputs: "torch.Tensor", labels: "torch.Tensor", recipe: Recipe) -> "torch.Tensor":
    """() of the network's outputs (N, K) and labels (N,)."""
    from torch.nn import functional as F

    scores = outputs.softmax(dim=1) if recipe.softmax else outputs
    if not recipe.from_logits:
        # cross_entropy takes logits and nothing else; the logarithms of probabilities are logits.
        scores = scores.clamp(EPSILON, 1 - EPSILON).log()
    # PyTorch's mean of weighted losses is by the sum of the weights; it has none by the batch.
    value = F.cross_entropy(
        scores,
        labels,
        weight=outputs.new_tensor(recipe.class_weights),
        reduction="mean" if recipe.reduction is Reduction.BY_WEIGHTS else "sum",
        label_smoothing=recipe.label_smoothing,
    )
    return value / len(labels) if recipe.reduction is Reduction.BY_BATCH else value


def set_rate(optimizer: "torch.optim.SGD", rate: float, recipe: Recipe) -> None:
    """Let the next step have this learning rate."""
    (group,) = optimizer.param_groups
    # PyTorch's velocity is made of gradients, so that a new rate is a new rate for old ones too.
    # Keras' is made of steps, taken at the rates of their time, which a new rate does not change:
    # that is, of gradients in the inverse ratio of the rates.
    if recipe.velocity is Velocity.STEPS and recipe.momentum > 0:
        for state in optimizer.state.values():
            state["momentum_buffer"] *= group["lr"] / rate
    group["lr"] = rate


def decay_by_hand(net: "torch.nn.Module", rate: float, recipe: Recipe) -> None:
    """The decay that is not the optimizer's own: decoupled."""
    import torch

    # PyTorch's SGD has none: AdamW has. It is a step of its own, which no momentum remembers.
    if recipe.decay is Decay.DECOUPLED:
        with torch.no_grad():
            for parameter in net.parameters():
                parameter.mul_(1 - rate * recipe.weight_decay)


def variances(net: "torch.nn.Module", counts: Mapping[str, int]) -> dict[str, "torch.Tensor"]:
    """{name of a norm: a copy of its running variance (C,)}."""
    return {name: net.get_buffer(f"{name}.running_var").clone() for name in counts}


def correct_variances(
    net: "torch.nn.Module",
    before: Mapping[str, "torch.Tensor"],
    counts: Mapping[str, int],
    recipe: Recipe,
) -> None:
    """The running variances that are not PyTorch's own: biased."""
    if recipe.variance is Variance.UNBIASED:
        return
    for name, n in counts.items():
        norm: Any = net.get_submodule(name)
        # PyTorch normalises by the biased variance and keeps the unbiased one; Keras has but one.
        kept = (1 - norm.momentum) * before[name]
        norm.running_var.copy_(kept + (norm.running_var - kept) * (n - 1) / n)
