"""polygamma below -9 is wrong by orders of magnitude."""

import jax
from numpy import pi, sin

jax.config.update("jax_enable_x64", True)
x = -9.5
y = 1 - x
expected = (pi / sin(pi * x)) ** 2 - (1 / y + 1 / (2 * y**2) + 1 / (6 * y**3) - 1 / (30 * y**5) + 1 / (42 * y**7))
actual = float(jax.scipy.special.polygamma(1, x))
print("expected", expected)
print("actual  ", actual)
raise SystemExit(abs(actual / expected - 1) > 1e-6)
