"""TF-slim itself, in TensorFlow 1's way: a graph, a session, and variables found by their names."""

import numpy as np
import pytest
import tensorflow as tf

import resnet_spec
from resnet_duet.weights.dialects import dialect

v1 = tf.compat.v1
pytestmark = pytest.mark.filterwarnings("ignore:`layer.apply` is deprecated:UserWarning")

SMALL = {"depths": (1, 2, 3), "widths": (16, 24, 32), "num_classes": 7}


def default_spec(name, **choices):
    return dialect("tf_slim").default_spec(resnet_spec.get(name, **choices))


V2 = {"bias": "without_norm"}
NETWORKS = {
    "small_v1": default_spec("resnet50", **SMALL),
    "small_v2": default_spec("preresnet50", **SMALL, **V2),
    "dilated_v1": default_spec("resnet50", **SMALL, output_stride=8),
    "resnet_v1_50": default_spec("resnet50", num_classes=10),
    "resnet_v2_50": default_spec("preresnet50", num_classes=10, **V2),
}


class Slim:
    """Their network of a spec, in a session of its own."""

    def __init__(self, tf_slim, spec):
        from tf_slim.nets import resnet_utils, resnet_v1, resnet_v2

        is_v2 = spec.ordering == "full_preactivation"
        build = resnet_v2.resnet_v2 if is_v2 else resnet_v1.resnet_v1
        block = resnet_v2.resnet_v2_block if is_v2 else resnet_v1.resnet_v1_block
        strides = [2] * (len(spec.depths) - 1) + [1]
        stages = zip(spec.widths, spec.depths, strides, strict=True)
        blocks = [block(f"block{i}", *stage) for i, stage in enumerate(stages, start=1)]
        self.session = v1.Session(graph=tf.Graph())
        with self.session.graph.as_default(), tf_slim.arg_scope(resnet_utils.resnet_arg_scope()):
            self.images = v1.placeholder(tf.float64, (None, None, None, 3))
            self.logits, _ = build(
                self.images,
                blocks,
                spec.num_classes,
                is_training=False,
                output_stride=spec.output_stride,
                scope="my_scope",
            )
            self.variables = {v.op.name: v for v in v1.global_variables()}

    def load(self, arrays):
        assert set(arrays) == set(self.variables)
        with self.session.graph.as_default():
            for name, array in arrays.items():
                self.variables[name].load(array, self.session)

    def save(self, path):
        with self.session.graph.as_default():
            return v1.train.Saver().save(self.session, str(path))

    def run(self, x):
        return self.session.run(self.logits, {self.images: x})[:, 0, 0]


def opened(tf_slim, spec, file):
    """Their network with the arrays of our file, in a scope of another name."""
    net = Slim(tf_slim, spec)
    with np.load(file) as arrays:
        names = {name: f"my_scope/{name.partition('/')[2]}" for name in arrays if "/" in name}
        net.load({new: arrays[name] for name, new in names.items()})
    return net


@pytest.mark.parametrize("name", NETWORKS)
def test_with_our_arrays_their_network_computes_the_same(tf_slim, ported, name):
    ours = ported(NETWORKS[name], "tf_slim", ".npz")
    ours.assert_computed_by(opened(tf_slim, NETWORKS[name], ours.file).run)


@pytest.mark.parametrize("name", ["small_v1", "small_v2"])
def test_the_checkpoint_that_they_save_is_read(tf_slim, ported, tmp_path, name):
    ours = ported(NETWORKS[name], "tf_slim", ".npz")
    theirs = opened(tf_slim, NETWORKS[name], ours.file)
    ours.assert_read_from(theirs.save(tmp_path / "model.ckpt"))
