import torch
from keras import layers
from torch import nn


def network(seed):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8)).double()


x = torch.ones(2, 3, 5, 5, dtype=torch.float64).cumsum(dim=3)
source, target = network(0), network(1)
lost = set(source.state_dict()) - {name for name, _ in source.named_parameters()}
assert lost == {"1.running_mean", "1.running_var", "1.num_batches_tracked"}

for trained in (False, True):
    if trained:
        source.train()(x)  # updates the running statistics, which are not parameters
    target.load_state_dict(dict(source.named_parameters()), strict=False)
    same = torch.equal(source.eval()(x), target.eval()(x))
    assert same is not trained
norm = layers.BatchNormalization()
norm.build((None, 8))
not_trainable = [array.name for array in norm.weights if not array.trainable]
assert not_trainable == ["moving_mean", "moving_variance"]
print("lost in PyTorch:", sorted(lost), " in Keras:", not_trainable)
