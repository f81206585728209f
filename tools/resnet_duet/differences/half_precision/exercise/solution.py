import numpy as np
import torch

HALVES = {"float16": torch.float16, "bfloat16": torch.bfloat16}


def through(array, dtype):
    return torch.from_numpy(array).to(dtype).to(torch.float32).numpy()


def exact_formats(array):
    return [name for name, dtype in HALVES.items() if np.array_equal(through(array, dtype), array)]


full = np.random.default_rng(0).standard_normal(1000).astype(np.float32)
assert exact_formats(full) == []
assert exact_formats(through(full, torch.float16)) == ["float16"]
# 8 digits fit into 11, unless a value is extreme. Values of few digits fit into both.
assert exact_formats(through(full, torch.bfloat16)) == ["float16", "bfloat16"]
assert exact_formats(np.array([0, 1, 0.5], np.float32)) == ["float16", "bfloat16"]

# bfloat16 has the exponent of float32 and few digits; float16 has more digits and a narrow range.
extreme = np.array([1e-8, 70_000], np.float32)
assert through(extreme, torch.float16).tolist() == [0, np.inf]
print("in bfloat16:", through(extreme, torch.bfloat16).tolist())
