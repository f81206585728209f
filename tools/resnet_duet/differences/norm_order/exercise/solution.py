import h5py
import numpy as np

x = np.random.default_rng(0).standard_normal((4, 2))


def written(track_order):
    names = ("gamma", "beta", "moving_mean", "moving_variance")
    with h5py.File(
        f"{track_order}.h5", "w", driver="core", backing_store=False, track_order=track_order
    ) as file:
        for name, value in zip(names, (1.0, 0.0, 0.0, 1.0), strict=True):
            file[name] = np.full(2, value)
        return list(file), [array[()] for array in file.values()]


names, (scale, offset, mean, variance) = written(track_order=False)
assert names == ["beta", "gamma", "moving_mean", "moving_variance"]  # alphabetical
assert written(track_order=True)[0] == ["gamma", "beta", "moving_mean", "moving_variance"]
# The image is multiplied by 0, and 1 is added. The mean comes before the variance in either order.
assert (scale * (x - mean) / np.sqrt(variance + 1e-5) + offset == 1).all()
print(names, "and an output of 1 everywhere")
