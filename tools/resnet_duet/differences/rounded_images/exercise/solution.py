import keras
import numpy as np
from keras import layers

x = np.array([[1 / 3, 1 / 4]])


def model(dtype):
    image = keras.Input((2,), dtype=dtype)
    return keras.Model(image, layers.Activation("linear", dtype="float64")(image))


def exact(y):
    y = np.asarray(y)
    assert y.dtype == np.float64  # in every case
    return (y == x)[0].tolist()


# float32 represents a quarter exactly, but not a third.
assert exact(model("float64")(x)) == [True, True]
assert exact(model(None)(x)) == [False, True]
assert exact(model("float64").predict(x, verbose=0)) == [False, True]
assert (model(None)(x).numpy() == x.astype(np.float32)).all()
print("a third is returned as", float(model(None)(x)[0, 0]))
