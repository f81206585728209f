import keras
from keras import layers


def model(used):
    x = keras.Input((8, 12, 4))
    y = layers.Conv2D(4, 3, padding="same")(x)
    total = layers.Add()([y, x])
    return keras.Model(x, total if used else y)


def has_shortcut(model):
    return any(isinstance(layer, layers.Add) for layer in model.layers)


right, wrong = model(used=True), model(used=False)
# A model holds the layers that lead to its output, and the unused sum does not.
assert [layer.__class__.__name__ for layer in right.layers] == ["InputLayer", "Conv2D", "Add"]
assert [layer.__class__.__name__ for layer in wrong.layers] == ["InputLayer", "Conv2D"]
assert [w.shape for w in right.weights] == [w.shape for w in wrong.weights]
assert has_shortcut(right) and not has_shortcut(wrong)
print("weights:", len(right.weights), len(wrong.weights))
print("layers:", len(right.layers), len(wrong.layers))
