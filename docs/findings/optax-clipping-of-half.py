"""clip_by_global_norm of float16 makes 0 of gradients whose norm is above 256."""

import jax
import numpy as np
import optax

gradient = jax.numpy.array([300, 400], np.float16)
clip = optax.clip_by_global_norm(1.0)
actual = clip.update([gradient], clip.init([gradient]))[0][0].tolist()
print("expected [0.6, 0.8]")
print("actual  ", actual)
raise SystemExit(not np.allclose(actual, [0.6, 0.8], atol=0.01))
