"""dot_product_attention of float16 raises within jit on the CPU."""

import jax
import numpy as np

q = np.ones((1, 2, 1, 2), np.float16)
print("expected", jax.nn.dot_product_attention(q, q, q).shape)
try:
    jax.jit(jax.nn.dot_product_attention)(q, q, q)
except ValueError as error:
    print("actual   ValueError:", error)
    raise SystemExit(1) from None
