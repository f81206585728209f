"""ResNet-50: build time and forward throughput, ours against torchvision, Keras, KerasHub.

    python -m benchmarks.network [--rounds N]

A ratio above 1 means that ours is faster. Both of a pair run in turn in this process.
"""

import argparse
import os
import platform
import sys
import types
from collections.abc import Iterator
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import numpy as np

import resnet_spec
from benchmarks.pairs import Pair, paired, table

BATCH, SIZE = 8, 224


def torch_pairs(rounds: int) -> Iterator[Pair]:
    """Against torchvision: eager, channels_last, compiled."""
    # torchvision's models work even if its operators do not match this version of torch.
    sys.modules.setdefault(
        "torchvision._meta_registrations", types.ModuleType("torchvision._meta_registrations")
    )
    import torch
    from torchvision.models import resnet50

    import resnet_torch

    yield paired(
        "build, against torchvision", lambda: resnet_torch.build("resnet50"), resnet50, rounds
    )
    ours, theirs = resnet_torch.build("resnet50").eval(), resnet50().eval()
    ours.load_state_dict(theirs.state_dict())
    images = torch.rand(BATCH, 3, SIZE, SIZE)

    def forward(net: torch.nn.Module, batch: torch.Tensor):
        def work() -> None:
            with torch.inference_mode():
                net(batch)

        return work

    yield paired(
        "eager, against torchvision", forward(ours, images), forward(theirs, images), rounds
    )
    last = images.contiguous(memory_format=torch.channels_last)
    ours, theirs = (net.to(memory_format=torch.channels_last) for net in (ours, theirs))
    yield paired(
        "channels_last, against torchvision", forward(ours, last), forward(theirs, last), rounds
    )
    ours, theirs = torch.compile(ours), torch.compile(theirs)
    yield paired(
        "torch.compile, against torchvision", forward(ours, last), forward(theirs, last), rounds
    )


def keras_pairs(rounds: int) -> Iterator[Pair]:
    """Against keras.applications and, where it is installed, KerasHub: predict, tf.function."""
    import keras

    import resnet_tf

    def applications() -> keras.Model:
        return keras.applications.ResNet50(weights=None, classifier_activation=None)

    def ours() -> keras.Model:
        return resnet_tf.build("keras_resnet50")

    yield paired("build, against keras.applications", ours, applications, rounds)
    yield from keras_forward("keras.applications", ours(), applications(), rounds)
    try:
        import keras_hub
    except ImportError:
        return

    def hub() -> keras.Model:
        return keras_hub.models.ResNetBackbone(
            input_conv_filters=[64],
            input_conv_kernel_sizes=[7],
            stackwise_num_filters=[64, 128, 256, 512],
            stackwise_num_blocks=[3, 4, 6, 3],
            stackwise_num_strides=[1, 2, 2, 2],
            block_type="bottleneck_block",
            image_shape=(SIZE, SIZE, 3),
        )

    def headless() -> keras.Model:
        return resnet_tf.build(resnet_spec.get("resnet50", num_classes=None))

    yield paired("build, against KerasHub's backbone", headless, hub, rounds)
    yield from keras_forward("KerasHub's backbone", headless(), hub(), rounds)


def keras_forward(name: str, ours: Any, theirs: Any, rounds: int) -> Iterator[Pair]:
    """Both models by `predict` and as a compiled function."""
    import tensorflow as tf

    images = np.random.default_rng(0).random((BATCH, SIZE, SIZE, 3), np.float32)
    yield paired(
        f"predict, against {name}",
        lambda: ours.predict(images, batch_size=BATCH, verbose=0),
        lambda: theirs.predict(images, batch_size=BATCH, verbose=0),
        rounds,
    )
    batch = tf.constant(images)
    functions = [tf.function(lambda x, net=net: net(x, training=False)) for net in (ours, theirs)]
    yield paired(
        f"tf.function, against {name}",
        lambda: functions[0](batch),
        lambda: functions[1](batch),
        rounds,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", choices=["torch", "keras"])
    arguments = parser.parse_args()
    print(f"ResNet-50, batch {BATCH}, {SIZE}x{SIZE}, float32, {os.cpu_count()} cores,")
    print(f"{platform.machine()}, Python {platform.python_version()}, {arguments.rounds} rounds\n")
    pairs: list[Pair] = []
    if arguments.only != "keras":
        pairs += torch_pairs(arguments.rounds)
    if arguments.only != "torch":
        pairs += keras_pairs(arguments.rounds)
    print(table(pairs, BATCH))


if __name__ == "__main__":
    main()
