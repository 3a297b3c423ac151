"""dot_product_attention of float64 rounds its scores to float32."""

import jax
import numpy as np

jax.config.update("jax_enable_x64", True)
q = np.array([[[[0.1, 0.7]], [[0.3, -0.2]]]])
weights = np.exp(q[0, :, 0] @ q[0, :, 0].T / np.sqrt(2))
expected = (weights / weights.sum(-1, keepdims=True) @ q[0, :, 0])[0, 0]
actual = float(jax.nn.dot_product_attention(q, q, q)[0, 0, 0, 0])
print("expected", float(expected))
print("actual  ", actual)
raise SystemExit(abs(actual / expected - 1) > 1e-12)
