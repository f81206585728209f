import numpy as np
import torch
from torch import nn

torch.manual_seed(0)
conv = nn.Conv2d(3, 4, 3, bias=False).double()
norm = nn.BatchNorm2d(4, eps=1e-300, momentum=1.0).double()  # keeps the last batch's statistics
images = torch.from_numpy(np.random.default_rng(0).uniform(size=(8, 3, 6, 6)))


def spread(images):
    y = norm(conv(images))
    return (y - y.mean(dim=0)).std().item()


norm.train()
in_training = spread(images)  # and the running statistics are set
norm.eval()
inference_factor = spread(images) / spread(images / 255)
norm.train()
training_factor = in_training / spread(images / 255)

# Running statistics keep the right range; a batch's own statistics follow its range.
np.testing.assert_allclose(inference_factor, 255, rtol=1e-9)
np.testing.assert_allclose(training_factor, 1, rtol=1e-9)
print("inference:", inference_factor, " training:", training_factor, "(the loss shows nothing)")
