"""torch.compile counts the labels behind the end in multilabel_margin_loss."""

import torch

scores, labels = torch.tensor([[0.1, 0.2, 0.4, 0.8]]), torch.tensor([[3, 0, -1, 1]])
# The example of the documentation: 1/4 (1-(0.1-0.2) + 1-(0.1-0.4) + 1-(0.8-0.2) + 1-(0.8-0.4)) = 0.85
actual = torch.compile(torch.nn.functional.multilabel_margin_loss, backend="aot_eager")(scores, labels).item()
print("expected 0.85")
print("actual  ", round(actual, 6))
raise SystemExit(abs(actual - 0.85) > 1e-6)
