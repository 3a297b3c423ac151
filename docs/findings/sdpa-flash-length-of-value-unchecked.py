"""Attention on the CPU reads behind the keys where there are more values than keys."""

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

torch.manual_seed(0)
attention = torch.nn.functional.scaled_dot_product_attention
query, key, value = torch.randn(1, 1, 2, 4), torch.randn(1, 1, 3, 4), torch.randn(1, 1, 2, 4)
print("expected an error: 3 keys, 2 values")
try:
    print("actual   shape", tuple(attention(query, key, value).shape))
except RuntimeError:
    raise SystemExit(0) from None
with sdpa_kernel(SDPBackend.MATH):
    try:
        attention(query, key, value)
    except RuntimeError as error:
        print("MATH    ", str(error)[:60])
raise SystemExit(1)
