"""jax.scipy.linalg.expm squares once too few."""

import jax
import numpy as np

angle = 7.8
actual = np.asarray(jax.scipy.linalg.expm(np.array([[0, angle], [-angle, 0]], np.float32)))
expected = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
print("expected", expected[0].tolist())
print("actual  ", actual[0].tolist())
raise SystemExit(np.abs(actual - expected).max() > 1e-4)
