from itertools import permutations

import resnet_torch


def found(shape):
    o, i, h, w = shape
    orders = permutations(range(4))
    return next(axes for axes in orders if tuple(shape[a] for a in axes) == (h, w, i, o))


for shape in ((64, 3, 7, 7), (64, 64, 3, 3), (128, 64, 3, 3), (64, 64, 1, 1)):
    print(shape, found(shape))

# The script tries (2, 3, 0, 1) before (2, 3, 1, 0). It fits wherever inputs equal outputs.
weights = resnet_torch.build("resnet18").state_dict().values()
shapes = [tuple(weight.shape) for weight in weights if weight.ndim == 4]
wrong = [shape for shape in shapes if found(shape) != (2, 3, 1, 0)]
assert wrong == [shape for shape in shapes if shape[0] == shape[1]]
print(len(wrong), "of the", len(shapes), "kernels are wrong")
