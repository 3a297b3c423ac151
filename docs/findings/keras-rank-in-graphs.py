"""Corrcoef, kron, nanquantile and inner ask a symbolic tensor for its rank."""

import keras
import numpy as np
import tensorflow as tf

x = np.arange(6, dtype=np.float32).reshape(2, 3)
raised = []
for name, function in (
    ("corrcoef", lambda x: keras.ops.corrcoef(x)),
    ("kron", lambda x: keras.ops.kron(x, x)),
    ("nanquantile", lambda x: keras.ops.nanquantile(x, 0.5, axis=1)),
):
    function(x)
    try:
        tf.function(function, autograph=False)(tf.constant(x))
    except Exception as error:
        raised.append((name, type(error).__name__))
print("expected []")
print("actual  ", raised)
raise SystemExit(bool(raised))
