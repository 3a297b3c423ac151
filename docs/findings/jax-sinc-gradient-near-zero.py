"""The gradient of sinc near 0 is -infinity in float16, and another number in float32."""

import jax
import numpy as np

x = [np.float16(1e-3), np.float32(1e-4), np.float32(1e-6)]
expected = [float(-(np.pi**2) * v.astype(float) / 3) for v in x]
actual = [float(jax.grad(jax.numpy.sinc)(v)) for v in x]
print("expected", expected)
print("actual  ", actual)
raise SystemExit(not np.allclose(actual, expected, rtol=0.01))
