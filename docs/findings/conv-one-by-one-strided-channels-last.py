"""The gradient of a strided 1x1 convolution of few channels, channels last, destroys memory."""

import os
import subprocess
import sys

PROGRAM = """
import torch

torch.set_num_threads(1)
image = torch.randn(32, 4, 32, 32).to(memory_format=torch.channels_last)
kernel = torch.randn(8, 4, 1, 1, requires_grad=True)
(actual,) = torch.autograd.grad(torch.nn.functional.conv2d(image, kernel, stride=2).sum(), kernel)
expected = image.double()[:, :, ::2, ::2].sum((0, 2, 3))
raise SystemExit(0 if torch.allclose(actual[0, :, 0, 0].double(), expected, rtol=1e-3, atol=1e-2) else 1)
"""

print("expected a gradient, and status 0")
avx2 = {**os.environ, "ONEDNN_MAX_CPU_ISA": "AVX2"}  # those for AVX-512 have not been seen to do it
status = subprocess.run([sys.executable, "-c", PROGRAM], timeout=60, env=avx2).returncode
print("actual   ", {1: "another gradient"}.get(status, f"status {status}"))
raise SystemExit(status != 0)
