"""get_swa_multi_avg_fn averages float64 weights by a factor of float32."""

import torch

average = [torch.zeros(1, dtype=torch.float64)]
update = torch.optim.swa_utils.get_swa_multi_avg_fn()
update(average, [torch.ones(1, dtype=torch.float64)], torch.tensor(2))  # the third of 0, 0, 1
print("expected", 1 / 3)
print("actual  ", average[0].item())
raise SystemExit(abs(average[0].item() * 3 - 1) > 1e-12)
