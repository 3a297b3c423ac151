"""gammaincc of a small order has lost its digits."""

import jax

jax.config.update("jax_enable_x64", True)
expected = 1e-12 * 0.5597735947761608  # a E1(1/2)
actual = float(jax.scipy.special.gammaincc(1e-12, 0.5))
print("expected", expected)
print("actual  ", actual)
raise SystemExit(abs(actual / expected - 1) > 1e-8)
