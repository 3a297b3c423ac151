"""Float64 becomes float16 and bfloat16 by way of float32."""

import numpy as np
import torch

x = 1 + 2.0**-11 + 2.0**-40  # just above the middle of 1 and 1 + 2**-10
print("expected", float(np.float64(x).astype(np.float16)))
print("actual  ", torch.tensor(x, dtype=torch.float64).half().item())
raise SystemExit(torch.tensor(x, dtype=torch.float64).half().item() == 1)
