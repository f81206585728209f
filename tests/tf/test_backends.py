"""The Keras builder on another backend of Keras: PyTorch, in a separate process."""

import os
import subprocess
import sys

import numpy as np
import pytest

import resnet_duet
import resnet_spec
import resnet_tf
import resnet_torch
from resnet_duet.frameworks.keras import backend
from support.networks import TOLERANCE, assert_close, images, nchw

SPECS = {
    "mlperf_resnet8": {},
    "resnet18d": {"depths": (1, 1), "widths": (8, 16), "padding": "same"},
    "keras_resnet50v2": {"depths": (2, 1), "widths": (8, 16)},
    "cifar_resnet20": {"depths": (1, 1, 1)},
    "resnext50_32x4d": {"depths": (1, 1), "widths": (32, 64), "output_stride": 4},
}
SIZE = (33, 44)

# Keras computes float64 in float32 on every backend but TensorFlow (keras-team/keras#23704), by the
# table that is changed here. With the change the networks can be compared without rounding.
RUN = """
import sys
folder, dtype = sys.argv[1:]
import keras
if dtype == "float64":
    from keras.src.backend.common.dtypes import BIT64_TO_BIT32_DTYPE
    BIT64_TO_BIT32_DTYPE["float64"] = "float64"
import numpy, resnet_duet, resnet_spec, resnet_tf
assert keras.backend.backend() == "torch"
x = numpy.load(folder + "/x.npy")
for name, choices in {specs!r}.items():
    model = resnet_tf.build(name, dtype=dtype, **choices)
    weights = resnet_duet.random_weights(model.spec, 0, norms="random")
    resnet_tf.write(model, resnet_duet.convert(weights, model.spec, "torchvision", "keras"))
    features = {{n: keras.ops.convert_to_numpy(y) for n, y in resnet_tf.features(model)(x).items()}}
    numpy.savez(f"{{folder}}/{{name}}.npz", output=resnet_tf.run(model, x), **features)
    numpy.savez(f"{{folder}}/{{name}}_arrays.npz", **resnet_tf.read(model))
    plan = resnet_spec.plan(model.spec)
    assert list(resnet_tf.trace(model, x)) == [layer.name for layer in plan.layers()] + [
        *plan.outputs()
    ]
    model.save(f"{{folder}}/{{name}}.keras")
"""


@pytest.fixture(scope="module", params=["float64", "float32"])
def results(request, tmp_path_factory):
    """(folder with the results of the other process, its precision)."""
    folder = tmp_path_factory.mktemp(request.param)
    np.save(folder / "x.npy", images(SIZE))
    code = RUN.format(specs=SPECS)
    run = subprocess.run(
        [sys.executable, "-c", code, folder, request.param],
        env={**os.environ, "KERAS_BACKEND": "torch"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return folder, request.param


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("name", SPECS)
def test_a_network_on_the_pytorch_backend_computes_the_same(results, name):
    folder, dtype = results
    spec = resnet_spec.get(name, **SPECS[name])
    weights = resnet_duet.random_weights(spec, 0, norms="random")
    torch_net = resnet_torch.build(spec, dtype="float64")
    resnet_torch.write(torch_net, weights)
    keras_net = resnet_tf.build(spec, dtype="float64")
    resnet_tf.write(keras_net, resnet_duet.convert(weights, spec, "torchvision", "keras"))
    x = images(SIZE)
    found = np.load(folder / f"{name}.npz")
    tolerance = TOLERANCE if dtype == "float64" else 1e-5  # measured: 1e-15 and 5e-7
    assert_close(found["output"], resnet_torch.run(torch_net, nchw(x)), name, tolerance)
    assert_close(found["output"], resnet_tf.run(keras_net, x), name, tolerance)
    for stage, feature_map in resnet_tf.features(keras_net)(x).items():
        assert_close(found[stage], feature_map.numpy(), stage, tolerance)


@pytest.mark.long
@pytest.mark.parametrize("name", SPECS)
def test_arrays_and_files_of_the_pytorch_backend_have_the_same_names(results, name):
    folder, dtype = results
    spec = resnet_spec.get(name, **SPECS[name])
    weights = resnet_duet.random_weights(spec, 0, norms="random")
    arrays = resnet_duet.convert(weights, spec, "torchvision", "keras")
    found = np.load(folder / f"{name}_arrays.npz")
    assert set(found) == set(arrays)
    for array in arrays:
        np.testing.assert_array_equal(found[array], arrays[array].astype(dtype))
    net = resnet_duet.load(folder / f"{name}.keras", into="torch", dtype="float64", spec=spec)
    again = resnet_torch.read(net)
    for array in weights:
        np.testing.assert_array_equal(again[array], weights[array].astype(dtype))


@pytest.mark.parametrize(
    ("variable", "file", "expected"),
    [
        ("jax", '{"backend": "torch"}', "jax"),
        (None, '{"backend": "torch"}', "torch"),
        (None, "{}", "tensorflow"),
        (None, "not JSON", "tensorflow"),
        (None, None, "tensorflow"),
    ],
)
def test_the_backend_is_the_one_that_keras_imports(monkeypatch, tmp_path, variable, file, expected):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    if variable:
        monkeypatch.setenv("KERAS_BACKEND", variable)
    if file:
        (tmp_path / "keras.json").write_text(file)
    assert backend() == expected
