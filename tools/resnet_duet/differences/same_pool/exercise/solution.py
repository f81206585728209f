import numpy as np
import torch
from keras import ops

rng = np.random.default_rng(0)
hidden = []
for size in range(224, 228):
    row = rng.standard_normal((size + 1) // 2)
    right = torch.nn.functional.max_pool1d(torch.from_numpy(row)[None], 3, 2, padding=1)[0]
    wrong = ops.max_pool(row[None, :, None], 3, 2, padding="same").numpy()[0, :, 0]
    assert len(right) == len(wrong)  # the shape never shows the mistake
    if np.array_equal(right, wrong):
        hidden.append(size)

# The pool reads an odd size if the remainder is 1 or 2: an even image size may hide it as well.
assert hidden == [225, 226]
print("hidden at", hidden)
