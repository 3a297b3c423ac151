"""ctc_loss reads memory behind the probabilities for a label that does not exist."""

import torch

log_probabilities = torch.log_softmax(torch.arange(12.0).reshape(4, 1, 3), -1)  # classes 0, 1, 2
four, one = torch.tensor([4]), torch.tensor([1])
print("expected an error: label 4 of 3 classes")
try:
    loss = torch.nn.functional.ctc_loss(log_probabilities, torch.tensor([[4]]), four, one)
except (RuntimeError, IndexError):
    raise SystemExit(0) from None
print("actual   a loss, finite:", bool(loss.isfinite()))
raise SystemExit(1)
