"""Training steps in PyTorch, by its own optimizer and loss. train_keras.py corresponds.

Settings that PyTorch has are passed to its own code. Those that only Keras has are computed here,
and the comments explain the difference.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from resnet_duet.scenarios.optimizer_settings import (
    Decay,
    OptimizerSettings,
    Reduction,
    Variance,
    Velocity,
)

if TYPE_CHECKING:
    import torch

EPSILON = 1e-7  # keras.config.epsilon(): no probability is smaller in Keras' losses


def train(
    net: "torch.nn.Module",
    images: np.ndarray,
    labels: np.ndarray,
    settings: OptimizerSettings,
    counts: Mapping[str, int],
    after_step: Callable[[], None],
) -> None:
    """Train a network of `resnet_torch.build` in place.

    Args:
        net: the network with its initial weights.
        images: (N, C, H, W), the batch of every step.
        labels: (N,) int64.
        settings: of the optimizer and the loss.
        counts: {name of a norm: values per channel in a batch}.
        after_step: called after every step.
    """
    import torch

    x, y = torch.from_numpy(images).to(next(net.parameters())), torch.from_numpy(labels)
    optimizer = sgd(net, settings)
    for rate in settings.rates:
        before = variances(net, counts)
        # PyTorch adds to existing gradients; a TensorFlow tape starts from zero.
        optimizer.zero_grad()
        loss(net.train()(x), y, settings).backward()
        set_rate(optimizer, rate, settings)
        decay_by_hand(net, rate, settings)
        optimizer.step()
        correct_variances(net, before, counts, settings)
        after_step()


def sgd(net: "torch.nn.Module", settings: OptimizerSettings) -> "torch.optim.SGD":
    """The optimizer, with PyTorch's coupled weight decay."""
    import torch

    return torch.optim.SGD(
        net.parameters(),
        settings.rates[0],
        settings.momentum,
        # PyTorch refuses Nesterov momentum with momentum 0; Keras ignores it.
        nesterov=settings.nesterov and settings.momentum > 0,
        weight_decay=settings.weight_decay if settings.decay is Decay.COUPLED else 0.0,
    )


def loss(
    outputs: "torch.Tensor", labels: "torch.Tensor", settings: OptimizerSettings
) -> "torch.Tensor":
    """The loss, a scalar, of outputs (N, K) and labels (N,)."""
    from torch.nn import functional as F

    scores = outputs.softmax(dim=1) if settings.softmax else outputs
    if not settings.from_logits:
        # cross_entropy takes only logits; the logarithms of probabilities are logits.
        scores = scores.clamp(EPSILON, 1 - EPSILON).log()
    # PyTorch's mean of weighted losses divides by the sum of the weights, never by the batch size.
    value = F.cross_entropy(
        scores,
        labels,
        weight=outputs.new_tensor(settings.class_weights),
        reduction="mean" if settings.reduction is Reduction.BY_WEIGHTS else "sum",
        label_smoothing=settings.label_smoothing,
    )
    return value / len(labels) if settings.reduction is Reduction.BY_BATCH else value


def set_rate(optimizer: "torch.optim.SGD", rate: float, settings: OptimizerSettings) -> None:
    """Set the learning rate of the next step."""
    (group,) = optimizer.param_groups
    # PyTorch's velocity is a sum of gradients, so a new rate also applies to past gradients. Keras'
    # is a sum of steps, each with the rate of its time, which a new rate does not change. In terms
    # of gradients, Keras' velocity is scaled by old rate / new rate.
    if settings.velocity is Velocity.STEPS and settings.momentum > 0:
        for state in optimizer.state.values():
            state["momentum_buffer"] *= group["lr"] / rate
    group["lr"] = rate


def decay_by_hand(net: "torch.nn.Module", rate: float, settings: OptimizerSettings) -> None:
    """Decoupled weight decay, which PyTorch's SGD does not have."""
    import torch

    # As in AdamW: a separate step that does not enter the momentum.
    if settings.decay is Decay.DECOUPLED:
        with torch.no_grad():
            for parameter in net.parameters():
                parameter.mul_(1 - rate * settings.weight_decay)


def variances(net: "torch.nn.Module", counts: Mapping[str, int]) -> dict[str, "torch.Tensor"]:
    """{name of a norm: a copy of its running variance (C,)}."""
    return {name: net.get_buffer(f"{name}.running_var").clone() for name in counts}


def correct_variances(
    net: "torch.nn.Module",
    before: Mapping[str, "torch.Tensor"],
    counts: Mapping[str, int],
    settings: OptimizerSettings,
) -> None:
    """Keep biased running variances, as Keras does."""
    if settings.variance is Variance.UNBIASED:
        return
    for name, n in counts.items():
        norm: Any = net.get_submodule(name)
        # PyTorch normalises by the biased variance and keeps the unbiased one; Keras 3 keeps the
        # biased one.
        kept = (1 - norm.momentum) * before[name]
        norm.running_var.copy_(kept + (norm.running_var - kept) * (n - 1) / n)
