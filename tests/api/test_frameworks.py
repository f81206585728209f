"""The `Framework` objects: the same functions for every framework, errors, quiet imports."""

import os
import subprocess
import sys

import numpy as np
import pytest

import resnet_duet
import resnet_spec
from resnet_duet.errors import FrameworkError
from resnet_duet.frameworks import FRAMEWORKS, counterpart, framework, framework_of
from support.networks import assert_close, images

NAME = "mlperf_resnet8"
CHOICES = {"num_classes": 3, "depths": (1, 1), "widths": (4, 8)}

# Prints log lines of TensorFlow's C++ code and a line of another origin to the file descriptor 2.
CHATTER = """
import os, sys
from resnet_duet.frameworks import quiet_stderr
LOG = (
    "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
    "I0000 00:00:1795286188.909958   24752 port.cc:153] oneDNN custom operations are on.",
    "2026-06-01 12:00:00.123456: I tensorflow/core/platform/cpu_feature_guard.cc:210] AVX2",
    "To enable the following instructions: AVX2 FMA, rebuild TensorFlow",
)
def chatter():
    for line in (*LOG, "a line of another thread"):
        os.write(2, line.encode() + b"\\n")
try:
    with quiet_stderr():
        chatter()
        if sys.argv[1] == "fail":
            raise SystemExit("failed")
finally:
    os.write(2, b"after\\n")
"""


@pytest.fixture(scope="module", params=FRAMEWORKS)
def own(request):
    return FRAMEWORKS[request.param]


def test_every_framework_builds_writes_and_runs_the_same_network(own):
    net = own.build(NAME, dtype="float64", **CHOICES)
    spec = resnet_spec.get(NAME, **CHOICES)
    assert net.spec == spec
    weights = resnet_duet.random_weights(spec, 0, norms="random")
    own.write(net, resnet_duet.convert(weights, spec, "torchvision", own.dialect))
    back = resnet_duet.convert(own.read(net), spec, own.dialect, "torchvision")
    np.testing.assert_equal(back, weights)
    x = images((9, 12))
    trace = own.trace(net, x)
    assert list(trace) == resnet_spec.plan(spec).execution_order()
    np.testing.assert_array_equal(own.run(net, x), trace["fc"])
    other = counterpart(own)
    reference = other.build(spec, dtype="float64")
    other.write(reference, resnet_duet.convert(weights, spec, "torchvision", other.dialect))
    for name, output in other.trace(reference, x).items():
        assert_close(trace[name], output, name)


def test_a_network_belongs_to_its_framework(own):
    assert framework_of(own.build(NAME)) is own
    assert framework(own.name) is own


def test_unknown_frameworks_and_networks_are_refused():
    names, titles = ", ".join(FRAMEWORKS), " or ".join(own.title for own in FRAMEWORKS.values())
    with pytest.raises(FrameworkError, match=f"unknown framework 'mxnet': choose from {names}$"):
        framework("mxnet")
    with pytest.raises(FrameworkError, match=f"expected a network of {titles}, not a dict$"):
        framework_of({})


@pytest.mark.parametrize(
    ("outcome", "kept"),
    [("succeed", []), ("fail", ["WARNING", "I0000", "2026-06-01", "To"])],
)
def test_log_lines_of_tensorflow_are_hidden_unless_the_import_fails(outcome, kept):
    run = subprocess.run(
        [sys.executable, "-c", CHATTER, outcome], capture_output=True, text=True, check=False
    )
    lines = [line for line in run.stderr.splitlines() if line != "failed"]
    assert [line.split()[0].rstrip(":") for line in lines] == [*kept, "a", "after"]


@pytest.mark.slow
def test_loading_into_keras_prints_nothing(tmp_path):
    arrays = resnet_duet.random_weights(NAME, 0)
    np.savez(tmp_path / "net.npz", **{n: a.astype(np.float32) for n, a in arrays.items()})
    code = f"import resnet_duet; resnet_duet.load('net.npz', into='keras', spec='{NAME}')"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},  # it hides later lines, but not the first
    )  # fmt: skip
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
