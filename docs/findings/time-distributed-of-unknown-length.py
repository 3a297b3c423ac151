"""TimeDistributed forgets steps where their number is not known when the graph is traced."""

import keras
import numpy as np

inputs = keras.Input((None, 4))
model = keras.Model(inputs, keras.layers.TimeDistributed(keras.layers.Dense(2))(inputs))
shapes = []
for steps in (3, 5):  # the second length is traced as unknown
    x = np.ones((2, steps, 4), "float32")
    shapes.append(model.predict(x, verbose=0).shape)
    print("expected", model(x).shape, "actual", shapes[-1])
raise SystemExit(shapes[-1] != (2, 5, 2))
