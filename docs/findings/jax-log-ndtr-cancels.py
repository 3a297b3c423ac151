"""log_ndtr loses its digits where it is small."""

import jax

jax.config.update("jax_enable_x64", True)
expected = float(jax.numpy.log1p(-jax.scipy.special.ndtr(-7.0)))
actual = float(jax.scipy.special.log_ndtr(7.0))
print("expected", expected)
print("actual  ", actual)
raise SystemExit(abs(actual / expected - 1) > 1e-6)
