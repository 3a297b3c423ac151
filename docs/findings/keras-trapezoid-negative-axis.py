"""keras.ops.trapezoid along axis -2 raises."""

import keras
import numpy as np

y = np.arange(6, dtype=np.float32).reshape(2, 3)
print("expected", np.trapezoid(y, axis=-2).tolist())
try:
    keras.ops.trapezoid(y, axis=-2)
except ValueError:
    print("actual   ValueError")
    raise SystemExit(1) from None
