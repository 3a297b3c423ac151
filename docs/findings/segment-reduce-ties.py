"""segment_reduce shares the gradient of a tie only where it is positive."""

import torch

gradients = []
for cotangent in (1.0, -1.0):
    x = torch.tensor([5.0, 5.0], requires_grad=True)
    torch.segment_reduce(x, "max", lengths=torch.tensor([2])).backward(torch.tensor([cotangent]))
    gradients.append(x.grad.tolist())
print("for  1:", gradients[0])
print("for -1:", gradients[1], "expected", [-g for g in gradients[0]])
raise SystemExit(gradients[1] != [-g for g in gradients[0]])
