import numpy as np

image = np.arange(12).reshape(1, 2, 2, 3)
right = image.transpose(0, 3, 1, 2)
wrong = image.reshape(1, 3, 2, 2)

# Red is every third value in memory; the reshape takes the first four.
assert right[0, 0].tolist() == [[0, 3], [6, 9]]
assert wrong[0, 0].tolist() == [[0, 1], [2, 3]]

# Only the first and the last value keep their index.
assert right[right == wrong].tolist() == [0, 11]
print("red, transposed:", right[0, 0].tolist(), " reshaped:", wrong[0, 0].tolist())
print("in the right place:", right[right == wrong].tolist())
