"""torch.compile computes l1_loss without its weights."""

import torch


def loss(prediction: torch.Tensor, target: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.l1_loss(prediction, target, weight=weight, reduction="sum")


inputs = torch.tensor([1.0, 2.0]), torch.zeros(2), torch.tensor([0.0, 1.0])
actual = torch.compile(loss, backend="aot_eager")(*inputs).item()
print("expected", loss(*inputs).item())
print("actual  ", actual)
raise SystemExit(actual != 2.0)
