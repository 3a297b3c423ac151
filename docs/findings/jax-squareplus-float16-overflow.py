"""squareplus overflows above 255 in float16."""

import jax
import numpy as np

actual = float(jax.nn.squareplus(np.float16(300)))
print("expected 300.0")
print("actual  ", actual)
raise SystemExit(actual != 300)
