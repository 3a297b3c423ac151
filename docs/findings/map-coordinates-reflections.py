"""map_coordinates with 'mirror' and 'reflect' takes other pixels than SciPy."""

import keras
import numpy as np
import scipy.ndimage

image, place = np.float32([10, 20, 30, 40]), np.float32([[-1, -2, 4]])
actual = keras.ops.image.map_coordinates(image, place, order=0, fill_mode="reflect").numpy().tolist()
expected = scipy.ndimage.map_coordinates(image, place, order=0, mode="reflect").tolist()
print("expected", expected)
print("actual  ", actual)
raise SystemExit(actual != expected)
