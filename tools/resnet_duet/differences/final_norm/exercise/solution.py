from collections import OrderedDict

import numpy as np
import torch
from torch import nn


def head(*skipped):
    layers = OrderedDict(
        norm=nn.BatchNorm2d(4),
        relu=nn.ReLU(),
        pool=nn.AdaptiveAvgPool2d(1),
        flatten=nn.Flatten(),
        fc=nn.Linear(4, 2),
    )
    kept = ((name, layer) for name, layer in layers.items() if name not in skipped)
    return nn.Sequential(OrderedDict(kept)).double().eval()


x = torch.from_numpy(np.random.default_rng(0).standard_normal((2, 4, 3, 5)))
complete = head()
for skipped in (("norm", "relu"), ("relu",)):
    other = head(*skipped)
    left_over = other.load_state_dict(complete.state_dict(), strict=False).unexpected_keys
    assert not torch.allclose(other(x), complete(x))
    print(f"without {skipped}:", left_over)
    # A lenient loader should raise if anything is left over. Without the ReLU, nothing is.
    assert len(left_over) == (5 if "norm" in skipped else 0)
