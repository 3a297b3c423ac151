"""Fused SGD takes uninitialized memory for momentum if GradScaler skips the first step."""

import torch

moved = []
for fused in (False, True):
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=1.0, momentum=0.5, dampening=0.5, fused=fused)
    scaler = torch.amp.GradScaler("cpu", init_scale=1.0)
    for gradient in (float("inf"), 1.0):
        optimizer.zero_grad()
        scaler.scale((weight * gradient).sum()).backward()
        scaler.step(optimizer)
        scaler.update(1.0)
    moved.append(weight.item())
print("expected", moved[0])
print("actual   another number:", moved[1] != moved[0])
raise SystemExit(moved[1] != moved[0])
